// Menus that open at a button, and the dialog that asks whether one is sure.

import { $, el, fill } from "./dom.js";
import { text, words } from "./text.js";

let open = null;

/** Open a menu at `anchor`. An item has a `label`, perhaps a `note`, `danger`, and what it `does`. */
export function menu(anchor, items, { label = "" } = {}) {
  const again = open?.anchor === anchor;
  close();
  if (again) return;
  const list = el("div", { class: "menu", role: "menu", "aria-label": label || null, data: { part: "menu" } },
    items.map((item) => el("button", {
      type: "button", role: "menuitem", class: item.danger ? "danger" : "", tabindex: -1, data: { item: item.value || item.label },
      onclick: () => { close(); item.does(); },
    }, el("span", {}, item.label), item.note ? el("small", {}, item.note) : null)));
  list.addEventListener("keydown", move);
  (anchor.closest("dialog, main, aside, nav") || document.body).append(list);
  place(list, anchor);
  anchor.setAttribute("aria-expanded", "true");
  open = { list, anchor, top: anchor.getBoundingClientRect().top };
  list.firstElementChild?.focus();
}

function place(list, anchor) {
  const at = anchor.getBoundingClientRect(), size = list.getBoundingClientRect();
  const above = at.bottom + size.height + 8 > innerHeight && at.top > size.height;
  list.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  list.style.top = `${Math.max(8, above ? at.top - size.height - 4 : Math.min(at.bottom + 4, innerHeight - size.height - 8))}px`;
}

function move(event) {
  const items = [...event.currentTarget.children], at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) items.at(to % items.length).focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export function close() {
  if (!open) return;
  const { list, anchor } = open;
  open = null;
  const inside = list.contains(document.activeElement);
  list.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (inside) anchor.focus();
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.list.contains(event.target) && !open.anchor.contains(event.target)) close();
});
addEventListener("resize", close);
addEventListener("scroll", () => { if (open && open.anchor.getBoundingClientRect().top !== open.top) close(); }, true);

/** Ask as a confirm object says; resolve to whether the person is sure. */
export function sure(confirm) {
  if (!confirm) return Promise.resolve(true);
  close();
  const dialog = $("#confirm");
  return new Promise((resolve) => {
    fill(dialog, el("form", { method: "dialog" },
      el("header", {}, el("h2", { id: "confirm-title" }, words(confirm.title))),
      el("div", { class: "body" }, el("p", {}, text(confirm.text))),
      el("footer", {},
        el("button", { class: "btn", value: "no" }, words(confirm.deny)),
        el("button", { class: `btn ${confirm.style === "danger" ? "danger" : "primary"}`, value: "yes" }, words(confirm.confirm)))));
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}
