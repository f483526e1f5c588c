// SPDX-License-Identifier: GPL-2.0-only
// Branches, their spans, and each span's timeslots: a letter or shape for each state, the colour only beside it.
import { Rows, byId, make } from "./dom.js";
import { clock, now } from "./figures.js";
import { quality, read, versionOf } from "./quality.js";
import { word } from "./words.js";

const GONE_NS = 5e9;
const MARKS = { frame: "F", signal: "D", idle: "○", busy: "●", blocked: "×" };
let branches = [];
let peripherals = {};
let spans = [];
let verdicts = [];

const rows = new Rows(byId("branches"), (branch) => {
  const lines = branch.spans.map(drawSpan);
  return make("div", { class: "branch" },
    make("div", { class: "head" }, make("span", {}, branch.name || branch.box, " ", make("span", { class: "quiet" }, branch.name ? branch.box : "")), link(branch)),
    ...(lines.length ? lines : [make("p", { class: "quiet" }, word(branch.kind ? `peripheral_${branch.kind}` : "noSpans"))]));
});

function link(branch) {
  if (branch.well) return make("span", { class: "state good" }, "✓ ", word("connected"));
  const since = branch.since_ns ? ` ${word("since", { time: clock(branch.since_ns) })}` : "";
  return make("span", { class: "state bad" }, "✕ ", word(branch.since_ns ? "silent" : "never"), since);
}

function drawSpan(one) {
  const { span } = one;
  const marks = span.alarms.map((alarm) => make("span", { class: "state bad" }, `▲ ${alarm}`));
  if (!marks.length) marks.push(make("span", { class: "state good" }, `✓ ${word("noAlarm")}`));
  marks.push(make("span", { class: `state ${span.d_channel_up ? "good" : "bad"}` }, span.d_channel_up ? `✓ ${word("dUp")}` : `✕ ${word("dDown")}`));
  if (one.stale) marks.push(make("span", { class: "state warn" }, word("stale")));
  return make("div", { class: one.stale ? "span stale" : "span" },
    make("div", { class: "head" }, make("span", {}, `span ${span.span} · ${span.name}`), make("span", { class: "marks" }, ...marks)),
    slots(span), ...quality(one.box, span.span, one.verdict));
}

function slots(span) {
  const numbers = timeslots(span);
  const states = numbers.map((slot) => stateOf(span, slot));
  const count = (state) => states.filter((one) => one === state).length;
  const label = word("slots", { busy: count("busy"), idle: count("idle"), blocked: count("blocked") });
  return make("div", { class: "slots", role: "img", "aria-label": label },
    ...states.map((state, n) => make("span", { class: `slot ${state}`, title: word("slot", { n: numbers[n], state: word(state) }) }, make("b", {}, MARKS[state]), String(numbers[n]))));
}

// 0 to 31 of an E1; a T1 has none above 24, and its framing is in no timeslot.
function timeslots(span) {
  const t1 = Object.keys(span.channels).every((slot) => slot <= 24);
  return Array.from({ length: t1 ? 24 : 32 }, (_, n) => (t1 ? n + 1 : n));
}

function stateOf(span, slot) {
  if (slot === 0) return "frame";
  return span.channels[slot] ?? "signal";
}

function draw() {
  const heard = (ns) => now() - ns < GONE_NS;
  const items = branches.map(({ box, name, heard_ns }) => ({
    box, name, kind: peripherals[box], well: heard(heard_ns), since_ns: heard(heard_ns) ? null : heard_ns,
    spans: spans.filter((one) => one.box === box).map(({ span: { counters, ...span }, heard_ns: at }) => ({
      box, span, stale: !heard(at), version: versionOf(box, span.span), verdict: verdicts.find((told) => told.box === box && told.span === span.span),
    })),
  }));
  rows.show(items, (item) => item.box);
  byId("legend").textContent = items.some((item) => item.spans.length) ? word("legend") : branches.length ? "" : word("noBranches");
}

/** What each is that is no branch of ours, and has no lines to show. */
export function setPeripherals(kinds) {
  peripherals = kinds;
  draw();
}

export function showBranches(news) {
  branches = news;
  draw();
}

export function showSpans(news) {
  spans = news;
  draw();
}

export function showVerdicts(news) {
  verdicts = news;
  draw();
}

export function tick() {
  read(verdicts).then(draw);
}

export function redraw() {
  rows.forget();
  draw();
}
