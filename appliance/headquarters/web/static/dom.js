// SPDX-License-Identifier: GPL-2.0-only
// Elements from text only: nothing that came over the wire is ever read as HTML.

export const byId = (id) => document.getElementById(id);

/** An element; `traits` are attributes (or `on…` listeners), absent where null or false. */
export function make(tag, traits = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Written where it is another text only, so that nothing is laid out again for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Whoever is at the row's button stays there.
function replace(before, after) {
  const focused = before.contains(document.activeElement);
  before.replaceWith(after);
  if (focused) after.querySelector("button, summary")?.focus();
}

/** Rows kept by key: what has not changed stays in place, with its focus. `same` tells what a row was made from. */
export class Rows {
  constructor(parent, draw) {
    this.parent = parent;
    this.draw = draw;
    this.rows = new Map();
  }

  show(items, keyOf) {
    const before = this.rows;
    this.rows = new Map();
    let place = null;
    for (const item of items) {
      const key = keyOf(item);
      const same = JSON.stringify(item);
      let row = before.get(key);
      if (!row || row.same !== same) {
        const element = this.draw(item);
        if (row) replace(row.element, element);
        row = { element, same };
      }
      before.delete(key);
      this.rows.set(key, row);
      this.settle(row.element, place);
      place = row.element;
    }
    for (const { element } of before.values()) element.remove();
  }

  /** Everything is drawn anew, for another language. */
  forget() {
    for (const { element } of this.rows.values()) element.remove();
    this.rows = new Map();
  }

  settle(element, after) {
    const here = after ? after.nextSibling : this.parent.firstChild;
    if (here !== element) this.parent.insertBefore(element, here);
  }
}
