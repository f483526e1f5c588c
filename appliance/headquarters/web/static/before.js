// SPDX-License-Identifier: GPL-2.0-only
// Calls before: a row each; unfolded, its story. Unfolded rows and a playing recording stay as they are when news comes.
import { cause } from "./causes.js";
import { Rows, byId, make } from "./dom.js";
import { length, moment } from "./figures.js";
import { Folds, keyOf } from "./folds.js";
import { agentName } from "./names.js";
import { word } from "./words.js";

let agents = {};
const calls = new Map();
const folds = new Folds(10, draw);

const rows = new Rows(byId("before-rows"), (item) => (item.story ? folds.open.get(item.contact) : row(item)));

function row(call) {
  const which = `${moment(call.began_ns)} ${call.clid ?? ""}`;
  const fold = folds.button(call, which);
  const play = call.recording && make("button", { type: "button", class: "play", "aria-label": `${word("play")} ${which}`, onclick: () => { folds.unfold(call.contact, fold, true); draw(); } }, make("span", { "aria-hidden": "true" }, "▶"));
  return make("tr", { class: "call" },
    make("td", {}, fold), make("td", {}, moment(call.began_ns)), make("td", { class: "long", title: call.clid }, call.clid ?? "–"), make("td", {}, call.dnis ?? "–"),
    make("td", {}, call.ced || "–"), make("td", { class: "long", title: agentName(call.agent, agents) }, agentName(call.agent, agents)),
    make("td", { class: "figure" }, length(waited(call))), make("td", { class: "figure" }, length(talked(call))),
    make("td", { class: "end" }, cause(call.cause), make("span", { class: "quiet" }, ` · ${word(`${call.by}_by`)}`)),
    make("td", {}, play || "–"));
}

function waited(call) {
  return call.queued_ns ? (call.talk_ns ?? call.ended_ns) - call.queued_ns : null;
}

function talked(call) {
  return call.talk_samples === null ? null : call.talk_samples * 125_000; // 8,000 samples a second
}

function draw() {
  rows.show(folds.among([...calls.values()].sort((a, b) => b.began_ns - a.began_ns)), keyOf);
  byId("before-empty").hidden = calls.size > 0;
}

async function earlier() {
  // A double holds nanoseconds to ±128: ask from a little later, what is known already changes nothing.
  const oldest = BigInt(Math.min(...[...calls.values()].map((call) => call.began_ns))) + 1000n;
  byId("earlier-error").textContent = "";
  try {
    const answer = await fetch(`/api/calls?before=${oldest}`);
    if (!answer.ok) throw new Error(answer.statusText);
    const more = await answer.json();
    byId("earlier").hidden = more.every((call) => calls.has(call.contact));
    for (const call of more) calls.set(call.contact, call);
  } catch (error) {
    console.error(error);
    byId("earlier-error").textContent = ` ${word("failed")}`;
  }
  draw();
}

export function setAgents(names) {
  agents = folds.names = names;
}

/** The newest calls; older ones that were fetched stay. */
export function show(news) {
  for (const call of news) calls.set(call.contact, call);
  if (news.length >= 50 && calls.size === news.length) byId("earlier").hidden = false;
  draw();
}

export function redraw() {
  rows.forget();
  folds.refresh();
  draw();
}

byId("earlier").addEventListener("click", earlier);
