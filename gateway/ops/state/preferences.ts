/** What this desk prefers, kept in the browser: appearance and alarm sound. */
import { effect, signal } from "@preact/signals";
import type { AlarmSound } from "../sound.ts";

export type Appearance = "auto" | "light" | "dark" | "sunlight";
export const appearances: readonly { id: Appearance; label: string; why: string }[] = [
  { id: "auto", label: "Auto", why: "follows this computer" },
  { id: "light", label: "Day", why: "light" },
  { id: "dark", label: "Night", why: "dark" },
  { id: "sunlight", label: "Sunlight", why: "highest contrast" },
];

function kept<T extends string>(key: string, allowed: readonly T[], fallback: T) {
  let first = fallback;
  try {
    const stored = localStorage.getItem(`tocsin.${key}`) as T | null;
    if (stored !== null && allowed.includes(stored)) first = stored;
  } catch {
    // A browser that forbids storage still works; it only forgets.
  }
  const value = signal<T>(first);
  effect(() => {
    try {
      localStorage.setItem(`tocsin.${key}`, value.value);
    } catch {
      // As above.
    }
  });
  return value;
}

export const appearance = kept<Appearance>("appearance", ["auto", "light", "dark", "sunlight"], "auto");
export const alarmSound = kept<AlarmSound>("alarm", ["two-tone", "bell", "off"], "two-tone");

const darkQuery = matchMedia("(prefers-color-scheme: dark)");
const contrastQuery = matchMedia("(prefers-contrast: more)");
const systemDark = signal(darkQuery.matches);
const systemContrast = signal(contrastQuery.matches);
darkQuery.addEventListener("change", () => (systemDark.value = darkQuery.matches));
contrastQuery.addEventListener("change", () => (systemContrast.value = contrastQuery.matches));

export type Theme = "light" | "dark" | "sunlight";

/** The theme in force. */
export function theme(): Theme {
  if (appearance.value !== "auto") return appearance.value;
  if (systemDark.value) return "dark";
  return systemContrast.value ? "sunlight" : "light";
}

export const reducedMotion = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** How much larger than usual the browser's letters are set; 2 at 200 %. */
export const textScale = (): number => Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

/** Single-key shortcuts can be switched off (WCAG 2.2, 2.1.4): people who dictate would set them off by speaking. */
export const singleKeys = kept<"on" | "off">("single-keys", ["on", "off"], "on");
