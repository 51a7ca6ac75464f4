/** Single keys. Off where somebody types, where a modifier is held, and where this desk has switched them off. */

import { focusMap } from "../map/focus.ts";
import { takeFirst } from "../panels/alarm-strip.tsx";
import { deskOpen } from "../panels/desk.tsx";
import { FREE_REASON } from "../panels/sections/flight-orders.tsx";
import { incidentSections } from "../panels/sections/incident-sections.ts";
import { reasonOfKey, undoKind, verdictKindOf, verdictKinds } from "../reasons.ts";
import { mayNotJudge, mayNotTake } from "../rights.ts";
import { giveVerdict, step, take } from "./actions.ts";
import { aiming, flightSaid, orders, press, pressChoice, weighing } from "./flight.ts";
import { chosenNode } from "./map-state.ts";
import { callsForSomebody } from "./picture.ts";
import { singleKeys } from "./preferences.ts";
import {
  asking,
  helpOpen,
  me,
  rings,
  said,
  selected,
  selectedId,
  session,
  tab,
  videoAsked,
  work,
  workKeys,
} from "./store.ts";

function focusOn(id: string): void {
  requestAnimationFrame(() => {
    const element = document.getElementById(id);
    element?.scrollIntoView({ block: "nearest" });
    element?.focus({ preventScroll: true });
  });
}

function openSection(key: string): boolean {
  const section = incidentSections.find((candidate) => candidate.key === key);
  if (section !== undefined && document.getElementById(`section-${section.id}`) !== null) {
    if (section.id === "live") videoAsked.value = selectedId.value;
    tab.value = "incident";
    focusOn(`section-${section.id}`);
    return true;
  }
  return false;
}

/** Acts on a reason's key while one is asked for. */
function pickReason(key: string): boolean {
  if (asking.value === undefined) return false;
  const kind = verdictKindOf(asking.value, selected.value?.kind);
  const reason = reasonOfKey(kind, key);
  if (reason !== undefined) {
    void giveVerdict(kind.status, reason);
    return true;
  }
  if (key === "0") {
    focusOn("reason-text");
    return true;
  }
  return false;
}

/** Acts on a choice's key while a drone's order waits for its second act. */
function pickChoice(key: string): boolean {
  if (weighing.value === undefined) return false;
  if (/^[1-9]$/.test(key)) pressChoice(Number(key) - 1);
  else if (key === "0") focusOn(FREE_REASON);
  else return false;
  return true;
}

const flightKeys = new Set(["a", "p", "g", "h", "b", "l", "X"]);

/** Gives a drone's order by its key, or says why there is none to give. Upper case means with Shift. */
function pressOrder(key: string): boolean {
  if (!flightKeys.has(key) || document.getElementById("section-flight") === null) return false;
  const order = orders.value.find((one) => one.key === key);
  tab.value = "incident";
  if (order !== undefined) press(order);
  else flightSaid.value = { text: `Nothing done: ${key.toUpperCase()} means nothing to the drone now.`, failed: true };
  return true;
}

function stepBack(): void {
  if (workKeys.value?.("Escape")) return;
  if (aiming.value !== undefined) aiming.value = undefined;
  else if (weighing.value !== undefined) weighing.value = undefined;
  else if (asking.value !== undefined) asking.value = undefined;
  else if (helpOpen.value) helpOpen.value = false;
  else if (deskOpen.value) deskOpen.value = false;
  else if (chosenNode.value !== undefined) chosenNode.value = undefined;
  else if (rings.value) rings.value = false;
  if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
}

const acts: Record<string, () => void> = {
  j: () => step(1),
  k: () => step(-1),
  t: takeIt,
  m: focusMap,
  q: () => {
    tab.value = "queue";
    work.value = "incidents";
    document.querySelector<HTMLElement>(".rows")?.focus();
  },
  r: () => {
    rings.value = !rings.value;
  },
  n: () => {
    tab.value = "incident";
    focusOn("note-text");
  },
  "?": () => {
    helpOpen.value = !helpOpen.value;
    deskOpen.value = false;
  },
};

/** Opens the form that asks why, or says why there is none for this person. */
function askWhy(status: NonNullable<typeof asking.value>): void {
  tab.value = "incident";
  const refused = mayNotJudge(me.value);
  asking.value = refused === undefined ? status : undefined;
  said.value = refused === undefined ? undefined : { text: `Nothing done: it ${refused}.`, failed: true };
}

function takeIt(): void {
  const refused = mayNotTake(me.value);
  if (refused !== undefined) said.value = { text: `Nothing done: it ${refused}.`, failed: true };
  else void (selected.value !== undefined && callsForSomebody(selected.value) ? take() : takeFirst());
}

/** True where the key did something. */
export function pressed(key: string): boolean {
  if (workKeys.value?.(key) || pickChoice(key) || pickReason(key)) return true;
  const verdict = verdictKinds.find((kind) => kind.key === key);
  if (verdict !== undefined && selected.value !== undefined) {
    askWhy(verdict.status);
    return true;
  }
  if (key === undoKind.key && selected.value !== undefined && selected.value.status !== "unreviewed") {
    askWhy(undoKind.status);
    return true;
  }
  if (openSection(key) || pressOrder(key)) return true;
  if (key === "v") {
    // One that comes later is asked for at once.
    videoAsked.value = selectedId.value;
    said.value = { text: "No camera, drone, robot or caller is there for this incident.", failed: false };
    return true;
  }
  const act = acts[key];
  act?.();
  return act !== undefined;
}

/** Listens until `until` ends. */
export function listenToKeys(until: AbortSignal): void {
  addEventListener(
    "keydown",
    (event) => {
      if (!session.value || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.key === "Escape") return stepBack();
      const target = event.target as HTMLElement | null;
      const typing = target?.closest(
        "input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]",
      );
      if (typing || (event.repeat && !/^[jk]$/i.test(event.key))) return;
      if (singleKeys.value === "off" && event.key !== "?") return;
      // The stop lands a drone where it is: no key that is struck by mistake alone may do that.
      const key = event.key.toLowerCase();
      if (pressed(event.shiftKey && key === "x" ? "X" : key)) event.preventDefault();
    },
    { signal: until },
  );
}
