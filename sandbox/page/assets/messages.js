// Draws messages: of a conversation, of a thread, and those that only this person sees.

import { ask } from "./api.js";
import { blocks } from "./blocks.js";
import { el, icon, patch } from "./dom.js";
import { emoji, OFFERED } from "./emoji.js";
import { menu } from "./menu.js";
import { fileCard } from "./player.js";
import { messagesOf, page, people } from "./state.js";
import { mrkdwn } from "./text.js";

const COLOURS = 5;

/** Draw the conversation; `openThread(ts)` opens a thread beside it. */
export function drawChannel(root, openThread) {
  const all = messagesOf(page.channel);
  const items = all.filter((message) => !message.thread_ts).map((message) => {
    const replies = all.filter((reply) => reply.thread_ts === message.ts);
    return { kind: "message", channel: page.channel, ...message, replies: replies.length, faces: [...new Set(replies.map((one) => one.user))] };
  });
  draw(root, [...items, ...ephemerals((shown) => !shown.thread_ts)], openThread);
}

/** Draw the open thread. */
export function drawThread(root) {
  const all = messagesOf(page.channel);
  const items = all.filter((message) => message.ts === page.thread || message.thread_ts === page.thread)
    .map((message) => ({ kind: "message", channel: page.channel, in_thread: true, ...message }));
  draw(root, [...items, ...ephemerals((shown) => shown.thread_ts === page.thread)], null);
}

const ephemerals = (mine) => page.state.ephemerals.filter((shown) => shown.channel === page.channel && mine(shown))
  .map((shown) => ({ kind: "ephemeral", bot: true, user: page.state.bot_user, files: [], reactions: {}, ...shown }));

function draw(root, items, openThread) {
  items.sort((one, other) => Number(one.ts) - Number(other.ts));
  const atEnd = root.scrollHeight - root.scrollTop - root.clientHeight < 120;
  const height = root.scrollHeight;
  patch(root, items, { key: (item) => `${item.channel}-${item.kind}-${item.ts}`, draw: (item) => message(item, openThread) });
  if (!atEnd || root.scrollHeight === height) return;
  const last = root.lastElementChild; // of a message that is taller than the room, the beginning is shown
  root.scrollTop = last ? Math.min(root.scrollHeight, last.offsetTop - root.offsetTop - 12) : 0;
}

export function face(user) {
  if (user === page.state.bot_user) return el("span", { class: "face app", "aria-hidden": "true" }, page.state.app.charAt(0));
  const colour = Object.keys(page.state.users).indexOf(user) % COLOURS;
  return el("span", { class: `face colour-${colour}`, "aria-hidden": "true" }, people.name(user).charAt(0));
}

export const hour = (ts) => new Date(ts * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

function message(item, openThread) {
  const name = people.name(item.user), ephemeral = item.kind === "ephemeral";
  const place = { kind: item.kind, channel: item.channel, ts: item.ts };
  const use = (action) => ask("use", { place, action });
  return el("article", {
    class: `message ${ephemeral ? "ephemeral" : ""}`, "aria-label": `${name}, ${hour(item.ts)}${ephemeral ? ", only visible to you" : ""}`,
    data: { part: item.kind, ts: item.ts, by: item.bot ? "bot" : item.user === page.state.you ? "you" : "other", thread: item.thread_ts || "" },
  },
  face(item.user),
  el("div", { class: "content" },
    ephemeral ? el("p", { class: "only" }, icon("eye"), "Only visible to you") : null,
    el("header", {}, el("strong", {}, name), item.bot ? el("span", { class: "tag" }, "APP") : null,
      el("time", { datetime: new Date(item.ts * 1000).toISOString() }, hour(item.ts))),
    item.blocks?.length ? el("div", { class: "blocks" }, blocks(item.blocks, { use }))
      : item.text ? el("p", { class: "text" }, mrkdwn(item.text)) : null,
    item.edited ? el("small", { class: "edited" }, "(edited)") : null,
    item.files.map(fileCard),
    reactions(item),
    item.replies ? repliesBar(item, openThread) : null,
    ephemeral ? el("button", { type: "button", class: "link", data: { part: "dismiss" }, onclick: () => ask("dismiss", { ts: item.ts }) }, "Dismiss message") : null),
  ephemeral ? null : tools(item, openThread));
}

function reactions(item) {
  const names = Object.entries(item.reactions);
  if (!names.length) return null;
  return el("ul", { class: "reactions", "aria-label": "Reactions" }, names.map(([name, users]) =>
    el("li", { data: { reaction: name }, title: `${users.map(people.name).join(", ")} reacted with :${name}:` },
      el("span", { "aria-hidden": "true" }, `${emoji(name)} `, el("b", {}, String(users.length))),
      el("span", { class: "vh" }, `${name.replaceAll("_", " ")} by ${users.map(people.name).join(", ")}`))));
}

function repliesBar(item, openThread) {
  const count = `${item.replies} ${item.replies === 1 ? "reply" : "replies"}`;
  return el("button", { type: "button", class: "replies", data: { part: "replies", focus: "replies" }, onclick: () => openThread(item.ts) },
    item.faces.map(face), el("span", {}, count), el("span", { class: "hint" }, "View thread"));
}

function tools(item, openThread) {
  const button = (label, name, onclick) => {
    const node = el("button", {
      type: "button", class: "btn quiet icon-only", "aria-label": label, title: label, data: { focus: label, part: `tool-${name}` },
      onclick: () => onclick(node),
    }, icon(name));
    return node;
  };
  return el("div", { class: "tools" },
    button("Add a reaction", "smile", (node) => menu(node, OFFERED.map((name) => ({
      label: emoji(name), note: name.replaceAll("_", " "), value: name, does: () => ask("react", { channel: item.channel, ts: item.ts, name }),
    })), { label: "Add a reaction" })),
    openThread ? button("Reply in thread", "thread", () => openThread(item.ts)) : null,
    button("More actions", "more", (node) => menu(node, more(item), { label: "More actions" })));
}

function more(item) {
  const shortcuts = page.state.shortcuts.filter((one) => one.type === "message").map((one) => ({
    label: one.name, note: page.state.app, value: one.callback_id,
    does: () => ask("shortcut", { callback_id: one.callback_id, channel: item.channel, ts: item.ts }),
  }));
  const own = item.user === page.state.you;
  return own ? [...shortcuts, { label: "Delete message", danger: true, value: "delete", does: () => ask("delete", { channel: item.channel, ts: item.ts }) }] : shortcuts;
}
