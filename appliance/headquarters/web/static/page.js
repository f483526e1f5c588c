// SPDX-License-Identifier: GPL-2.0-only
// The page: listens to the stream of sections and hands each to its part. Everything shown came from there.
import * as agents from "./agents.js";
import * as alarms from "./alarms.js";
import * as before from "./before.js";
import { setCauses } from "./causes.js";
import { byId, make, setText } from "./dom.js";
import { clock, setClock } from "./figures.js";
import * as lines from "./lines.js";
import * as now from "./now.js";
import * as queues from "./queues.js";
import * as reports from "./reports.js";
import * as voicemail from "./voicemail.js";
import { language, speak, word } from "./words.js";

const SILENCE_MS = 3000;
let heardAt = 0;
let health = null;
let wellAt = Date.now(); // when nothing was wrong last

const SECTIONS = {
  site(site) {
    byId("box").textContent = site.box;
    now.setSite(site.agents, site.channels);
    lines.setPeripherals(site.peripherals);
    before.setAgents(site.agents);
    agents.setTeams(site.teams);
    setCauses(site.causes);
    redraw();
  },
  health(news) {
    health = news;
    setClock(news.now_ns);
  },
  branches(news) {
    lines.showBranches(news);
    agents.setBranches(news);
  },
  spans: lines.showSpans,
  verdicts: lines.showVerdicts,
  alarms: alarms.show,
  queues: queues.show,
  agents: agents.show,
  now: now.show,
  before: before.show,
  voicemail: voicemail.show,
};

function listen() {
  const stream = new EventSource("/live");
  for (const [name, show] of Object.entries(SECTIONS)) {
    stream.addEventListener(name, (event) => {
      heardAt = Date.now();
      show(JSON.parse(event.data));
      judge();
    });
  }
  stream.addEventListener("error", judge);
}

/** The banner names the nearest thing that is wrong: this page's link, headquarters, the record. */
function judge() {
  const lost = Date.now() - heardAt > SILENCE_MS;
  let wrong = null;
  if (lost) wrong = "bannerPage";
  else if (health && !health.headquarters) wrong = "bannerHeadquarters";
  else if (health && !health.record) wrong = "bannerRecord";
  if (wrong === null) wellAt = Date.now();
  document.body.dataset.stale = lost ? "all" : wrong === "bannerHeadquarters" ? "live" : "";
  byId("banner").hidden = wrong === null || (heardAt === 0 && performance.now() < SILENCE_MS);
  setText(byId("banner"), wrong ? word(wrong, { time: clock((lost && heardAt ? heardAt : wellAt) * 1e6) }) : "");
  const look = lost ? ["bad", "✕", "lost"] : wrong ? ["warn", "◐", "partly"] : ["good", "●", "live"];
  if (byId("health").dataset.look !== look[2] + language()) {
    byId("health").dataset.look = look[2] + language();
    byId("health").replaceChildren(make("span", { class: `state ${look[0]}` }, `${look[1]} ${word(look[2])}`));
  }
}

function redraw() {
  document.documentElement.lang = language();
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const part of [queues, agents, reports, now, voicemail, before, lines, alarms]) part.redraw();
  judge();
}

byId("language").value = language();
byId("language").addEventListener("change", (event) => {
  speak(event.target.value);
  redraw();
});
redraw();
listen();
// What is not known any more grows no older.
setInterval(() => {
  judge();
  const { stale } = document.body.dataset;
  if (stale !== "all") now.tick(stale ? byId("now") : document);
  lines.tick();
}, 500);
