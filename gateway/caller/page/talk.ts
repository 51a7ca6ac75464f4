/** Words from and to this phone: the line to the gateway, and what is shown of it. */
import type { Answer } from "#contract/caller.ts";
import type { PhoneHears } from "#contract/caller-phone.ts";
import { GatewayLine } from "./gateway-line.ts";
import type { Saying } from "./say-queue.ts";
import * as s from "./state.ts";

/** Set once by the page, before the line starts. */
export const talkEvents = {
  heard: (_hears: PhoneHears): void => undefined,
  gone: (): void => undefined,
};

export const line = new GatewayLine({
  heard: (hears) => talkEvents.heard(hears),
  gone: () => talkEvents.gone(),
  online: (online) => {
    s.online.value = online;
  },
  queue: () => {
    s.waiting.value = line.queue.words;
    s.lines.value = s.lines.value.map((each) =>
      each.held && !line.queue.isWaiting(each.key) ? { ...each, held: false } : each,
    );
  },
});

/** @param shown how the page itself shows it, where it does. */
export function say(saying: Saying, shown?: string): void {
  const key = line.say(saying);
  if (shown !== undefined) s.addLine({ key, from: "caller", text: shown, held: true });
}

/** An answer of one tap: to the open question where there is one. */
export function answer(code: Answer): void {
  const { pending, words } = s;
  const to = pending.value?.ask.kind === "question" ? pending.value.seq : undefined;
  say({ kind: "answer", answer: code, ...(to !== undefined && { to }) }, words.value.answer[code]);
  if (to !== undefined) pending.value = undefined;
}

export function write(text: string): void {
  const trimmed = text.trim().slice(0, 1000);
  if (trimmed !== "") say({ kind: "chat", text: trimmed }, trimmed);
}

export function knock(knocksMs: number[]): void {
  say({ kind: "knock", knocksMs }, "●".repeat(Math.min(12, knocksMs.length)));
}
