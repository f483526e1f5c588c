// SPDX-License-Identifier: GPL-2.0-only
// Calls now: where each stands, and for how long.
import { Rows, byId, make, setText } from "./dom.js";
import { length, now } from "./figures.js";
import { word } from "./words.js";

const STAGES = { offered: ["still", "…"], treated: ["warn", "♪"], waiting: ["warn", "◷"], ringing: ["warn", "☎"], passing: ["warn", "⇄"], dialling: ["warn", "☏"], talking: ["good", "●"], held: ["warn", "⏸"], releasing: ["still", "○"] };
let agents = {};
let calls = [];

const rows = new Rows(byId("now-rows"), (call) => {
  const [look, mark] = STAGES[call.stage] ?? ["still", "?"];
  const stage = make("span", { class: `state ${look}` }, make("span", { "aria-hidden": "true" }, mark), word(call.stage ?? "unknown"));
  return make("tr", { class: "call" },
    make("td", {}, call.clid ?? "–"), make("td", {}, call.dnis ?? "–"), make("td", {}, stage),
    make("td", {}, agentName(call.agent, agents)), make("td", {}, call.channel ?? "–"),
    make("td", { class: "figure", "data-began": call.began_ns }, length(now() - call.began_ns)));
});

export function agentName(agent, names) {
  if (!agent) return "–";
  return names[agent] ? `${names[agent]} (${agent})` : agent;
}

export function setAgents(names) {
  agents = names;
}

export function show(news = calls) {
  calls = news;
  rows.show(calls, (call) => call.contact);
  byId("now-count").textContent = calls.length || "";
  byId("now-empty").hidden = calls.length > 0;
}

export function redraw() {
  rows.forget();
  show();
}

export function tick() {
  for (const cell of document.querySelectorAll("[data-began]")) setText(cell, length(now() - Number(cell.dataset.began)));
}
