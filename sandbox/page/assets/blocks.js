// Draws blocks as the app sent them. What this page does not know is shown as such and never left out.

import { el } from "./dom.js";
import { control, image, newId, unknown } from "./controls.js";
import { rich, text, words } from "./text.js";

/**
 * Draw blocks. `use(action)` is called when somebody uses a control. `fields` collects the inputs of a form: `block_id`,
 * `action_id`, `type`, `read`, `show(error)`. `kept` is what was entered before, by block id and action id.
 */
export function blocks(list, { use, fields = [], kept = {} }) {
  return (list || []).map((block, index) => {
    const id = block.block_id || `block-${index}`;
    const context = { id, use: (action) => use({ ...action, block_id: id }), fields, kept, all: { use, fields, kept } };
    const node = (KINDS[block.type] || other)(block, context);
    node.dataset.block = block.type;
    node.dataset.blockId = id;
    return node;
  });
}

const other = (block) => unknown(block.type, block);

function within(element, context) {
  const kept = context.kept[context.id]?.[element.action_id];
  const drawn = control(element, { use: context.use, kept });
  if (drawn.read) {
    context.fields.push({ block_id: context.id, action_id: element.action_id, type: element.type, read: drawn.read, show: () => {} });
  }
  return drawn.node;
}

function section(block, context) {
  return el("div", { class: "section" },
    el("div", { class: "grow" },
      block.text ? el("div", { class: "text" }, text(block.text)) : null,
      block.fields ? el("div", { class: "fields" }, block.fields.map((field) => el("div", { class: "text" }, text(field)))) : null),
    block.accessory ? el("div", { class: "accessory" }, within(block.accessory, context)) : null);
}

function input(block, context) {
  const { element } = block, id = newId("input");
  const kept = context.kept[context.id]?.[element.action_id];
  const drawn = control(element, { kept, use: block.dispatch_action ? context.use : undefined });
  const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
  const hint = block.hint ? el("p", { class: "hint", id: `${id}-hint` }, text(block.hint)) : null;
  const name = [text(block.label), block.optional ? el("span", { class: "optional" }, " (optional)") : ""];
  const field = drawn.field;
  field?.setAttribute("aria-describedby", `${hint ? `${id}-hint ` : ""}${id}-error`);
  if (field && !drawn.grouped) field.removeAttribute("aria-label");
  if (drawn.grouped) field.setAttribute("aria-labelledby", `${id}-label`);
  const label = drawn.grouped || !field ? el("div", { class: "label", id: `${id}-label` }, name)
    : el("label", { class: "label", for: field.id }, name);
  const show = (sentence) => {
    error.hidden = !sentence;
    error.textContent = sentence || "";
    field?.setAttribute("aria-invalid", sentence ? "true" : "false");
    if (sentence) (drawn.grouped ? field.querySelector("input") : field)?.focus();
  };
  if (drawn.read) {
    context.fields.push({
      block_id: context.id, action_id: element.action_id, type: element.type, read: drawn.read, show, required: !block.optional,
    });
  }
  return el("div", { class: "input" }, label, drawn.node, error, hint);
}

function container(block, context) {
  const inner = blocks(block.child_blocks, context.all);
  const title = el("span", { class: "title" }, block.rich_text_title ? rich(block.rich_text_title) : text(block.title),
    block.subtitle ? el("small", {}, text(block.subtitle)) : null);
  if (block.is_collapsible) return el("details", { class: "container", open: !block.default_collapsed }, el("summary", {}, title), inner);
  return el("section", { class: "container" }, title, block.has_header_divider ? el("hr") : null, inner);
}

const KINDS = {
  rich_text: rich,
  section,
  input,
  container,
  header: (block) => el("h3", { class: "header" }, text(block.text)),
  divider: () => el("hr"),
  context: (block) => el("div", { class: "context" }, block.elements.map((element) =>
    (element.type === "image" ? image(element).node : el("span", {}, text(element))))),
  actions: (block, context) => el("div", { class: "actions" }, block.elements.map((element) => within(element, context))),
  image: (block) => el("figure", {}, image(block).node, block.title ? el("figcaption", {}, words(block.title)) : null),
};

/** What is entered in the fields of a form, by block id and action id, as Slack sends it. */
export function valuesOf(fields) {
  const values = {};
  for (const { block_id, action_id, type, read } of fields) (values[block_id] ||= {})[action_id] = { type, ...read() };
  return values;
}

/** Whether a field holds nothing. */
export function isEmpty(field) {
  const [value] = Object.values(field.read());
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}
