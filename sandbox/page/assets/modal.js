// The modal: a view that the app opened, its fields, their errors, and what is sent.

import { ask } from "./api.js";
import { blocks, isEmpty, valuesOf } from "./blocks.js";
import { $, announce, el, fill, icon } from "./dom.js";
import { page } from "./state.js";
import { words } from "./text.js";

const dialog = () => $("#modal");
let shown = null; // the view with its fields
let before = null; // what had the focus: the node, its message and its name

/** Show the topmost of the open modals, or none. */
export function showModals(modals) {
  const view = modals.at(-1);
  if (!view) return hide();
  if (shown?.view.id === view.id && shown.view.hash === view.hash) return undefined;
  const same = shown?.view.id === view.id;
  draw(view, same ? valuesOf(shown.fields) : {});
  if (!dialog().open) {
    const node = document.activeElement; // its message may be drawn anew meanwhile
    before = { node, ts: node.closest("[data-ts]")?.dataset.ts || "", name: node.dataset.focus || "" };
    dialog().showModal();
  }
  if (!same) focusFirst(view);
  return undefined;
}

function focusFirst(view) {
  const first = dialog().querySelector(".body input, .body select, .body textarea, .body button");
  (first || dialog().querySelector("footer button"))?.focus();
  announce(words(view.title));
}

function hide() {
  if (!shown) return;
  shown = null;
  dialog().close();
  fill(dialog());
  const { node, ts, name } = before;
  (node.isConnected ? node : $(`[data-ts="${ts}"] [data-focus="${CSS.escape(name)}"]`) || $("#room-title")).focus();
}

function draw(view, kept) {
  const fields = [], focused = document.activeElement?.dataset?.focus;
  const use = (action) => ask("use", { place: { kind: "view", view: view.id }, action, values: valuesOf(fields) });
  const shownBlocks = blocks(view.blocks, { use, fields, kept });
  const close = () => ask("close", { view: view.id });
  dialog().setAttribute("aria-labelledby", "modal-title");
  fill(dialog(), el("form", {
    data: { part: "modal", view: view.id, callback: view.callback_id || "" }, novalidate: true,
    onsubmit: (event) => { event.preventDefault(); submit(view, fields); },
  },
  el("header", {},
    el("span", { class: "face app", "aria-hidden": "true" }, page.state.app.charAt(0)),
    el("h2", { id: "modal-title" }, words(view.title)),
    el("button", { type: "button", class: "btn quiet icon-only", "aria-label": "Close", onclick: close }, icon("close"))),
  el("div", { class: "body" }, shownBlocks),
  el("footer", {},
    el("button", { type: "button", class: "btn", onclick: close, data: { part: "modal-close" } }, words(view.close) || "Close"),
    view.submit ? el("button", { type: "submit", class: "btn primary", data: { part: "modal-submit" } }, words(view.submit)) : null)));
  shown = { view, fields };
  if (focused) dialog().querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}

async function submit(view, fields) {
  fields.forEach((field) => field.show(""));
  const missing = fields.filter((field) => field.required && isEmpty(field));
  if (missing.length) {
    missing.reverse().forEach((field) => field.show("Please complete this field."));
    return;
  }
  const send = dialog().querySelector("[type=submit]");
  send.disabled = true;
  const answer = await ask("submit", { view: view.id, values: valuesOf(fields) });
  send.disabled = false;
  const errors = Object.entries(answer.errors || {}).reverse();
  for (const [id, sentence] of errors) fields.filter((field) => field.block_id === id).forEach((field) => field.show(sentence));
  if (errors.length) announce(errors.map(([, sentence]) => sentence).join(" "));
}

/** Esc closes the modal as its button does: the app may want to know. */
export function setUpModal() {
  dialog().addEventListener("cancel", (event) => {
    event.preventDefault();
    if (shown) ask("close", { view: shown.view.id });
  });
}
