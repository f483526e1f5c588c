// SPDX-License-Identifier: GPL-2.0-only
// Standing alarms, newest first: where, since when, and the sentence that tells what to do.
import { Rows, byId, make } from "./dom.js";
import { moment } from "./figures.js";
import { word } from "./words.js";

let alarms = [];

const rows = new Rows(byId("alarms-list"), (alarm) => {
  if (alarm.none) return make("li", { class: "quiet" }, word("noAlarms"));
  return make("li", {},
    make("div", { class: "what" }, make("span", { class: "state bad" }, `▲ ${alarm.code}`), make("span", { class: "quiet" }, `${alarm.box} · ${moment(alarm.raised_ns)}`)),
    make("p", {}, alarm.sentence));
});

export function show(news = alarms) {
  alarms = news;
  const items = alarms.map(({ heard_ns, ...alarm }) => alarm);
  rows.show(items.length ? items : [{ none: true }], (alarm) => (alarm.none ? "none" : `${alarm.box} ${alarm.code} ${alarm.address}`));
  byId("alarms-count").textContent = alarms.length || "";
}

export function redraw() {
  rows.forget();
  show();
}
