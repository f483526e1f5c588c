// SPDX-License-Identifier: GPL-2.0-only
// Times and lengths. Times come as UTC nanoseconds and are shown in this computer's zone.
import { language } from "./words.js";

let ahead = 0; // headquarters' clock less this computer's, in ms

export function setClock(nowNs) {
  ahead = nowNs / 1e6 - Date.now();
}

/** Now, by headquarters' clock, in ns. */
export function now() {
  return (Date.now() + ahead) * 1e6;
}

export function clock(ns) {
  return ns ? new Date(ns / 1e6).toLocaleTimeString(language(), { hour12: false }) : "–";
}

/** The time, with the date where it is not today. */
export function moment(ns) {
  if (!ns) return "–";
  const date = new Date(ns / 1e6);
  const today = date.toDateString() === new Date(now() / 1e6).toDateString();
  const day = date.toLocaleDateString(language(), { month: "2-digit", day: "2-digit" });
  return today ? clock(ns) : `${day} ${clock(ns)}`;
}

/** m:ss, or h:mm:ss. */
export function length(ns) {
  if (ns === null || ns === undefined || Number.isNaN(ns)) return "–";
  const seconds = Math.max(0, Math.round(ns / 1e9));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
