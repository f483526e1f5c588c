// SPDX-License-Identifier: GPL-2.0-only
// Queues now: who waits and how long, and whether anybody is there to take them.
import { Rows, byId, make, setText } from "./dom.js";
import { length, now } from "./figures.js";
import { Filter, take } from "./filter.js";
import { word } from "./words.js";

const queues = new Map();
const KINDS = { kind_waiting: (queue) => queue.waiting > 0, kind_unstaffed: (queue) => !queue.staffed };

const filter = new Filter(byId("queues-filter"), KINDS, (queue) => `${queue.name} ${queue.channel ?? ""}`, draw);

const rows = new Rows(byId("queues-rows"), (queue) => {
  const [look, mark] = alone(queue) ? ["bad", "▲"] : ["still", "○"];
  const slots = queue.channel ? make("span", { class: "quiet" }, ` ${word("slotsOf")}`) : "";
  const staffed = queue.staffed ? make("span", {}, String(queue.staffed), slots) : make("span", { class: `state ${look}` }, `${mark} ${word("nobody")}`);
  const oldest = queue.oldest_ns ? { "data-began": queue.oldest_ns } : {};
  return make("tr", { class: "call" },
    make("td", { title: queue.name }, queue.name, make("span", { class: "quiet" }, queue.channel ? ` ${queue.channel}` : "")),
    make("td", { class: "figure" }, ...callbacks(queue), queue.waiting ? make("span", { class: `state ${alone(queue) ? "bad" : "warn"}` }, String(queue.waiting)) : "0"),
    make("td", { class: "figure", ...oldest }, queue.oldest_ns ? length(now() - queue.oldest_ns) : "–"),
    make("td", { class: "figure" }, queue.expected_s === undefined ? "–" : length(queue.expected_s * 1e9)),
    make("td", { class: "figure" }, staffed),
    make("td", { class: "figure" }, String(queue.free ?? 0)), make("td", { class: "figure" }, String(queue.busy ?? 0)));
});

// Those who wait without a line are told apart: nobody's time on the phone passes.
function callbacks(queue) {
  return queue.callbacks ? [make("span", { class: "quiet" }, `${word("callbacks", { n: queue.callbacks })} `)] : [];
}

function alone(queue) {
  return queue.waiting > 0 && !queue.staffed;
}

function draw() {
  const all = [...queues.values()];
  rows.show(filter.chosen(all), (queue) => queue.name);
  const waiting = all.reduce((sum, queue) => sum + (queue.waiting ?? 0), 0);
  setText(byId("queues-count"), waiting ? word("inQueues", { n: waiting }) : "");
  const forsaken = all.filter(alone).length;
  byId("queues-alone").hidden = !forsaken;
  setText(byId("queues-alone"), `▲ ${word("alone", { n: forsaken })}`);
  byId("queues-empty").hidden = all.length > 0;
}

export function show(news) {
  take(queues, news, (queue) => queue.name);
  draw();
}

export function redraw() {
  rows.forget();
  filter.name();
  draw();
}
