// SPDX-License-Identifier: GPL-2.0-only
// One call's story: its sound, every route decision with its reason and what followed, its legs.
import { cause } from "./causes.js";
import { make } from "./dom.js";
import { clock } from "./figures.js";
import { agentName } from "./names.js";
import { knows, word } from "./words.js";

export function story(call, agents) {
  return [
    ...call.recordings.flatMap(sound),
    make("h3", {}, word("decisions")),
    call.decisions.length ? make("ol", { class: "decisions" }, ...call.decisions.map((one) => decision(one, agents))) : make("p", {}, word("noDecisions")),
    ...(call.transfers.length ? [make("h3", {}, word("transfers")), make("ol", { class: "decisions" }, ...call.transfers.map((one) => transfer(one, agents)))] : []),
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

function decision(one, agents) {
  const fact = (name, ...text) => [make("dt", {}, word(name)), make("dd", {}, ...text)];
  const values = Object.entries(one.compared).map(([name, value]) => `${name} = ${value === "" ? "∅" : value}`).join("; ");
  const how = [word(`by_${one.by}`), word("took", { ms: one.latency_ms.toFixed(1) }), one.script && word("script", one)];
  return make("li", {},
    make("span", { class: "at" }, clock(one.at_ns)),
    make("span", {}, `${word(`out_${one.outcome}`)} → `, make("span", { class: "why" }, action(one.action, agents))),
    make("dl", {},
      ...fact("reason", one.reason),
      ...(one.candidates.length ? fact("candidates", candidates(one, agents)) : []),
      ...(one.followed.length ? fact("followed", one.followed.map(step).join(" · ")) : []),
      ...(one.path.length ? fact("path", one.path.join(" → ")) : []),
      ...(values ? fact("compared", values) : []),
      ...(one.queues.length ? fact("waits_in", one.queues.join(", ")) : []),
      ...fact("decidedBy", how.filter(Boolean).join(" · "))));
}

function action(action, agents) {
  const known = { ...action, agent: agentName(action.agent, agents), cause: action.cause && cause(action.cause) };
  return word(`do_${kindOf(action)}`, known);
}

// Of a channel that is no telephone's an agent has no extension; a label with an agent is a translation route's.
function kindOf(action) {
  if (action.do === "label" && action.agent) return "label-agent";
  if (action.do === "treat" && action.verbs?.length && action.verbs.every((verb) => verb.verb === "music")) return "wait";
  if (action.do !== "ring-agent") return action.do;
  return !action.agent ? "ring-extension" : action.extension ? "ring-agent" : "offer-agent";
}

// Who has handed the caller on, to which number, and what came of it.
function transfer(one, agents) {
  const known = { by: agentName(one.by, agents), to: one.to };
  const whom = one.agent && one.agent !== one.to ? ` · ${agentName(one.agent, agents)}` : "";
  return make("li", {},
    make("span", { class: "at" }, clock(one.at_ns)),
    make("span", {}, `${word(one.blind ? "transfer_blind" : "transfer_consult", known)} → ${word(`transfer_${one.outcome || "open"}`)}${whom}`),
    one.reason && make("span", { class: "quiet" }, ` ${one.reason}`));
}

// The agents that were looked at, queue by queue: ✓ chosen, ○ could have been, ✕ could not, and why.
function candidates(one, agents) {
  return make("table", { class: "candidates" }, make("tbody", {}, ...one.candidates.map((seen, n) => {
    const mark = seen.chosen ? "✓" : seen.verdict.startsWith("available") ? "○" : "✕";
    return make("tr", { class: seen.chosen ? "chosen" : null },
      make("th", { scope: "row" }, seen.queue === one.candidates[n - 1]?.queue ? "" : seen.queue),
      make("td", {}, `${mark} ${agentName(seen.agent, agents)}`), make("td", {}, seen.chosen ? `${word("chosen")} · ` : "", verdict(seen.verdict)));
  })));
}

function verdict(text) {
  const [, seconds] = text.match(/^available for (\d+) s$/) ?? [];
  if (seconds) return word("availableFor", { s: seconds });
  const [, channel, beside] = text.match(/^no (\S+) beside (\S+)$/) ?? [];
  if (channel) return word("noneBeside", { channel, beside });
  const [kind, ...reason] = text.split(" ("); // "not-ready (lunch)"
  return [knows(`state_${kind}`) ? word(`state_${kind}`) : kind, ...reason].join(" (");
}

function step(one) {
  const known = { ...one, by: word(`${one.by}_by`), cause: cause(one.cause), outcome: word(`out_${one.outcome}`) };
  return `+${(one.after_ns / 1e9).toFixed(1)} s ${word(`then_${one.what}`, known)}`;
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
