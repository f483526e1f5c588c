// SPDX-License-Identifier: GPL-2.0-only
// Q.850 causes in words, as headquarters knows them; the number is always shown beside them.
import { language } from "./words.js";

let names = {};

export function setCauses(news) {
  names = news;
}

export function cause(number) {
  const words = names[number];
  return words ? `${language() === "en" ? words[0] : words[1]} (${number})` : `(${number})`;
}
