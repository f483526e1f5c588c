// SPDX-License-Identifier: GPL-2.0-only
// A configuration's form, drawn from the tree that headquarters tells. What is filled in is texts, lists and keys;
// what is empty is left out. `${variable}` may stand for any value.
import { make } from "./dom.js";
import { language, word } from "./words.js";

const VARIABLE = /\$\{[^}]*\}/;
const BY_HAND = "…";

/** Draws `tree` for `data`; `changed(anew)` is called after each change, `anew`: the form must be drawn again. */
export class Form {
  constructor(tree, data, changed) {
    this.tree = tree;
    this.data = data;
    this.changed = changed;
    this.open = new Set();
  }

  draw() {
    return this.fields(this.tree.fields, this.data, []);
  }

  at(path) {
    return path.reduce((said, key) => said?.[key], this.data);
  }

  /** Sets a value, making what lies above it; undefined takes it away, with what it leaves empty. */
  set(path, value) {
    const above = [this.data];
    path.slice(0, -1).forEach((key, place) => {
      if (typeof above[place][key] !== "object") above[place][key] = typeof path[place + 1] === "number" ? [] : {};
      above.push(above[place][key]);
    });
    const last = path.at(-1);
    if (value !== undefined) above.at(-1)[last] = value;
    else if (Array.isArray(above.at(-1))) above.at(-1).splice(last, 1);
    else delete above.at(-1)[last];
    for (let place = path.length - 1; value === undefined && place > 0; place--) {
      const emptied = above[place];
      if (Array.isArray(above[place - 1]) || Object.keys(emptied).length) break;
      delete above[place - 1][path[place - 1]];
    }
  }

  fields(fields, said, path) {
    const leaves = [], blocks = [];
    for (const [key, node] of Object.entries(fields)) {
      (node.is === "leaf" ? leaves : blocks).push(this.node(key, node, said?.[key], [...path, key]));
    }
    return [...leaves, ...blocks];
  }

  node(key, node, said, path) {
    if (node.is === "leaf") return this.leaf(key, node, said, path);
    const inside = typeof said === "string" ? [this.variable(said, path)] : this[node.is](node, said, path);
    const name = JSON.stringify(path);
    const state = said === undefined ? null : make("span", { class: "state still" }, this.shown(said));
    const toggle = (event) => (event.target.open ? this.open.add(name) : this.open.delete(name));
    return make("details", { open: this.open.has(name), ontoggle: toggle, "data-path": name },
      make("summary", {}, make("span", { class: "key" }, key), make("span", { class: "reason" }, reason(node)), state),
      make("div", { class: "inside" }, ...inside));
  }

  shown(said) {
    if (typeof said === "string") return said;
    return Array.isArray(said) ? String(said.length) : word("isSet");
  }

  block(node, said, path) {
    return this.fields(node.fields, said, path);
  }

  choice(node, said, path) {
    const kind = node.kinds[said?.[node.tag]];
    const words = { is: "leaf", words: Object.keys(node.kinds), range: "", unit: "", default: null, reason: [word("whichKind"), word("whichKind")] };
    return [this.leaf(node.tag, words, said?.[node.tag], [...path, node.tag], true), ...(kind ? this.fields(kind.fields, said, path) : [])];
  }

  rows(node, said, path) {
    const rows = (said ?? []).map((row, place) => this.row(node, row, [...path, place]));
    const add = (makes) => () => {
      const place = said?.length ?? 0;
      this.set(makes ? [...path, place] : path, makes ?? "${}");
      this.open.add(JSON.stringify(makes ? [...path, place] : path));
      this.changed(true);
    };
    return [...rows, make("p", {}, make("button", { type: "button", class: "add", onclick: add({}) }, word("addRow")), " ",
      said === undefined ? make("button", { type: "button", class: "add", onclick: add(null) }, word("byVariable")) : null)];
  }

  row(node, said, path) {
    const name = JSON.stringify(path);
    const remove = (event) => {
      event.preventDefault();
      this.set(path, undefined);
      if (!this.at(path.slice(0, -1)).length) this.set(path.slice(0, -1), undefined);
      this.changed(true);
    };
    const toggle = (event) => (event.target.open ? this.open.add(name) : this.open.delete(name));
    const inside = typeof said === "string" ? [this.variable(said, path)] : this[node.item.is](node.item, said, path);
    return make("details", { class: "row", open: this.open.has(name), ontoggle: toggle, "data-path": name },
      make("summary", {}, make("span", { class: "key" }, said?.[node.key] || `${path.at(-1) + 1}`),
        make("span", { class: "reason" }, rowNote(said, node.key)), make("button", { type: "button", onclick: remove }, word("removeRow"))),
      make("div", { class: "inside" }, ...inside));
  }

  table(node, said, path) {
    const rename = (before) => (event) => {
      const value = said[before];
      this.set([...path, before], undefined);
      if (event.target.value) this.set([...path, event.target.value], value);
      this.changed(true);
    };
    const pairs = Object.entries(said ?? {}).map(([name, value]) => make("div", { class: "pair" },
      make("input", { value: name, "aria-label": word("name"), onchange: rename(name) }), this.node(name, node.value, value, [...path, name])));
    const add = () => {
      this.set([...path, `name${Object.keys(said ?? {}).length + 1}`], node.value.is === "leaf" ? "" : {});
      this.changed(true);
    };
    return [...pairs, make("button", { type: "button", class: "add", onclick: add }, word("addRow"))];
  }

  variable(said, path) {
    return this.leaf(path.at(-1), { is: "leaf", words: [], range: "", unit: "", default: null, reason: [word("byVariable"), word("byVariable")] }, said, path, true);
  }

  leaf(key, node, said, path, anew = false) {
    const name = JSON.stringify(path);
    const id = `field-${path.join("-")}`;
    const text = Array.isArray(said) ? said.join(" ") : said ?? "";
    const take = (event) => this.take(node, path, event.target.value, anew, event.target);
    const chosen = node.words.length && !node.many && !VARIABLE.test(text);
    const input = chosen ? choices(node, text, { id, onchange: take }) : make("input", { id, value: text, placeholder: node.default, onchange: take, spellcheck: "false" });
    const about = [node.range, node.unit].filter(Boolean).join(" ");
    return make("div", { class: said === undefined ? "field" : "field set", "data-path": name },
      make("label", { for: id }, String(key), node.default === null && node.optional === false ? make("span", { class: "required", title: word("required") }, " *") : null),
      input, make("span", { class: "about" }, [about, reason(node)].filter(Boolean).join(" · ")), make("p", { class: "fault", hidden: true }));
  }

  take(node, path, typed, anew, element) {
    const text = typed.trim();
    if (text === BY_HAND) {
      this.set(path, "${}");
      this.changed(true);
      return;
    }
    const many = node.many && !/^\$\{[^}]*\}$/.test(text);
    this.set(path, text === "" ? undefined : many ? text.split(/\s+/) : text);
    element.closest(".field").classList.toggle("set", text !== "");
    this.changed(anew || element.tagName === "SELECT");
  }
}

function choices(node, text, traits) {
  const none = node.default === null ? "" : word("defaultIs", { value: node.default });
  const known = node.words.includes(text) || !text ? [] : [text];
  const option = (value, shown) => make("option", { value, selected: value === text }, shown);
  return make("select", traits, option("", none), ...[...node.words, ...known].map((one) => option(one, one)), option(BY_HAND, word("byVariable")));
}

function reason(node) {
  return node.reason[language() === "en" ? 0 : 1];
}

/** What tells a row apart besides its key. */
function rowNote(said, key) {
  return typeof said === "string" ? said : Object.entries(said).filter(([name, value]) => name !== key && typeof value === "string").slice(0, 2).map(([, value]) => value).join(" · ");
}
