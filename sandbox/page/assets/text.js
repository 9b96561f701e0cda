// Draws Slack's text: rich text, mrkdwn and plain text, as nodes.

import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { people } from "./state.js";

const safe = (url) => (/^https?:\/\//i.test(url) ? url : null);

const PERMALINK = /^https:\/\/[\w-]+\.slack\.invalid\/archives\/(\w+)\/p(\d+)(\d{6})(?:\?(?:.*&)?thread_ts=([\d.]+))?/;

export function link(url, text) {
  const here = PERMALINK.exec(url);
  if (here) {
    const [, channel, seconds, micros, thread] = here;
    const detail = { channel, ts: thread || `${seconds}.${micros}` };
    return el("a", {
      href: `#${channel}`, data: { permalink: detail.ts },
      onclick: (event) => { event.preventDefault(); document.dispatchEvent(new CustomEvent("permalink", { detail })); },
    }, text || url);
  }
  const href = safe(url);
  if (!href) return document.createTextNode(text || url);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text || url);
}

function styled(node, style = {}) {
  for (const [name, tag] of [["code", "code"], ["strike", "s"], ["italic", "em"], ["bold", "strong"]]) {
    if (style[name]) node = el(tag, {}, node);
  }
  return node;
}

/** One element of rich text. */
function inline(part) {
  switch (part.type) {
    case "text": return styled(document.createTextNode(part.text), part.style);
    case "link": return styled(link(part.url, part.text), part.style);
    case "emoji": return document.createTextNode(emoji(part.name));
    case "user": return el("span", { class: "mention" }, `@${people.name(part.user_id)}`);
    case "channel": return el("span", { class: "mention" }, `#${people.channel(part.channel_id)}`);
    case "date": return part.url ? link(part.url, date(part)) : document.createTextNode(date(part));
    default: return el("span", { class: "unknown" }, `[${part.type}]`);
  }
}

/** The words of a date element, as Slack's clients fill in its format. */
function date({ timestamp, format, fallback }) {
  const at = new Date(timestamp * 1000);
  if (!format) return fallback || at.toLocaleString();
  const show = (options) => at.toLocaleString("en-GB", options);
  const filled = {
    ago: ago(at), time: show({ timeStyle: "short" }), time_secs: show({ timeStyle: "medium" }),
    date_num: at.toISOString().slice(0, 10), date_slash: show({ dateStyle: "short" }),
    date: show({ dateStyle: "long" }), date_long: show({ dateStyle: "full" }), date_short: show({ dateStyle: "medium" }),
    day_divider_pretty: show({ dateStyle: "long" }),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => filled[name.replace(/_pretty$/, "")] ?? filled[name] ?? whole);
}

export function ago(at) {
  const minutes = Math.round((Date.now() - at) / 60000);
  const [count, unit] = minutes >= 1440 ? [Math.floor(minutes / 1440), "day"]
    : minutes >= 60 ? [Math.floor(minutes / 60), "hour"] : [minutes, "minute"];
  return count < 1 ? "just now" : `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

/** A rich_text block. */
export function rich(block) {
  return el("div", { class: "rich" }, (block.elements || []).map(section));
}

function section(part) {
  const inner = () => (part.elements || []).map(inline);
  switch (part.type) {
    case "rich_text_section": return el("p", {}, inner());
    case "rich_text_quote": return el("blockquote", {}, inner());
    case "rich_text_preformatted": return el("pre", {}, inner());
    case "rich_text_list":
      return el(part.style === "ordered" ? "ol" : "ul", { class: `indent-${part.indent || 0}` },
        (part.elements || []).map((item) => el("li", {}, (item.elements || []).map(inline))));
    default: return el("p", { class: "unknown" }, `[${part.type}]`);
  }
}

const TOKEN = /```([\s\S]+?)```|`([^`\n]+)`|<([^>\n]+)>|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<![\w_])_([^_\n]+)_(?![\w_])|(?<![\w~])~([^~\n]+)~(?![\w~])|:([a-z0-9_+'-]+):/g;
const plain = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Text in mrkdwn. Only these few marks become elements; all else stays text. */
export function mrkdwn(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(TOKEN)) {
    nodes.push(plain(text.slice(end, found.index)));
    nodes.push(marked(found));
    end = found.index + found[0].length;
  }
  return [...nodes, plain(text.slice(end))];
}

function marked([whole, block, code, angle, bold, italic, strike, name]) {
  if (block) return el("pre", {}, plain(block));
  if (code) return el("code", {}, plain(code));
  if (bold) return el("strong", {}, ...mrkdwn(bold));
  if (italic) return el("em", {}, ...mrkdwn(italic));
  if (strike) return el("s", {}, ...mrkdwn(strike));
  if (name) return emoji(name);
  const [target, label] = angle.split("|");
  if (target.startsWith("@")) return el("span", { class: "mention" }, `@${people.name(target.slice(1))}`);
  if (target.startsWith("#")) return el("span", { class: "mention" }, `#${label || people.channel(target.slice(1))}`);
  if (target.startsWith("!date^")) {
    const [, timestamp, format, url] = target.split("^"), shown = date({ timestamp, format, fallback: label });
    return url ? link(url, shown) : shown;
  }
  if (target.startsWith("!")) return el("span", { class: "mention" }, label || `@${target.slice(1)}`);
  return safe(target) ? link(target, label && plain(label)) : whole;
}

/** A text object, or a string in mrkdwn. */
export function text(object) {
  if (typeof object === "string") return mrkdwn(object);
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  return [object.emoji === false ? object.text : object.text.replace(/:([a-z0-9_+-]+):/g, (_, name) => emoji(name))];
}

/** The bare words of a text object. */
export const words = (object) => (typeof object === "string" ? object : object?.text || "");
