// SPDX-License-Identifier: GPL-2.0-only
// Agents now: state, reason, since when. In their own order, so that nobody moves while being looked at; those who are
// logged out come last.
import { Rows, byId, make, setText } from "./dom.js";
import { length, moment, now } from "./figures.js";
import { Filter, take } from "./filter.js";
import { word } from "./words.js";

const DRAWN = 100;
const LOOKS = {
  available: ["good", "✓"], reserved: ["warn", "☎"], busy: ["busy", "●"], "wrap-up": ["warn", "✎"], interrupted: ["warn", "‖"], "not-ready": ["still", "◐"], "logged-out": ["still", "○"],
};
const KINDS = Object.fromEntries(Object.keys(LOOKS).map((state) => [`state_${state}`, (agent) => [agent, ...(agent.channels ?? [])].some((one) => one.state === state)]));
const agents = new Map();
let branches = {};
let teams = {};
let all = false;

const filter = new Filter(byId("agents-filter"), KINDS, text, draw);

const rows = new Rows(byId("agents-rows"), ({ agent, branch }) => {
  const since = agent.since_ns ? { "data-began": agent.since_ns, title: moment(agent.since_ns) } : {};
  return make("tr", { class: "call" },
    make("td", { title: `${agent.name} ${agent.agent}` }, agent.name, make("span", { class: "quiet" }, ` ${agent.agent}`), team(agent)),
    make("td", {}, agent.extension), make("td", { title: branch }, branch),
    make("td", { title: more(agent) || null }, ...state(agent)),
    make("td", { class: "figure", ...since }, agent.since_ns ? length(now() - agent.since_ns) : "–"),
    make("td", { class: "channels" }, ...(agent.channels ?? []).map(channel)),
    make("td", { class: "queues", title: (agent.queues ?? []).join(" · ") }, (agent.queues ?? []).join(" · ") || "–"));
});

function team(agent) {
  return teams[agent.agent] ? make("span", { class: "quiet" }, ` · ${teams[agent.agent]}`) : "";
}

function state(one) {
  const [look, mark] = LOOKS[one.state] ?? ["still", "?"];
  const then = one.then ? make("span", { class: "quiet" }, ` → ${words(one.then)}`) : "";
  const badge = make("span", { class: `state ${look}` }, make("span", { "aria-hidden": "true" }, mark), word(`state_${one.state}`));
  return [badge, ["reserved", "busy"].includes(one.state) ? contact(one.agent) : "", one.reason ? ` ${one.reason}` : "", then];
}

// The reason, and what will be so after this work, where a column is too narrow for them.
function more(one) {
  return [one.reason, one.then && `→ ${words(one.then)}`].filter(Boolean).join(" ");
}

// In the looks of its state, whose name is told to who points at it or hears it: three of them stand in one line.
function channel(one) {
  const [look, mark] = LOOKS[one.state] ?? ["still", "?"];
  const told = `${one.channel}: ${[word(`state_${one.state}`), more(one), one.since_ns && word("since", { time: moment(one.since_ns) })].filter(Boolean).join(" ")}`;
  return make("span", { class: `state ${look}`, title: told, role: "img", "aria-label": `${told}, ${one.at_work ?? 0}/${one.slots}` }, mark, ` ${one.channel} ${one.at_work ?? 0}/${one.slots}`);
}

// What the agent has before them, asked for when it is unfolded.
function contact(agent) {
  const facts = make("dl", { "aria-live": "polite" });
  return make("details", { class: "contact", ontoggle: ({ target }) => target.open && fill(agent, facts) }, make("summary", {}, word("contactNow")), facts);
}

async function fill(agent, facts) {
  const fact = (name, text) => [make("dt", {}, name), make("dd", {}, text)];
  try {
    const answer = await fetch(`/api/agents/${encodeURIComponent(agent)}/contact`);
    if (!answer.ok) throw new Error(answer.statusText);
    const now = await answer.json();
    const known = { caller: now.clid, called: now.dnis, callType: now.call_type, digits: now.ced };
    facts.replaceChildren(
      ...Object.entries(known).flatMap(([name, text]) => (text ? fact(word(name), text) : [])),
      ...Object.entries(now.fields ?? {}).flatMap(([name, text]) => fact(name, text || "–")),
      ...(now.transfers ?? []).flatMap((by) => fact(word("handedOnBy"), by)),
      ...(now.notes ?? []).flatMap((note) => fact(word("noteOf", note), note.text)));
  } catch (error) {
    console.error(error);
    facts.replaceChildren(make("dd", {}, word("noContact")));
  }
}

// "not-ready: lunch", as it will be after the call.
function words(then) {
  const [state, ...reason] = then.split(": ");
  return [word(`state_${state}`), ...reason].join(" ");
}

function text(agent) {
  return [agent.name, agent.agent, agent.extension, agent.reason ?? "", branchOf(agent), ...(agent.queues ?? []), ...(agent.channels ?? []).map((one) => one.channel), teams[agent.agent] ?? ""].join(" ");
}

function branchOf(agent) {
  return branches[agent.box] || agent.box;
}

function draw() {
  const known = [...agents.values()];
  const out = (agent) => Number(agent.state === "logged-out");
  const chosen = [...filter.chosen(known)].sort((a, b) => out(a) - out(b));
  const drawn = all ? chosen : chosen.slice(0, DRAWN);
  rows.show(drawn.map((agent) => ({ agent, branch: branchOf(agent) })), ({ agent }) => agent.agent);
  const here = known.filter((agent) => !out(agent)).length;
  setText(byId("agents-count"), known.length ? word("inStates", { n: here, all: known.length }) : "");
  byId("agents-empty").hidden = known.length > 0;
  byId("agents-more").hidden = drawn.length === chosen.length;
  setText(byId("agents-more"), word("showAll", { n: chosen.length }));
}

/** Branches are told each second; their names hardly ever change. */
export function setBranches(news) {
  const names = Object.fromEntries(news.map((branch) => [branch.box, branch.name]));
  if (JSON.stringify(names) === JSON.stringify(branches)) return;
  branches = names;
  draw();
}

/** Who is of which team; told once, before all is drawn anew. */
export function setTeams(told) {
  teams = told;
}

export function show(news) {
  take(agents, news, (agent) => agent.agent);
  draw();
}

export function redraw() {
  rows.forget();
  filter.name();
  draw();
}

byId("agents-more").addEventListener("click", () => {
  all = true;
  draw();
});
