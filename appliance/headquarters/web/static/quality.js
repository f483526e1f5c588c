// SPDX-License-Identifier: GPL-2.0-only
// How well a span has carried: what ails it, and its last 96 quarters of an hour as bars, the higher the worse (G.826).
import { make } from "./dom.js";
import { now } from "./figures.js";
import { language, word } from "./words.js";

const QUARTER_S = 900;
const QUARTERS = 96;
const READ_MS = 60_000;
const TOLD_S = 180; // by then a quarter that is over has been told and read
const LOOKS = { sound: ["good", "✓"], telco: ["bad", "▲"], cable: ["bad", "▲"], clock: ["warn", "▲"], host: ["warn", "▲"], configuration: ["warn", "▲"] };
const unfolded = new Set();
const known = new Map(); // by box and span: what was read, when, how often

const keyOf = (box, span) => `${box} ${span}`;

/** How often it was read: what is drawn changes with it. */
export function versionOf(box, span) {
  return known.get(keyOf(box, span))?.version ?? 0;
}

/** Read anew what is a minute old, of every span that has a verdict. */
export async function read(verdicts) {
  const due = verdicts.filter(({ box, span }) => !(known.get(keyOf(box, span))?.at > performance.now() - READ_MS));
  await Promise.all(due.map(({ box, span }) => readOne(box, span)));
}

async function readOne(box, span) {
  const before = known.get(keyOf(box, span));
  const mine = { at: performance.now(), version: (before?.version ?? 0) + 1, told: before?.told };
  known.set(keyOf(box, span), mine);
  try {
    const answer = await fetch(`/api/performance/${encodeURIComponent(box)}/${span}`);
    if (answer.ok) mine.told = await answer.json();
  } catch (error) {
    console.error(error); // the page's banner tells of a server that is gone
  }
}

/** What there is to be drawn below a span's timeslots. */
export function quality(box, span, verdict) {
  const told = known.get(keyOf(box, span))?.told;
  return [...(verdict?.window_s ? [judged(verdict)] : []), ...(told ? [strip(told), table(told, keyOf(box, span))] : [])];
}

function judged(verdict) {
  const [look, mark] = LOOKS[verdict.verdict] ?? ["warn", "?"];
  return make("p", { class: "verdict" },
    make("span", { class: `state ${look}` }, `${mark} ${word(`is_${verdict.verdict}`)}`), " ", language() === "en" ? verdict.sentence : verdict.chinese);
}

/** One quarter's state, its figures, and the seconds that nobody saw. */
function judge(quarter, startS) {
  const near = { seconds: 0, es: 0, ses: 0, bbe: 0, uas: 0, slips: 0, ...quarter?.near };
  const over = now() / 1e9 > startS + QUARTER_S + TOLD_S;
  const missing = over ? Math.max(0, QUARTER_S - near.seconds) : 0;
  const state = !near.seconds ? "unseen-quarter" : near.uas ? "unavailable" : near.ses ? "severe" : near.es ? "errored" : "clean";
  return { startS, state, missing, ...near, ppm: quarter?.clock_s ? quarter.ppm_mean : null };
}

function last(told) {
  const byStart = new Map(told.quarters.map((quarter) => [quarter.start_s, quarter]));
  const newest = Math.floor(now() / 1e9 / QUARTER_S) * QUARTER_S;
  return Array.from({ length: QUARTERS }, (_, n) => newest - (QUARTERS - 1 - n) * QUARTER_S).map((startS) => judge(byStart.get(startS), startS));
}

function moment(startS) {
  return new Date(startS * 1000).toLocaleTimeString(language(), { hour12: false, hour: "2-digit", minute: "2-digit" });
}

function figures(one) {
  const clock = one.ppm === null ? "" : ` · ${one.ppm.toFixed(1)} ppm`;
  return `ES ${one.es} · SES ${one.ses} · UAS ${one.uas} · BBE ${one.bbe} · ${word("slipped", { n: one.slips })} · ${word("missing", { n: one.missing })}${clock}`;
}

function strip(told) {
  const quarters = last(told);
  const count = (state) => quarters.filter((one) => one.state === state).length;
  const label = word("quarters", { errored: count("errored"), severe: count("severe"), unavailable: count("unavailable"), unseen: count("unseen-quarter") });
  return make("div", { class: "quarters", role: "img", "aria-label": label },
    ...quarters.map((one) => make("span", { class: one.state, title: `${moment(one.startS)} ${figures(one)}` })));
}

/** In words, what is not clean: the newest quarter first. */
function table(told, key) {
  const wrong = last(told).filter((one) => one.state !== "clean" && one.state !== "unseen-quarter").reverse();
  const list = wrong.length ? wrong.map((one) => make("li", {}, `${moment(one.startS)} ${word(one.state)}: ${figures(one)}`)) : [make("li", {}, word("allClean"))];
  const fold = (event) => (event.target.open ? unfolded.add(key) : unfolded.delete(key));
  return make("details", { class: "history", open: unfolded.has(key), ontoggle: fold }, make("summary", {}, word("history")), make("ul", {}, ...list));
}
