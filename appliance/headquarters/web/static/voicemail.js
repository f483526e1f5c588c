// SPDX-License-Identifier: GPL-2.0-only
// Messages of callers, the newest first; hidden while there are none. A message that plays goes on when news comes.
import { Rows, byId, make, setText } from "./dom.js";
import { length, moment } from "./figures.js";
import { word } from "./words.js";

let messages = [];
const playing = new Map();

const rows = new Rows(byId("voicemail-rows"), row);

function row(message) {
  const label = `${word("play")} ${message.mailbox} ${moment(message.at_ns)} ${message.clid ?? ""}`;
  const cell = make("td", {}, message.here ? (playing.get(message.recording) ?? button(message, label)) : absent(message));
  const [look, state] = message.heard_ns ? ["quiet", "heard"] : ["state warn", "unheard"];
  return make("tr", {},
    make("td", {}, message.mailbox), make("td", {}, moment(message.at_ns)), make("td", {}, message.clid ?? "–"),
    make("td", { class: "figure" }, length(message.samples && message.samples * 125_000)), // 8,000 samples a second
    make("td", {}, make("span", { class: look }, word(state))), cell);
}

function absent(message) {
  return message.failure ? word("soundFailed", { why: message.failure }) : word("onItsWay");
}

function button(message, label) {
  const begin = make("button", { type: "button", class: "play", "aria-label": label, onclick: () => play(message, begin, label) }, make("span", { "aria-hidden": "true" }, "▶"));
  return begin;
}

function play(message, begin, label) {
  const sound = make("audio", { controls: true, preload: "metadata", src: `/recordings/${encodeURIComponent(message.recording)}.wav`, "aria-label": label });
  playing.set(message.recording, sound);
  begin.replaceWith(sound);
  sound.play();
}

export function show(news) {
  messages = news;
  const here = new Set(news.map((message) => message.recording));
  for (const name of playing.keys()) if (!here.has(name)) playing.delete(name);
  draw();
}

function draw() {
  byId("voicemail").hidden = messages.length === 0;
  const unheard = messages.filter((message) => !message.heard_ns).length;
  setText(byId("voicemail-count"), unheard ? word("newMessages", { n: unheard }) : "");
  rows.show(messages, (message) => message.recording);
}

export function redraw() {
  rows.forget();
  draw();
}
