/** Words and reasons of a possible match. It is never said that somebody was identified. Pure. */
import type { FaceListView, FaceMatchView, FacesView, FaceVerdictAsk } from "#contract/face-api.ts";

export interface MatchAct {
  status: FaceVerdictAsk["status"];
  key: string;
  label: string;
  /** Names what will happen. */
  ask: string;
  reasons: readonly string[];
}

export const matchActs: readonly MatchAct[] = [
  {
    status: "confirmed",
    key: "c",
    label: "Confirm",
    ask: "Confirm as a match? An incident is opened in your name and crews can see it. Nobody is sent by itself. Why?",
    reasons: [
      "Same features in both pictures, seen large",
      "Scar, tattoo or the like agrees",
      "Officer on scene agrees",
      "Clothing and place agree with the report",
    ],
  },
  {
    status: "rejected",
    key: "d",
    label: "This is not them",
    ask: "Not them? This face is not shown again for this person, until the day ends. Why?",
    reasons: [
      "Different features",
      "Different age",
      "Picture too poor to say",
      "Known to be somebody else",
      "The person is elsewhere",
    ],
  },
  {
    status: "escalated",
    key: "e",
    label: "Escalate",
    ask: "Escalate to the supervisor? An incident is opened for a second pair of eyes. Nobody is sent by itself. Why?",
    reasons: ["Cannot decide: needs a second opinion", "Danger to somebody if it is them", "The list looks wrong"],
  },
];

export const statusWords: Record<FaceMatchView["status"], string> = {
  open: "Waits for a person",
  confirmed: "Confirmed by a person",
  rejected: "Not them",
  escalated: "Escalated",
  expired: "Past its time, not judged",
};

/** `0.8 %`, `0.04 %`, `71 %`. */
export function rateWords(rate: number): string {
  const percent = rate * 100;
  if (percent > 0 && percent < 0.1) return percent < 0.01 ? "< 0.01 %" : `${percent.toFixed(2)} %`;
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** How often an alert was wrong, by what people said: a count, its share, and how sure that is. */
export function wrongWords({ events, of, low, high }: FacesView["falseAlertsPerAlert"], what: string): string {
  if (of === 0) return `no ${what} yet`;
  return `${events} of ${of.toLocaleString("en")} ${what} (${rateWords(low)} to ${rateWords(high)})`;
}

export const listStates: Record<FaceListView["state"], string> = {
  inForce: "in force",
  notYet: "not yet in force",
  expired: "expired",
  revoked: "revoked",
};

/** `ends in 12 days`, `ended 3 days ago`. */
export function endWords(endIso: string, nowMs: number): string {
  const days = (Date.parse(endIso) - nowMs) / 86_400_000;
  if (days >= 2) return `ends in ${Math.floor(days)} days`;
  if (days >= 0) return days < 1 / 24 ? "ends within the hour" : `ends in ${Math.floor(days * 24)} h`;
  return days > -2 ? `ended ${Math.max(1, Math.floor(-days * 24))} h ago` : `ended ${Math.floor(-days)} days ago`;
}
