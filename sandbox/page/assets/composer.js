// The box at the bottom: words and commands, the microphone, a file, a sample.

import { ask, share } from "./api.js";
import { $, announce, el, icon, toast } from "./dom.js";
import { menu } from "./menu.js";
import { clock } from "./player.js";
import { current, page } from "./state.js";

const KINDS = ["audio/webm;codecs=opus", "audio/webm", "audio/ogg;codecs=opus", "audio/mp4"];
const ENDINGS = { "audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "m4a" };

let recording = null; // from the question for the microphone until it is off: { live, stop }

/** Build a composer; `thread()` says in which thread it writes, `shared(answer)` hears of what was shared. */
export function composer(root, { thread, shared, label }) {
  const place = () => ({ channel: page.channel, thread: thread() || "" });
  const box = el("textarea", { rows: 1, "aria-label": label(), placeholder: label(), data: { part: "box" } });
  const hints = el("div", { class: "hints", hidden: true });
  const sample = el("button", {
    type: "button", class: "btn quiet", "aria-haspopup": "menu", "aria-expanded": "false", data: { part: "samples" }, "aria-label": "A sample",
    onclick: () => offerSamples(sample, place, shared),
  }, icon("wave"), el("span", {}, "A sample"));
  const all = page.state.shortcuts.filter((one) => one.type === "global");
  const bolt = all.length ? el("button", {
    type: "button", class: "btn quiet", "aria-haspopup": "menu", "aria-expanded": "false", data: { part: "shortcuts" }, "aria-label": "Shortcuts",
    onclick: () => menu(bolt, all.map((one) => ({
      label: one.name, note: one.description, value: one.callback_id, does: () => ask("shortcut", { callback_id: one.callback_id }),
    })), { label: "Shortcuts" }),
  }, icon("bolt"), el("span", {}, "Shortcuts")) : "";
  const pick = el("input", { type: "file", class: "vh", tabindex: -1, "aria-label": "Choose a file to share", multiple: true, data: { part: "file-input" } });
  pick.addEventListener("change", async () => { await shareFiles([...pick.files], place(), shared); pick.value = ""; });
  const attach = el("button", { type: "button", class: "btn quiet", data: { part: "attach" }, "aria-label": "A file", onclick: () => pick.click() }, icon("clip"), el("span", {}, "A file"));
  const mic = el("button", { type: "button", class: "btn quiet mic", data: { part: "record" }, "aria-label": "Record" }, icon("mic"), el("span", {}, "Record"));
  const live = el("div", { class: "recording", hidden: true });
  mic.addEventListener("click", () => record(live, place(), shared, mic));
  const form = el("form", { class: "box", onsubmit: (event) => { event.preventDefault(); send(box, place(), hints); } },
    box, live, el("div", { class: "bar" }, mic, attach, sample, bolt, pick, el("span", { class: "grow" }),
      el("button", { type: "submit", class: "btn primary icon-only", "aria-label": "Send", data: { part: "send" } }, icon("send"))));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  });
  box.addEventListener("input", () => { grow(box); hint(box, hints); });
  root.replaceChildren(hints, form);
  return { relabel: () => { box.placeholder = label(); box.setAttribute("aria-label", label()); } };
}

function grow(box) {
  box.style.height = "auto";
  box.style.height = `${Math.min(160, box.scrollHeight)}px`;
}

function hint(box, hints) {
  const typed = box.value.startsWith("/") ? box.value.split(" ")[0] : null;
  const known = page.state.commands.filter((one) => typed && one.command.startsWith(typed));
  hints.hidden = !known.length;
  hints.replaceChildren(...known.map((one) => el("button", {
    type: "button", data: { part: "command-hint" },
    onclick: () => { box.value = `${one.command} `; box.focus(); hint(box, hints); },
  }, el("b", {}, one.command), " ", el("code", {}, one.usage_hint || ""), el("small", {}, one.description))));
}

async function send(box, place, hints) {
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  grow(box);
  hints.hidden = true;
  if (!text.startsWith("/")) { await ask("say", { ...place, text }); return; }
  if (place.thread) { toast("Slack takes no slash commands in a thread. Type it in the conversation.", "bad"); box.value = text; return; }
  const answer = await ask("command", { channel: place.channel, text });
  if (!answer.ok) box.value = text;
}

export function offerSamples(anchor, place, shared) {
  menu(anchor, page.state.samples.map(({ name, title, note }) => ({
    label: title, note, value: name, does: async () => shared(await ask("sample", { ...place(), sample: name })),
  })), { label: "Share a sample" });
}

export async function shareFiles(files, place, shared) {
  for (const file of files) {
    const answer = await share(file, { ...place, name: file.name });
    if (!place.thread) shared(answer);
  }
}

/** Record with the microphone until the person stops, then share it. */
export async function record(live, place, shared, button) {
  if (recording) return recording.stop(true);
  let stream, recorder, wanted = true;
  recording = { live, stop: (keep) => { wanted = keep; } };
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const type = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) || "";
    recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
  } catch {
    toast("The browser did not allow the microphone. Allow it for this page, or drop a file.", "bad");
  }
  const off = () => { stream?.getTracks().forEach((track) => track.stop()); recording = null; };
  if (!recorder || !wanted) return off();
  const parts = [], began = performance.now();
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  const time = el("span", { class: "time", role: "timer" }, "0:00"), level = el("span", { class: "level", "aria-hidden": "true" }, el("i"));
  const name = (words) => { button.querySelector("span").textContent = words; button.setAttribute("aria-label", words); };
  const stop = (keep) => { wanted = keep; if (recorder.state !== "inactive") recorder.stop(); };
  recorder.addEventListener("stop", async () => { // also by itself, when the microphone is gone
    const ms = Math.round(performance.now() - began);
    off();
    clearInterval(ticking);
    sound.close();
    live.hidden = true;
    name("Record");
    if (!wanted) return;
    const kind = recorder.mimeType.split(";")[0] || "audio/webm";
    const file = new Blob(parts, { type: kind });
    announce("Shared");
    shared(await share(file, { ...place, name: `audio_message.${ENDINGS[kind] || "webm"}`, ms }));
  });
  for (const track of stream.getTracks()) track.addEventListener("ended", () => stop(true));
  const sound = new AudioContext(), meter = sound.createAnalyser(), heard = new Float32Array(512);
  sound.createMediaStreamSource(stream).connect(meter);
  const ticking = setInterval(() => {
    time.textContent = clock((performance.now() - began) / 1000);
    meter.getFloatTimeDomainData(heard);
    level.firstChild.style.width = `${Math.min(100, Math.hypot(...heard) * 18)}%`;
  }, 100);
  recorder.start();
  recording.stop = stop;
  name("Share");
  const share_ = el("button", { type: "button", class: "btn primary", data: { part: "stop" }, onclick: () => stop(true) }, icon("stop"), "Stop and share");
  live.replaceChildren(el("span", { class: "dot", "aria-hidden": "true" }), "Recording", time, level,
    el("button", { type: "button", class: "btn", data: { part: "discard" }, onclick: () => stop(false) }, "Discard"), share_);
  live.hidden = false;
  share_.focus();
  announce(`Recording in ${current().name}. Stop and share when you are done.`);
  return undefined;
}

/** Nothing is recorded unseen: discard a recording whose bar is no longer on the screen. */
export function discardUnseen() {
  if (!recording || recording.live.closest(".composer").offsetParent) return;
  recording.stop(false);
  if (!recording.live.hidden) toast("The recording was discarded.");
}

/** Share what is dropped anywhere on `root`. */
export function takeDrops(root, shared) {
  const over = (on) => root.classList.toggle("dropping", on);
  root.addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
  root.addEventListener("dragleave", (event) => { if (!root.contains(event.relatedTarget)) over(false); });
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    const thread = event.target.closest?.("#thread") ? page.thread : "";
    shareFiles([...event.dataTransfer.files], { channel: page.channel, thread: thread || "" }, shared);
  });
}

export const mainMic = () => $("#composer [data-part=record]");
