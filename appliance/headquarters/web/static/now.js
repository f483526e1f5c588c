// SPDX-License-Identifier: GPL-2.0-only
// Calls now, and contacts of other channels: where each stands, and for how long; unfolded, why.
import { Rows, byId, make, setText } from "./dom.js";
import { length, now } from "./figures.js";
import { Filter } from "./filter.js";
import { Folds, keyOf } from "./folds.js";
import { agentName } from "./names.js";
import { word } from "./words.js";

const STAGES = { offered: ["still", "…"], treated: ["warn", "♪"], waiting: ["warn", "◷"], ringing: ["warn", "☎"], passing: ["warn", "⇄"], talking: ["good", "●"], held: ["warn", "‖"], dialling: ["warn", "☏"], releasing: ["still", "○"] };
let agents = {};
let channels = {};
let calls = [];
const KINDS = { kind_calls: (call) => !channels[call.call_type], kind_other: (call) => channels[call.call_type], kind_waits: (call) => call.stage === "waiting" };
const MOST = 500; // that the server tells, the newest
const filter = new Filter(byId("now-filter"), KINDS, (call) => [call.clid, call.dnis, call.call_type, agentName(call.agent, agents), call.channel].join(" "), draw);
const folds = new Folds(7, draw);

const rows = new Rows(byId("now-rows"), (item) => (item.story ? folds.open.get(item.contact) : row(item)));

function row(call) {
  const [look, mark] = STAGES[call.stage] ?? ["still", "?"];
  const channel = channels[call.call_type];
  const stage = channel && ["talking", "ringing"].includes(call.stage) ? `${call.stage}_work` : call.stage ?? "unknown";
  const agent = agentName(call.agent, agents);
  return make("tr", { class: "call" },
    make("td", {}, folds.button(call, call.clid ?? call.contact)),
    make("td", { title: call.clid }, call.clid ?? "–"),
    make("td", { title: `${call.dnis ?? ""} ${call.call_type ?? ""}` }, call.dnis ?? "–", make("span", { class: "quiet" }, ` ${[call.call_type, channel].filter(Boolean).join(" · ")}`)),
    make("td", {}, make("span", { class: `state ${look}` }, make("span", { "aria-hidden": "true" }, mark), word(stage))),
    make("td", { title: agent }, agent), make("td", { title: call.channel }, call.channel ?? "–"),
    make("td", { class: "figure", "data-began": call.began_ns }, length(now() - call.began_ns)));
}

/** `kinds`: the channel of each call type that is no calls'. */
export function setSite(names, kinds) {
  agents = folds.names = names;
  channels = kinds;
}

function draw() {
  rows.show(folds.among(filter.chosen(calls)), keyOf);
}

export function show(news = calls) {
  const before = new Map(calls.map((call) => [call.contact, JSON.stringify(call)]));
  const after = new Map(news.map((call) => [call.contact, JSON.stringify(call)]));
  for (const contact of folds.open.keys()) {
    if (!after.has(contact)) folds.open.delete(contact);
    else if (after.get(contact) !== before.get(contact)) folds.fill(contact);
  }
  calls = news;
  draw();
  setText(byId("now-count"), calls.length < MOST ? String(calls.length || "") : `${MOST}+`);
  byId("now-empty").hidden = calls.length > 0;
}

export function redraw() {
  rows.forget();
  filter.name();
  folds.refresh();
  show();
}

/** Ages within that element. */
export function tick(within) {
  for (const cell of within.querySelectorAll("[data-began]")) setText(cell, length(now() - Number(cell.dataset.began)));
}
