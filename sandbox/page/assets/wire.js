// The wire: every message that crossed it, the bytes of each, the jobs, and the two switches.

import { ask, bytesOf } from "./api.js";
import { $, el, fill, icon, patch, toast } from "./dom.js";
import { page, people } from "./state.js";

const lines = new Map();
const STATES = ["received", "submitting", "submitted", "ready", "replying", "replied"];
const PARTIES = { slack: "Slack", bot: "Bot", botlhale: "Botlhale", gowajee: "Gowajee", system: "Log" };
const FILTERS = [
  ["", "All"], ["event", "Events"], ["interaction", "Actions"], ["call", "Calls"], ["file", "Files"],
  ["provider", "Provider"], ["webhook", "Webhooks"], ["job", "Jobs"], ["process", "Process"], ["log", "Log"],
];
let filter = "";

export function setUpWire() {
  $("#filters").append(...FILTERS.map(([kind, label]) => el("button", {
    type: "button", "aria-pressed": kind === "" ? "true" : "false", data: { filter: kind },
    onclick: (event) => {
      filter = kind;
      for (const one of $("#filters").children) one.setAttribute("aria-pressed", String(one === event.currentTarget));
      drawWire();
    },
  }, label)));
  $("#kill").addEventListener("click", () => ask("kill"));
  $("#twice").addEventListener("change", (event) => {
    ask("webhook", { twice: event.target.checked });
    if (event.target.checked && ![...lines.values()].some((line) => line.kind === "webhook")) {
      toast("Only Gowajee sends webhooks: choose it with “Transcribe differently…” or in the settings.");
    }
  });
  $("#bytes").addEventListener("click", (event) => { if (event.target === event.currentTarget) event.currentTarget.close(); });
}

/** Take new and changed lines. */
export function takeLines(changed) {
  for (const line of changed) lines.set(line.number, line);
  drawWire();
}

const time = (at) => new Date(at * 1000).toLocaleTimeString("en-GB") + `.${String(Math.floor((at % 1) * 10))}`;

function drawWire() {
  const root = $("#lines"), atEnd = root.scrollHeight - root.scrollTop - root.clientHeight < 80;
  const shown = [...lines.values()].filter((line) => !filter || line.kind === filter).slice(-400);
  patch(root, shown, { key: (line) => String(line.number), draw: drawLine });
  if (atEnd) root.scrollTop = root.scrollHeight;
  drawJobs();
}

function drawLine(line) {
  const about = line.about.replace(/^[CDG]0\w+$/, (id) => { const name = people.channel(id); return name === id ? id : `#${name}`; });
  return el("li", { data: { part: "line", kind: line.kind, number: line.number, status: line.status } },
    el("button", { type: "button", class: line.good ? "" : "bad", data: { focus: `line-${line.number}` }, onclick: () => showBytes(line.number) },
      el("span", { class: "way" }, el("b", { class: `party ${line.from}` }, line.kind === "process" ? "Page" : PARTIES[line.from]), " → ", el("b", { class: `party ${line.to}` }, PARTIES[line.to])),
      el("time", {}, time(line.at)),
      el("span", { class: "what" }, line.title, about ? el("small", {}, ` ${about}`) : null),
      el("span", { class: `took ${line.good ? "" : "bad"}` }, outcome(line))));
}

function outcome(line) {
  if (line.kind === "job" || line.kind === "log") return line.status;
  if (!line.status) return "…";
  const ms = line.ms === null ? "" : ` ${line.ms < 10 ? line.ms.toFixed(1) : Math.round(line.ms)} ms`;
  return line.status === "acknowledged" ? `ack${ms}` : `${line.status}${ms}`;
}

function drawJobs() {
  const jobs = new Map();
  for (const line of lines.values()) {
    if (line.kind === "job" && line.status !== "duplicate") jobs.set(line.about, [...(jobs.get(line.about) || []), line.title]);
  }
  const shown = [...jobs].slice(-3).reverse().map(([id, passed]) => ({ id, passed }));
  $("#no-jobs").hidden = shown.length > 0;
  patch($("#jobs"), shown, { key: (job) => job.id, draw: ({ id, passed }) => {
    const now = passed.at(-1), reached = STATES.indexOf(now);
    const steps = reached < 0 ? [...STATES.slice(0, 1), now] : STATES;
    return el("li", { data: { part: "job", job: id, state: now }, "aria-label": `Job ${id}: ${now}` },
      el("span", { class: "id" }, id.slice(0, 8)),
      el("ol", {}, steps.map((state, at) => el("li", { data: state === "replied" ? { last: "yes" } : {},
        class: state === now ? "now" : at < reached || reached < 0 ? "past" : "", "aria-current": state === now ? "step" : null,
      }, state))));
  } });
}

/** Show how the bot and the switches are. */
export function drawSwitches() {
  const { bot, held, webhook_twice: twice } = page.state;
  $("#bot-state").dataset.state = bot.state;
  $("#bot-state").textContent = bot.state === "running" ? "Running" : { starting: "Starting again", killed: "Dead", stopped: "Stopped" }[bot.state];
  $("#pid").textContent = bot.pid ? `process ${bot.pid}` : "no process";
  $("#pid").dataset.pid = bot.pid || "";
  $("#kill").disabled = bot.state !== "running";
  $("#kills").textContent = bot.kills ? `Killed ${bot.kills === 1 ? "once" : `${bot.kills} times`}. ` : "";
  $("#held").hidden = !held;
  $("#twice").checked = twice;
}

async function showBytes(number) {
  const line = await bytesOf(number), dialog = $("#bytes");
  const raw = el("input", { type: "checkbox", onchange: () => halves() });
  const body = el("div", { class: "body" });
  const halves = () => body.replaceChildren(
    half(`${PARTIES[line.from]} sent`, line.sent, raw.checked),
    line.kind === "job" || line.kind === "log" ? "" : half(line.kind === "process" ? "Outcome" : `${PARTIES[line.to]} answered`, line.answered, raw.checked));
  dialog.setAttribute("aria-labelledby", "bytes-title");
  fill(dialog, el("header", {}, el("h2", { id: "bytes-title" }, line.title),
    el("label", { class: "choice" }, raw, "As sent"),
    el("button", { type: "button", class: "btn quiet icon-only", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))), body);
  halves();
  dialog.showModal();
}

function half(title, { head, body, is_text, total, kept, content_type }, raw) {
  const cut = total !== null && kept < total ? ` (the first ${kept.toLocaleString("en")} are kept)` : "";
  const count = total === null ? "" : `${total.toLocaleString("en")} bytes${cut}`;
  const shown = !is_text ? body : raw ? body : readable(body, content_type);
  return el("section", {}, el("h3", {}, title, el("small", {}, ` ${count}`)),
    head ? el("pre", { class: "head" }, head) : null, shown ? el("pre", { tabindex: 0 }, shown) : null);
}

/** JSON with line breaks; forms a line for each field. */
function readable(body, kind) {
  const indented = (text) => { try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; } };
  if (!kind.includes("urlencoded")) return indented(body);
  return [...new URLSearchParams(body)].map(([name, value]) => `${name} = ${/^[[{]/.test(value) ? indented(value) : value}`).join("\n");
}
