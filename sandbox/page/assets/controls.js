// Draws Block Kit's interactive elements. Each `use` tells the app at once; each field in a form can be read.

import { el, icon } from "./dom.js";
import { menu, sure } from "./menu.js";
import { page, people } from "./state.js";
import { link, text, words } from "./text.js";

let numbers = 0;
export const newId = (prefix) => `${prefix}-${(numbers += 1)}`;

/**
 * Draw an element. `context.use(action)` sends a `block_actions`; in an input block it is undefined. `context.kept` is
 * what was entered before. Return the `node`, and for fields the `field` that a label names and a `read` function.
 */
export function control(element, context) {
  const draw = KINDS[element.type];
  return draw ? draw(element, context) : { node: unknown(element.type, element) };
}

/** What this page cannot draw is shown all the same. */
export function unknown(type, whole) {
  return el("details", { class: "unknown", data: { unknown: type } },
    el("summary", {}, `“${type}”, which this page does not draw`),
    el("pre", {}, JSON.stringify(whole, null, 2)));
}

const marks = (element) => ({ actionId: element.action_id || "", focus: `${element.action_id}:${element.value || element.options?.[0].value || ""}` });

async function tell(element, context, chosen) {
  if (await sure(element.confirm)) context.use({ ...element, ...chosen });
}

function button(element, context) {
  const label = words(element.text);
  if (element.url) return { node: el("span", { class: "btn-link", onclick: () => context.use?.(element) }, link(element.url, label)) };
  return {
    node: el("button", {
      type: "button", class: `btn ${element.style || ""}`, data: marks(element),
      "aria-label": element.accessibility_label || null, onclick: () => tell(element, context, {}),
    }, text(element.text)),
  };
}

function overflow(element, context) {
  const node = el("button", {
    type: "button", class: "btn icon-only", data: marks(element), "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-label": element.accessibility_label || "More options",
    onclick: () => menu(node, element.options.map((option) => ({
      label: words(option.text), note: words(option.description), value: option.value,
      does: () => (option.url ? link(option.url).click?.() : tell(element, context, { selected_option: option })),
    })), { label: "More options" }),
  }, icon("more"));
  return { node };
}

const optionsOf = (element) => element.options || (element.option_groups || []).flatMap((group) => group.options);

function select(element, context, { options, groups, initial, chosen }) {
  const drawn = (option) => el("option", { value: option.value, selected: option.value === initial }, option.label);
  const first = el("option", { value: "", selected: !initial }, words(element.placeholder) || "Choose…");
  const field = el("select", { id: newId("select"), data: marks(element), "aria-label": words(element.placeholder) || null },
    first, groups ? groups.map((group) => el("optgroup", { label: group.label }, group.options.map(drawn))) : options.map(drawn));
  if (context.use) field.addEventListener("change", () => tell(element, context, chosen(field.value)));
  return { node: el("span", { class: "select" }, field), field, read: () => chosen(field.value) };
}

function staticSelect(element, context) {
  const all = optionsOf(element), shown = (option) => ({ value: option.value, label: words(option.text) });
  return select(element, context, {
    options: all.map(shown),
    groups: element.option_groups?.map((group) => ({ label: words(group.label), options: group.options.map(shown) })),
    initial: (context.kept ? context.kept.selected_option : element.initial_option)?.value,
    chosen: (value) => ({ selected_option: all.find((option) => option.value === value) || null }),
  });
}

const select_of = (list, initial, name) => (element, context) => select(element, context, {
  options: list(), initial: context.kept ? context.kept[name] : element[initial], chosen: (value) => ({ [name]: value || null }),
});
const everybody = () => Object.keys(page.state.users).filter((id) => id !== page.state.bot_user)
  .map((id) => ({ value: id, label: people.name(id) }));

/** Radio buttons and checkboxes, and menus in which several can be chosen. */
function choices(kind, name) {
  return (element, context) => {
    const group = newId("group"), single = kind === "radio";
    const all = element.type === "multi_users_select"
      ? everybody().map((one) => ({ value: one.value, text: one.label })) : optionsOf(element);
    const initial = context.kept ? context.kept[name] : element[name.replace("selected", "initial")];
    const values = new Set([initial].flat().filter(Boolean).map((option) => option.value || option));
    const boxes = all.map((option) => el("label", { class: "choice" },
      el("input", { type: kind, name: group, value: option.value, checked: values.has(option.value), data: { focus: `${element.action_id}:${option.value}` } }),
      el("span", {}, text(option.text), option.description ? el("small", {}, text(option.description)) : null)));
    const node = el("div", { class: "choices", role: single ? "radiogroup" : "group", data: marks(element) }, boxes);
    const read = () => {
      const ticked = all.filter((_, index) => boxes[index].firstChild.checked);
      if (name === "selected_users") return { [name]: ticked.map((option) => option.value) };
      return { [name]: single ? ticked[0] || null : ticked };
    };
    if (context.use) node.addEventListener("change", () => tell(element, context, read()));
    return { node, field: node, read, grouped: true };
  };
}

function typed(type) {
  return (element, context) => {
    const value = (context.kept ? context.kept.value : element.initial_value) ?? "";
    const field = el(element.multiline ? "textarea" : "input", {
      type: element.multiline ? null : type, id: newId("field"), rows: element.multiline ? 4 : null,
      maxlength: element.max_length, minlength: element.min_length, placeholder: words(element.placeholder) || null,
      autocomplete: "off", data: marks(element), value,
    });
    if (element.focus_on_load) queueMicrotask(() => field.focus());
    const read = () => ({ value: field.value || null });
    if (context.use) field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !element.multiline) { event.preventDefault(); tell(element, context, read()); }
    });
    return { node: field, field, read };
  };
}

export const image = (element) => ({
  node: element.image_url?.startsWith(location.origin) ? el("img", { src: element.image_url, alt: element.alt_text })
    : el("span", { class: "image" }, `${element.alt_text} `, element.image_url ? link(element.image_url, "(image)") : ""),
});

const KINDS = {
  button, overflow, image, static_select: staticSelect,
  users_select: select_of(everybody, "initial_user", "selected_user"),
  radio_buttons: choices("radio", "selected_option"),
  checkboxes: choices("checkbox", "selected_options"),
  multi_static_select: choices("checkbox", "selected_options"),
  multi_users_select: choices("checkbox", "selected_users"),
  plain_text_input: typed("text"), email_text_input: typed("email"), url_text_input: typed("url"), number_input: typed("number"),
};
