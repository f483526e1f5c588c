// SPDX-License-Identifier: GPL-2.0-only
// A branch's configuration in a form: checked as it is filled in, and shown as the file that it makes.
import { byId, make, setText } from "./dom.js";
import { Form } from "./form.js";
import { language, speak, word } from "./words.js";

const KEPT = "branchline.configuration";
const REST_MS = 250;
const EMPTY = () => ({ role: "branch" });
let form;
let asked = 0;
let timer;
let last = { text: "", faults: [], variables: 0 };

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? EMPTY();
  } catch {
    return EMPTY();
  }
}

function draw() {
  const focused = document.activeElement?.id;
  byId("form").replaceChildren(...form.draw());
  if (focused) document.getElementById(focused)?.focus();
  showFaults();
}

function changed(anew) {
  localStorage.setItem(KEPT, JSON.stringify(form.data));
  if (anew) draw();
  clearTimeout(timer);
  timer = setTimeout(check, REST_MS);
}

async function tell(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json()).detail ?? answer.statusText);
  return answer.json();
}

async function check() {
  const mine = ++asked;
  try {
    const found = await tell("/api/configuration/check", form.data);
    if (mine !== asked) return;
    last = found;
    setText(byId("health"), "");
  } catch (error) {
    console.error(error);
    setText(byId("health"), word("failed"));
    return;
  }
  setText(byId("file"), last.text);
  showFaults();
}

/** Where the path is filled in, else the nearest block above it that is drawn. */
function field(path) {
  for (let depth = path.length; depth; depth--) {
    const name = JSON.stringify(path.slice(0, depth));
    const found = [...document.querySelectorAll("[data-path]")].find((one) => one.dataset.path === name);
    if (found) return found;
  }
  return null;
}

function showFaults() {
  for (const one of document.querySelectorAll(".field.wrong")) {
    one.classList.remove("wrong");
    one.querySelector(".fault").hidden = true;
  }
  for (const { path, sentence } of last.faults) {
    const place = field(path);
    if (!place?.classList.contains("field")) continue;
    place.classList.add("wrong");
    place.querySelector(".fault").hidden = false;
    setText(place.querySelector(".fault"), sentence);
  }
  byId("faults").replaceChildren(...last.faults.map(({ path, sentence }) => make("li", {},
    make("button", { type: "button", onclick: () => goTo(path) }, make("span", { class: "where" }, path.map((key) => (typeof key === "number" ? key + 1 : key)).join(" ") || "–"), sentence))));
  setText(byId("faults-count"), last.faults.length ? String(last.faults.length) : "");
  setText(byId("faults-empty"), word(last.variables ? "noFaultsBut" : "noFaults", { n: last.variables }));
  byId("faults-empty").hidden = last.faults.length > 0;
}

function goTo(path) {
  for (let depth = 1; depth <= path.length; depth++) form.open.add(JSON.stringify(path.slice(0, depth)));
  draw();
  const place = field(path);
  place?.scrollIntoView({ block: "center" });
  place?.querySelector("input, select, summary")?.focus();
}

function begin(data) {
  form = new Form(form.tree, data, changed);
  changed(true);
}

async function openText() {
  try {
    const found = await tell("/api/configuration/open", byId("open-text").value);
    const fault = found.faults[0];
    setText(byId("open-fault"), fault ? word("faultAtLine", { line: fault.line, sentence: fault.sentence }) : "");
    if (!fault && (found.data === null || typeof found.data !== "object" || Array.isArray(found.data))) setText(byId("open-fault"), word("noKeys"));
    else if (!fault) begin(found.data);
  } catch (error) {
    console.error(error);
    setText(byId("open-fault"), word("failed"));
  }
}

function save() {
  const link = make("a", { href: URL.createObjectURL(new Blob([last.text], { type: "text/yaml" })), download: `${form.data.box?.includes("$") ? "template" : form.data.box ?? "branch"}.yaml` });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function copy() {
  await navigator.clipboard.writeText(last.text);
  setText(byId("copied"), word("copied"));
}

function say() {
  document.documentElement.lang = language();
  document.title = `Branchline · ${word("branchFile")}`;
  for (const element of document.querySelectorAll("[data-word]")) setText(element, word(element.dataset.word));
  byId("open-text").placeholder = word("openHint");
  draw();
}

async function start() {
  const tree = await (await fetch("/api/configuration/form")).json();
  delete tree.fields.role;
  form = new Form(tree, kept(), changed);
  byId("language").value = language();
  byId("language").addEventListener("change", (event) => {
    speak(event.target.value);
    say();
  });
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("copy").addEventListener("click", copy);
  byId("save").addEventListener("click", save);
  byId("open").addEventListener("click", openText);
  byId("empty").addEventListener("click", () => begin(EMPTY()));
  byId("open-file").addEventListener("change", async (event) => {
    byId("open-text").value = (await event.target.files[0]?.text()) ?? "";
    openText();
  });
  say();
  check();
}

start();
