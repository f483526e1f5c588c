// SPDX-License-Identifier: GPL-2.0-only
// Today's statistics: of queues, call types, agents or trunks, services, teams or sites, by the day or parts of it, with the service level in the form that is named.
import { Rows, byId, make, setText } from "./dom.js";
import { clock, length } from "./figures.js";
import { word } from "./words.js";

const EVERY_MS = 15_000;
const MOST = 300;
const KINDS = ["queue", "call-type", "agent", "trunk", "service", "team", "site"];
const WIDTHS = ["day", "30m", "15m", "5m"];
const FORMS = ["ignored", "negative", "positive", "handled"];
const chosen = { kind: KINDS[0], width: WIDTHS[0], form: FORMS[0] };
let told = [];
let asked = 0;

const seconds = (ms) => (ms === null ? "–" : length(ms * 1e6));
const figure = (text) => make("td", { class: "figure" }, String(text));

const rows = new Rows(byId("reports-rows"), (row) => make("tr", {},
  make("td", {}, clock(row.start_ns)), make("td", {}, row.name || "–"),
  figure(row.offered), figure(row.answered), figure(row.abandoned_ivr + row.abandoned_queue + row.abandoned_ringing), figure(row.transferred),
  figure(levelled() && row[`service_level_${chosen.form}`] !== null ? `${row[`service_level_${chosen.form}`]} %` : "–"),
  figure(seconds(row.average_answer_wait_ms)), figure(seconds(row.average_handle_ms))));

/** Agents, trunks and groups of agents have no service level. */
function levelled() {
  return ["queue", "call-type", "service"].includes(chosen.kind);
}

function select(name, values) {
  const options = values.map((value) => make("option", { value, selected: chosen[name] === value }, word(`${name}_${value}`)));
  const change = (event) => {
    chosen[name] = event.target.value;
    ask();
  };
  return make("label", {}, make("span", { class: "quiet" }, word(`by_${name}`)), " ", make("select", { onchange: change }, ...options));
}

function midnight(days) {
  const day = new Date();
  day.setHours(24 * days, 0, 0, 0);
  return `${day.getTime()}000000`;
}

async function ask() {
  const mine = ++asked;
  const query = `from_ns=${midnight(0)}&to_ns=${midnight(1)}&interval=${chosen.width}`;
  try {
    const answer = await fetch(`/api/intervals/${chosen.kind}?${query}`);
    if (!answer.ok) throw new Error(answer.statusText);
    const found = await answer.json();
    if (mine !== asked) return;
    told = found.sort((a, b) => b.start_ns - a.start_ns || a.name.localeCompare(b.name)).slice(0, MOST);
    const share = answer.headers.get("X-Counted");
    setText(byId("reports-note"), share ? word("countedAnew", { n: Math.floor(share * 100) }) : "");
  } catch (error) {
    console.error(error);
    if (mine === asked) setText(byId("reports-note"), word("failed"));
  }
  draw();
}

function draw() {
  rows.forget();
  rows.show(told, (row) => `${row.start_ns} ${row.name}`);
  byId("reports-empty").hidden = told.length > 0;
  setText(byId("reports-form"), levelled() ? word(`formula_${chosen.form}`) : "");
}

export function redraw() {
  byId("reports-choice").replaceChildren(select("kind", KINDS), select("width", WIDTHS), select("form", FORMS));
  draw();
}

ask();
setInterval(() => document.hidden || ask(), EVERY_MS);
