// Starts the page: hears of changes, and draws what the person looks at.

import { ask, hear } from "./api.js";
import { blocks, valuesOf } from "./blocks.js";
import { composer, discardUnseen, mainMic, offerSamples, shareFiles, takeDrops } from "./composer.js";
import { $, announce, el, icon, patch } from "./dom.js";
import { drawChannel, drawThread } from "./messages.js";
import { setUpModal, showModals } from "./modal.js";
import { current, messagesOf, page, titleOf } from "./state.js";
import { drawSwitches, setUpWire, takeLines } from "./wire.js";

let boxes = [];

const prefix = (channel) => ({ private: "🔒 ", im: "" }[channel.kind] ?? "# ");

function start(state) {
  page.state = state;
  page.channel = state.channels[0].id;
  const shared = (answer) => { if (answer.ok) openThread(answer.ts); };
  boxes = [
    composer($("#composer"), { thread: () => "", shared, label: () => `Message ${current().kind === "im" ? "" : "#"}${titleOf(current())}, or ${state.commands[0]?.command || "/"}` }),
    composer($("#thread-composer"), { thread: () => page.thread, shared: () => {}, label: () => "Reply in the thread" }),
  ];
  $("#notice").textContent = state.notice;
  for (const slot of document.querySelectorAll("[data-program]")) slot.textContent = state.program;
  takeDrops($("#app"), shared);
  $("#hero-record").addEventListener("click", () => mainMic().click());
  $("#hero-file").addEventListener("change", (event) => shareFiles([...event.target.files], { channel: page.channel, thread: "" }, shared));
  $("#hero-sample").addEventListener("click", (event) => offerSamples(event.currentTarget, () => ({ channel: page.channel, thread: "" }), shared));
  for (const message of Object.values(state.messages).flat()) page.seen[message.ts] = true;
  document.body.dataset.ready = "true";
}

function show(state) {
  if (!page.state) start(state);
  const before = page.state;
  page.state = state;
  drawSide();
  drawRoom();
  showModals(state.modals);
  drawSwitches();
  tellNews(before, state);
}

function tellNews(before, state) {
  for (const [channel, messages] of Object.entries(state.messages)) {
    for (const message of messages.filter((one) => !page.seen[one.ts])) {
      page.seen[message.ts] = true;
      if (channel !== page.channel) page.unread = { ...page.unread, [channel]: true };
      else if (message.bot) announce(`${state.app}: ${message.text.slice(0, 200)}`);
    }
  }
  const heard = new Set(before.ephemerals.map((shown) => shown.ts));
  for (const shown of state.ephemerals) if (!heard.has(shown.ts)) announce(`Only visible to you: ${shown.text.slice(0, 300)}`);
}

function drawSide() {
  const entry = (channel) => ({ id: channel.id, label: titleOf(channel), kind: channel.kind, now: channel.id === page.channel, unread: Boolean(page.unread?.[channel.id]) });
  const draw = (one) => el("li", {}, el("button", {
    type: "button", class: one.unread ? "unread" : "", "aria-current": one.now ? "page" : null, data: { channel: one.id, name: one.label, focus: "channel" },
    onclick: () => go(one.id),
  }, one.kind === "im" ? el("span", { class: "face app small", "aria-hidden": "true" }, one.label.charAt(0)) : el("span", { class: "hash", "aria-hidden": "true" }, one.kind === "private" ? "🔒" : "#"),
  one.label, one.unread ? el("span", { class: "vh" }, " (unread)") : null));
  const all = page.state.channels.map(entry);
  patch($("#channels"), all.filter((one) => one.kind !== "im"), { key: (one) => one.id, draw });
  patch($("#apps"), all.filter((one) => one.kind === "im"), { key: (one) => one.id, draw });
}

function go(channel) {
  page.channel = channel;
  page.thread = null;
  page.unread = { ...page.unread, [channel]: false };
  page.tab = current().kind === "im" ? "home" : "messages";
  if (page.tab === "home") ask("home", { tab: "home" });
  $("#messages").replaceChildren();
  look("room");
  drawSide();
  drawRoom();
  boxes.forEach((box) => box.relabel());
  $("#messages").scrollTop = $("#messages").scrollHeight;
  $("#room-title").focus();
}

function openTab(tab) {
  page.tab = tab;
  ask("home", { tab });
  drawRoom();
}

function turnTab(event) {
  const tabs = [...$("#tabs").children], at = tabs.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const tab = tabs.at(to % tabs.length);
  openTab(tab.dataset.tab);
  tab.focus();
}

/** On a narrow screen one part is seen at a time. */
function look(part) {
  document.body.dataset.look = part;
  if (part === "wire") $("#lines").scrollTop = $("#lines").scrollHeight;
  tellWire();
  discardUnseen();
}

const TITLES = { room: "#room-title", side: "#side h1", wire: "#wire-title" };

/** Go to a part: the focus goes with the person. */
function goTo(part) {
  look(part);
  const title = $(TITLES[part]);
  (title.offsetParent ? title : $("#thread-title")).focus(); // a narrow screen has the open thread in place of the room
}

const tellWire = () => $("#toggle-wire").setAttribute("aria-expanded", String($("#wire").getClientRects().length > 0));

function openThread(ts) {
  page.thread = ts;
  $("#thread-messages").replaceChildren();
  look("thread");
  drawRoom();
  $("#thread-title").focus();
}

function closeThread() {
  const { thread } = page;
  page.thread = null;
  look("room");
  drawRoom();
  ($(`#messages [data-ts="${thread}"] [data-part=replies]`) || $("#room-title")).focus();
}

function drawRoom() {
  const channel = current(), isApp = channel.kind === "im";
  $("#room-title").textContent = `${prefix(channel)}${titleOf(channel)}`;
  $("#tabs").hidden = !isApp;
  for (const tab of $("#tabs").children) {
    tab.setAttribute("aria-selected", String(tab.dataset.tab === page.tab));
    tab.tabIndex = tab.dataset.tab === page.tab ? 0 : -1;
  }
  $("#messages").setAttribute("role", isApp ? "tabpanel" : "region");
  const atHome = isApp && page.tab === "home";
  $("#home").hidden = !atHome;
  $("#messages").hidden = $("#composer").hidden = atHome;
  if (atHome) drawHome();
  drawChannel($("#messages"), openThread);
  const shared = Object.values(page.state.messages).flat().some((message) => message.user === page.state.you && message.files.length);
  $("#hero").hidden = atHome || shared;
  const open = page.thread && messagesOf(page.channel).some((message) => message.ts === page.thread);
  $("#thread").hidden = !open;
  document.body.dataset.thread = open ? "open" : "";
  discardUnseen();
  if (!open) { $("#thread-messages").replaceChildren(); return; }
  const messages = messagesOf(page.channel), root = messages.find((message) => message.ts === page.thread);
  page.answered[root.ts] ||= messages.some((message) => message.bot && message.thread_ts === root.ts); // it may be deleted
  $("#thread-wait").hidden = page.answered[root.ts] || !root.files.length || root.bot || "warning" in root.reactions;
  drawThread($("#thread-messages"));
}

let homeDrawn = "";
function drawHome() {
  const view = page.state.home, seen = JSON.stringify(view);
  if (seen === homeDrawn) return;
  homeDrawn = seen;
  const focused = document.activeElement?.dataset?.focus, fields = [];
  if (!view) { $("#home").replaceChildren(el("p", { class: "hint" }, "The app has not published its Home yet.")); return; }
  const use = (action) => ask("use", { place: { kind: "view", view: view.id }, action, values: valuesOf(fields) });
  $("#home").replaceChildren(el("div", { class: "blocks" }, blocks(view.blocks, { use, fields })));
  if (focused) $(`[data-focus="${CSS.escape(focused)}"]`, $("#home"))?.focus();
}

function setUp() {
  for (const slot of document.querySelectorAll("[data-icon]")) slot.prepend(icon(slot.dataset.icon));
  $("#close-thread").addEventListener("click", closeThread);
  $("#tabs").addEventListener("click", (event) => { if (event.target.dataset.tab) openTab(event.target.dataset.tab); });
  $("#tabs").addEventListener("keydown", turnTab);
  for (const button of document.querySelectorAll("[data-look]:not(body)")) button.addEventListener("click", () => goTo(button.dataset.look));
  const narrow = matchMedia("(max-width: 1099px)");
  narrow.addEventListener("change", tellWire);
  tellWire();
  $("#toggle-wire").addEventListener("click", () => {
    if (narrow.matches) { goTo("wire"); return; }
    document.body.classList.toggle("no-wire");
    tellWire();
  });
  for (const open of document.querySelectorAll("[data-next]")) open.addEventListener("click", () => showNext(false));
  for (const close of document.querySelectorAll("[data-close]")) close.addEventListener("click", () => close.closest("dialog").close());
  $("#copy-manifest").addEventListener("click", copyManifest);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && page.thread && !document.querySelector("dialog[open]") && !event.defaultPrevented) closeThread();
  });
  document.addEventListener("permalink", ({ detail: { channel, ts } }) => {
    if (!page.state.channels.some((one) => one.id === channel)) return;
    if (channel !== page.channel) go(channel);
    page.tab = "messages";
    openThread(ts);
  });
  setUpModal();
  setUpWire();
  hear({ state: show, wire: takeLines, ended: () => showNext(true) });
}

async function copyManifest() {
  const manifest = await (await fetch("manifest")).json();
  await navigator.clipboard.writeText(JSON.stringify(manifest, null, 2));
  announce("Copied");
  $("#copy-manifest").textContent = "Copied";
}

function showNext(ended) {
  $("#next-ended").hidden = !ended;
  $("#copy-manifest").hidden = ended;
  document.body.classList.toggle("ended", ended);
  if (!$("#next").open) $("#next").showModal();
}

setUp();
