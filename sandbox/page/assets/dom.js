// Builds elements. Whatever anybody wrote goes in as text and never as HTML.

/** Make an element: `on…` are listeners, `data` is the dataset, anything else an attribute. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "value" || name === "checked" || name === "selected" || name === "disabled") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

export const $ = (selector, root = document) => root.querySelector(selector);

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const PATHS = {
  mic: "M12 15a3 3 0 0 0 3-3V6a3 3 0 1 0-6 0v6a3 3 0 0 0 3 3Zm-6-3a6 6 0 0 0 12 0M12 18v3",
  clip: "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4L14.5 7",
  wave: "M3 10v4M7 6v12M11 9v6M15 4v16M19 8v8M23 11v2",
  play: "M7 4.5v15l12-7.5Z",
  pause: "M7 4h3.5v16H7ZM13.5 4H17v16h-3.5Z",
  send: "M4 12 20 4l-5 17-4-7Z",
  stop: "M6 6h12v12H6Z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.01M15 9.5v.01",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6Z",
  thread: "M4 5h16v11H11l-5 4v-4H4Z",
  back: "m14 5-7 7 7 7",
  close: "M6 6l12 12M18 6 6 18",
  pulse: "M2 12h5l3-8 4 16 3-8h5",
  file: "M6 3h8l5 5v13H6ZM14 3v5h5",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7Zm10 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6",
  home: "M4 11 12 4l8 7v9h-5v-6H9v6H4Z",
  menu: "M4 6h16M4 12h16M4 18h16",
};

/** Make an icon, which screen readers skip. */
export function icon(name) {
  const path = svg("path", { d: PATHS[name] });
  return svg("svg", { viewBox: "0 0 24 24", class: `icon i-${name}`, "aria-hidden": "true" }, path);
}

/** Replace the children of `root` by those for `items`, keeping each that has not changed, and the focus. */
export function patch(root, items, { key, draw }) {
  const known = new Map([...root.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const id = key(item), seen = JSON.stringify(item), before = known.get(id);
    if (before && before.drawnFrom === seen) return before;
    const node = draw(item);
    node.dataset.key = id;
    node.drawnFrom = seen;
    if (before) keepFocus(before, node);
    return node;
  });
  wanted.forEach((node, index) => {
    if (root.children[index] !== node) root.insertBefore(node, root.children[index] ?? null);
  });
  while (root.children.length > wanted.length) root.lastElementChild.remove();
}

function keepFocus(before, after) {
  const focused = document.activeElement;
  const name = before.contains(focused) && focused.dataset.focus;
  if (name) queueMicrotask(() => $(`[data-focus="${CSS.escape(name)}"]`, after)?.focus());
}

/** Replace what a dialog holds, but for what `tellIn` put there. */
export const fill = (dialog, ...nodes) => dialog.replaceChildren(...nodes, ...dialog.querySelectorAll("#toasts, #announcer"));

/** Put toasts and announcements where they are seen and heard: everything outside an open dialog is inert. */
function tellIn() {
  const root = [...document.querySelectorAll("dialog[open]")].at(-1) || document.body;
  if ($("#toasts").parentNode !== root) root.append($("#toasts"), $("#announcer"));
}
document.addEventListener("close", tellIn, true);

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
let said = Promise.resolve();

/** Say something to screen readers, after what is being said. */
export function announce(sentence) {
  said = said.then(async () => {
    tellIn();
    $("#announcer").textContent = "";
    await wait(50);
    $("#announcer").textContent = sentence;
    await wait(400);
  });
}

/** Show a sentence for a few seconds. */
export function toast(sentence, kind = "") {
  const node = el("div", { class: `toast ${kind}`, data: { part: "toast" } }, sentence);
  tellIn();
  $("#toasts").append(node);
  setTimeout(() => node.remove(), 7000);
  announce(sentence);
}
