/** What the caller allows, each for itself, and takes back. Stopped here at once, whatever the link does; the gateway ends its side too. */
import type { ConsentItem } from "#contract/caller.ts";
import { mediaEvents, startMedia, stopMedia } from "./media.ts";
import * as s from "./state.ts";
import { line, say } from "./talk.ts";
import { Whereabouts } from "./whereabouts.ts";

const whereabouts = new Whereabouts();
mediaEvents.blocked = (item) => {
  if (s.consent.value[item] === "granted") onBlocked(item, "lost");
};

export async function allow(item: ConsentItem): Promise<void> {
  s.consent.value = { ...s.consent.value, [item]: "granted" };
  say({ kind: "consent", item, state: "granted" });
  await start(item);
}

export function refuse(item: ConsentItem): void {
  const state = s.consent.value[item] === "granted" ? "withdrawn" : "refused";
  s.consent.value = { ...s.consent.value, [item]: state };
  if (item === "position") {
    stopPosition();
    line.queue.forget("position");
  } else stopMedia(item);
  say({ kind: "consent", item, state });
}

/** After a reload, what was allowed before goes on. */
export async function resume(): Promise<void> {
  for (const item of ["position", "video", "voice"] as const)
    if (s.consent.value[item] === "granted") await start(item);
}

export function stopPosition(): void {
  whereabouts.stop();
  s.accuracyM.value = undefined;
}

async function start(item: ConsentItem): Promise<void> {
  dismissBlocked(item);
  if (item !== "position") {
    if (!(await startMedia(item))) onBlocked(item, "asked");
    return;
  }
  whereabouts.start({
    fix: (fix) => {
      s.accuracyM.value = fix.accuracyM;
      line.say(fix);
    },
    refused: () => onBlocked("position", "asked"),
  });
}

/** The caller has read that the browser does not give it. */
export function dismissBlocked(item: ConsentItem): void {
  const { [item]: _, ...others } = s.blocked.value;
  s.blocked.value = others;
}

/** The browser or the system said no: then it is no, and the page says why. */
function onBlocked(item: ConsentItem, how: "asked" | "lost"): void {
  s.blocked.value = { ...s.blocked.value, [item]: how };
  refuse(item);
}
