// SPDX-License-Identifier: GPL-2.0-only
// Which of many rows are shown: a button for each kind with its number, and words that must occur.
import { make, setText } from "./dom.js";
import { word } from "./words.js";

const FEW = 10;

/** Rows by key, as the stream tells them: all of them, or those that have changed. */
export function take(known, news, keyOf) {
  if (news.whole) known.clear();
  for (const row of news.rows) known.set(keyOf(row), row);
}

/** `kinds`: word of a kind → whether a row is of it; `text`: what of a row is searched. */
export class Filter {
  constructor(parent, kinds, text, changed) {
    this.parent = parent;
    this.kinds = { kind_all: () => true, ...kinds };
    this.text = text;
    this.changed = changed;
    this.kind = "kind_all";
    this.search = make("input", { type: "search", oninput: changed });
    this.name();
  }

  /** The rows to be shown; the bar has the numbers of all, and is not there where they are few. */
  chosen(all) {
    this.parent.hidden = all.length <= FEW;
    for (const [kind, { button, count }] of this.buttons) {
      setText(count, String(all.filter(this.kinds[kind]).length));
      button.setAttribute("aria-pressed", String(kind === this.kind));
    }
    if (this.parent.hidden) return all;
    const wanted = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (row) => wanted.every((part) => this.text(row).toLowerCase().includes(part));
    return all.filter((row) => this.kinds[this.kind](row) && has(row));
  }

  /** In the language spoken; what was chosen and typed stays. */
  name() {
    this.buttons = new Map(Object.keys(this.kinds).map((kind) => [kind, this.button(kind)]));
    this.search.placeholder = word("find");
    this.search.setAttribute("aria-label", word("find"));
    this.parent.replaceChildren(...[...this.buttons.values()].map(({ button }) => button), this.search);
  }

  button(kind) {
    const count = make("b");
    const choose = () => {
      this.kind = kind;
      this.changed();
    };
    return { count, button: make("button", { type: "button", onclick: choose }, `${word(kind)} `, count) };
  }
}
