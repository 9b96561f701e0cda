// Draws blocks as the app sent them. What this page does not know is shown as such and never left out.

import { el } from "./dom.js";
import { control, image, newId, unknown } from "./controls.js";
import { link, mrkdwn, rich, text, words } from "./text.js";

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
  const children = block.child_blocks || block.blocks || block.elements || [];
  const inner = blocks(children, context.all);
  const subtitle = block.subtitle ? el("small", {}, text(block.subtitle)) : null;
  if (!block.is_collapsible) return el("section", { class: "container" }, block.title ? el("h3", {}, text(block.title)) : null, subtitle, inner);
  return el("details", { class: "container", open: !block.default_collapsed },
    el("summary", {}, text(block.title || "Show more")), subtitle, inner);
}

function table(block) {
  const cell = (value) => (value.type === "rich_text" ? rich(value) : document.createTextNode(value.text ?? ""));
  const [head, ...rows] = block.rows || [];
  return el("div", { class: "table" }, el("table", {},
    el("tr", {}, (head || []).map((value) => el("th", { scope: "col" }, cell(value)))),
    rows.map((row) => el("tr", {}, row.map((value) => el("td", {}, cell(value)))))));
}

const KINDS = {
  rich_text: rich,
  section,
  input,
  container,
  table,
  header: (block) => el("h3", { class: "header" }, text(block.text)),
  divider: () => el("hr"),
  context: (block) => el("div", { class: "context" }, block.elements.map((element) =>
    (element.type === "image" ? image(element).node : el("span", {}, text(element))))),
  actions: (block, context) => el("div", { class: "actions" }, block.elements.map((element) => within(element, context))),
  context_actions: (block, context) => el("div", { class: "actions" }, block.elements.map((element) => within(element, context))),
  image: (block) => el("figure", {}, image(block).node, block.title ? el("figcaption", {}, words(block.title)) : null),
  video: (block) => el("div", { class: "card" }, el("strong", {}, link(block.title_url || block.video_url, words(block.title))),
    block.description ? el("p", {}, words(block.description)) : null, el("p", { class: "hint" }, block.alt_text || "Video")),
  file: (block) => el("div", { class: "card" }, `File ${block.external_id || block.file_id || ""}`),
  markdown: (block) => el("div", { class: "rich" }, block.text.split(/\n{2,}/).map((part) => el("p", {}, mrkdwn(part.replaceAll("**", "*"))))),
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
