// SPDX-License-Identifier: GPL-2.0-only
// Calls before: a row each; unfolded, its story. Unfolded rows and a playing recording stay as they are when news comes.
import { cause } from "./causes.js";
import { Rows, byId, make } from "./dom.js";
import { length, moment } from "./figures.js";
import { agentName } from "./now.js";
import { story } from "./story.js";
import { word } from "./words.js";

let agents = {};
const calls = new Map();
const unfolded = new Map();

const rows = new Rows(byId("before-rows"), (item) => (item.story ? unfolded.get(item.contact) : row(item)));

function row(call) {
  const id = `story-${call.contact}`;
  const open = unfolded.has(call.contact);
  const label = `${word("details")} ${moment(call.began_ns)} ${call.clid ?? ""}`;
  const fold = make("button", { type: "button", class: "fold", "aria-expanded": String(open), "aria-controls": id, "aria-label": label, onclick: () => toggle(call, fold) });
  const play = call.recording && make("button", { type: "button", class: "play", "aria-label": `${word("play")} ${moment(call.began_ns)} ${call.clid ?? ""}`, onclick: () => unfold(call, fold, true) }, make("span", { "aria-hidden": "true" }, "▶"));
  return make("tr", { class: "call" },
    make("td", {}, fold), make("td", {}, moment(call.began_ns)), make("td", {}, call.clid ?? "–"), make("td", {}, call.dnis ?? "–"),
    make("td", {}, call.ced || "–"), make("td", {}, agentName(call.agent, agents)),
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

function toggle(call, fold) {
  if (!unfolded.delete(call.contact)) return unfold(call, fold, false);
  fold.setAttribute("aria-expanded", "false");
  return draw();
}

function unfold(call, fold, play) {
  fold.setAttribute("aria-expanded", "true");
  const known = unfolded.get(call.contact);
  if (known) {
    known.querySelector("audio")?.play();
    return;
  }
  const cell = make("td", { colspan: 10 }, word("loading"));
  unfolded.set(call.contact, make("tr", { class: "story", id: `story-${call.contact}` }, cell));
  draw();
  fill(call.contact, cell, play);
}

async function fill(contact, cell, play) {
  try {
    const answer = await fetch(`/api/calls/${encodeURIComponent(contact)}`);
    if (!answer.ok) throw new Error(answer.statusText);
    cell.replaceChildren(...story(await answer.json(), agents));
  } catch (error) {
    console.error(error);
    cell.replaceChildren(word("failed"));
    return;
  }
  if (play) cell.querySelector("audio")?.play();
}

function draw() {
  const items = [];
  for (const call of [...calls.values()].sort((a, b) => b.began_ns - a.began_ns)) {
    items.push(call);
    if (unfolded.has(call.contact)) items.push({ story: true, contact: call.contact });
  }
  rows.show(items, (item) => (item.story ? `story ${item.contact}` : item.contact));
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
  agents = names;
}

/** The newest calls; older ones that were fetched stay. */
export function show(news) {
  for (const call of news) calls.set(call.contact, call);
  if (news.length >= 50 && calls.size === news.length) byId("earlier").hidden = false;
  draw();
}

export function redraw() {
  rows.forget();
  for (const [contact, element] of unfolded) fill(contact, element.firstChild, false);
  draw();
}

byId("earlier").addEventListener("click", earlier);
