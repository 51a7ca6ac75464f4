/** What the console says of a caller's phone. Pure. */

import type { CallerView, ConsentState } from "#contract/caller.ts";
import { metres } from "#contract/certainty.ts";
import { age } from "../words.ts";

export const consentWords: Record<ConsentState, string> = {
  unasked: "not asked yet",
  granted: "allowed",
  refused: "refused",
  withdrawn: "withdrawn",
};
export const consentMarks: Record<ConsentState, string> = { unasked: "…", granted: "✓", refused: "✕", withdrawn: "✕" };

/** Where the link stands, in one line. */
export function linkWords(
  caller: CallerView,
  nowMs: number,
): { text: string; tone: "waits" | "open" | "lost" | "over" } {
  const leftS = (Date.parse(caller.expiresAt) - nowMs) / 1000;
  switch (caller.state) {
    case "waiting":
      return {
        tone: "waits",
        text: `The link waits to be opened${leftS > 0 ? `, ${age(leftS)} left` : ""}`,
      };
    case "open":
      if (caller.link?.live === false)
        return { tone: "lost", text: `The phone is silent for ${age((nowMs - Date.parse(caller.link.since)) / 1000)}` };
      return { tone: "open", text: "The phone is connected" };
    case "expired":
      return { tone: "over", text: "The link expired, nobody opened it" };
    case "revoked":
      return { tone: "over", text: `The link was taken back${caller.why ? `: ${caller.why}` : ""}` };
    default:
      return { tone: "over", text: `Ended${caller.why ? `: ${caller.why}` : ""}` };
  }
}

export function smsWords({ sms }: CallerView): string | undefined {
  if (sms === undefined) return undefined;
  if (sms.status === "sent") return `Text message sent to …${sms.to}`;
  if (sms.status === "queued")
    return `Text message to …${sms.to} is on its way${sms.attempts > 1 ? `, try ${sms.attempts}` : ""}`;
  return `Text message to …${sms.to} failed${sms.why ? `: ${sms.why}` : ""}`;
}

export function positionWords({ position, consent }: CallerView, nowMs: number): string {
  if (position === undefined)
    return consent.position === "granted" ? "allowed, not known yet" : `not known: ${consentWords[consent.position]}`;
  const seconds = (nowMs - Date.parse(position.at)) / 1000;
  const when = seconds < 5 ? "just now" : `${age(seconds)} ago`;
  return `within ${metres(position.accuracyM)} as the phone says, ${when}`;
}

/** Why nobody at the phone would hear the operator now; undefined where they would. */
export function deafWords({ setting, state }: CallerView): string | undefined {
  if (state !== "open" || setting === undefined) return undefined;
  if (setting.mode === "secret") return "The phone is in secret mode: it makes no sound.";
  return setting.hearing ? undefined : "The caller has not turned sound on: nobody hears you yet.";
}
