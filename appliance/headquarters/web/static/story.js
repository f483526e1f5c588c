// SPDX-License-Identifier: GPL-2.0-only
// One call's story: its sound, every route decision with its reason, its legs.
import { cause } from "./causes.js";
import { make } from "./dom.js";
import { clock } from "./figures.js";
import { agentName } from "./now.js";
import { word } from "./words.js";

export function story(call, agents) {
  return [
    ...call.recordings.flatMap(sound),
    make("h3", {}, word("decisions")),
    call.decisions.length ? make("ol", { class: "decisions" }, ...call.decisions.map(decision)) : make("p", {}, word("noDecisions")),
    make("h3", {}, word("legs")),
    legs(call.legs, agents),
    make("p", { class: "name" }, call.contact),
  ];
}

function sound(recording) {
  const about = recording.failure ? word("soundFailed", { why: recording.failure }) : word("soundComing");
  if (!recording.here) return [make("p", { class: "quiet" }, about)];
  const missing = recording.lost_samples ? ` · ${word("soundLost", { n: recording.lost_samples })}` : "";
  const source = `/recordings/${encodeURIComponent(recording.recording)}.wav`;
  return [make("h3", {}, word("soundOf") + missing), make("audio", { controls: true, preload: "metadata", src: source, "aria-label": word("soundOf") })];
}

function decision(one) {
  const action = word(`do_${one.action.do}`, { ...one.action, cause: one.action.cause && cause(one.action.cause) });
  const values = Object.entries(one.compared).map(([name, value]) => `${name} = ${value === "" ? "∅" : value}`).join("; ");
  const how = [
    word(`by_${one.by}`), word("took", { ms: one.latency_ms.toFixed(1) }),
    one.path.length && word("path", { path: one.path.join(" → ") }),
    one.script && word("script", one), values && word("compared", { values }),
  ];
  return make("li", {},
    make("span", { class: "at" }, clock(one.at_ns)),
    make("span", {}, `${word(`out_${one.outcome}`)} → `, make("span", { class: "why" }, action)),
    make("span", { class: "how" }, one.reason),
    make("span", { class: "how" }, how.filter(Boolean).join(" · ")));
}

function legs(all, agents) {
  const heads = ["direction", "channel", "agent", "began", "answered", "ended", "cause"];
  const row = (leg) => make("tr", {},
    make("td", {}, word(leg.direction ?? "unknown")), make("td", {}, leg.channel ?? "–"), make("td", {}, agentName(leg.agent, agents)),
    make("td", {}, clock(leg.began_ns)), make("td", {}, clock(leg.connected_ns)), make("td", {}, clock(leg.ended_ns)),
    make("td", {}, leg.cause === null ? "–" : `${cause(leg.cause)} · ${word(`${leg.by}_by`)}`));
  return make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, word(head))))),
    make("tbody", {}, ...all.map(row)));
}
