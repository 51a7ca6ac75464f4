/** Rings while an incident calls for somebody: sound, title and favicon, until it is taken or reviewed. */
import { effect, signal } from "@preact/signals";
import type { IncidentState } from "#contract/incident.ts";
import { playAlarm, wakeAudio } from "../sound.ts";
import { sentence } from "../words.ts";
import { calling } from "./calling.ts";
import { alarmSound } from "./preferences.ts";
import { link, placesWords, session, site } from "./store.ts";

/** True where the browser would not let the alarm sound yet. */
export const soundBlocked = signal(false);
/** How often the alarm has sounded since the page was opened. */
export const timesRung = signal(0);

export const REPEAT_MS = 4000;
const RING_AFTER_MS = 40;

const CALM = "./favicon.svg";
const ALARM = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#d94700"/><path d="M16 7v11" stroke="#fff" stroke-width="4.4" stroke-linecap="round"/><circle cx="16" cy="24.4" r="2.6" fill="#fff"/></svg>',
)}`;

/** Title of the page: what calls, else where we are; a lost link is said there as well, for a console in another tab. */
export function titleOf(ringing: readonly IncidentState[], siteTitle: string | undefined, lost: boolean): string {
  const home = siteTitle === undefined ? "Tocsin" : `Tocsin · ${siteTitle}`;
  const first = ringing[0];
  if (lost) return `LINK LOST · ${home}`;
  if (first === undefined) return home;
  const more = ringing.length > 1 ? `(${ringing.length}) ` : "";
  return `▲ ${more}${sentence(first, placesWords(first))}`;
}

async function ring() {
  if (alarmSound.value === "off") return;
  soundBlocked.value = !(await wakeAudio());
  if (soundBlocked.value) return;
  playAlarm(alarmSound.value);
  timesRung.value += 1;
}

/** Starts watching; ends with `signal`. */
export function watchAlarm(until: AbortSignal): void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const stopRinging = effect(() => {
    const ringing = session.value ? calling.value : [];
    const siteTitle = site.value.kind === "ready" ? site.value.value.title : undefined;
    document.title = titleOf(ringing, siteTitle, link.value.kind === "lost");
    const icon = document.getElementById("favicon");
    const href = ringing.length > 0 ? ALARM : CALM;
    if (icon?.getAttribute("href") !== href) icon?.setAttribute("href", href);
  });
  const isRinging = signal(false);
  const stopFollowing = effect(() => {
    isRinging.value = session.value != null && calling.value.length > 0;
  });
  const stopTimer = effect(() => {
    clearInterval(timer);
    if (!isRinging.value) return;
    // The words come first: to wake the sound for the first time may take longer than to draw them.
    const first = setTimeout(() => void ring(), RING_AFTER_MS);
    timer = setInterval(() => void ring(), REPEAT_MS);
    return () => clearTimeout(first);
  });
  const wake = () => {
    if (soundBlocked.value) void wakeAudio().then((running) => (soundBlocked.value = !running));
  };
  addEventListener("pointerdown", wake);
  addEventListener("keydown", wake);
  until.addEventListener("abort", () => {
    for (const stop of [stopRinging, stopFollowing, stopTimer]) stop();
    clearInterval(timer);
    removeEventListener("pointerdown", wake);
    removeEventListener("keydown", wake);
  });
}
