/** Which language the page speaks: the one chosen, else the first of the browser's that it knows, else that of the link. */
import type { Language } from "#contract/caller.ts";
import { ar } from "./words/ar.ts";
import { de } from "./words/de.ts";
import { en } from "./words/en.ts";
import { es } from "./words/es.ts";
import { fr } from "./words/fr.ts";
import { ko } from "./words/ko.ts";
import type { Words } from "./words/words.ts";
import { zh } from "./words/zh.ts";

export const allWords: Record<Language, Words> = { en, ko, es, de, fr, zh, ar };

export const directionOf = (language: Language): "rtl" | "ltr" => (language === "ar" ? "rtl" : "ltr");

/** @param wanted BCP 47 tags in order of liking, as `navigator.languages` has them. */
export function languageFor(wanted: readonly string[], otherwise: Language): Language {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split("-")[0] ?? "";
    if (base in allWords) return base as Language;
  }
  return otherwise;
}
