// SPDX-License-Identifier: GPL-2.0-only
// Rows of calls that unfold into their stories. What is unfolded stays as it is when news of other calls comes.
import { make } from "./dom.js";
import { story } from "./story.js";
import { word } from "./words.js";

export class Folds {
  /** `parts`: columns of the table; `changed` draws it anew; `names` of agents are told later. */
  constructor(columns, changed) {
    this.columns = columns;
    this.changed = changed;
    this.names = {};
    this.open = new Map();
  }

  /** The button before a call; `label` says which call. */
  button(call, label) {
    const toggle = (event) => {
      if (this.open.delete(call.contact)) this.mark(event.currentTarget, false);
      else this.unfold(call.contact, event.currentTarget);
      this.changed();
    };
    const state = { "aria-expanded": String(this.open.has(call.contact)), "aria-controls": this.id(call.contact) };
    return make("button", { type: "button", class: "fold", ...state, "aria-label": `${word("details")} ${label}`, onclick: toggle });
  }

  /** Each call, and behind it the story of one that is unfolded. */
  among(calls) {
    return calls.flatMap((call) => (this.open.has(call.contact) ? [call, { story: true, contact: call.contact }] : [call]));
  }

  unfold(contact, fold, play = false) {
    this.mark(fold, true);
    const known = this.open.get(contact);
    if (known) {
      known.querySelector("audio")?.play();
      return;
    }
    const cell = make("td", { colspan: this.columns }, word("loading"));
    this.open.set(contact, make("tr", { class: "story", id: this.id(contact) }, cell));
    this.fill(contact, play).then(() => cell.scrollIntoView({ block: "nearest" }));
  }

  async fill(contact, play = false) {
    const cell = this.open.get(contact)?.firstChild;
    try {
      const answer = await fetch(`/api/calls/${encodeURIComponent(contact)}`);
      if (!answer.ok) throw new Error(answer.statusText);
      cell?.replaceChildren(...story(await answer.json(), this.names));
    } catch (error) {
      console.error(error);
      cell?.replaceChildren(word("failed"));
      return;
    }
    if (play) cell?.querySelector("audio")?.play();
  }

  /** All anew: in another language, or because these calls have gone on. */
  refresh() {
    for (const contact of this.open.keys()) this.fill(contact);
  }

  mark(fold, open) {
    fold.setAttribute("aria-expanded", String(open));
  }

  id(contact) {
    return `story-${contact}`;
  }
}

export const keyOf = (item) => (item.story ? `story ${item.contact}` : item.contact);
