/** The usual reasons of a verdict, each with a key 1 to 9, in the order people reach for them. */
import type { IncidentStatus } from "#contract/incident.ts";

export interface VerdictKind {
  status: IncidentStatus;
  /** Key that opens the choice of reasons. */
  key: string;
  /** On the button. */
  label: string;
  /** Names what will happen. */
  ask: string;
  reasons: readonly string[];
}

export const verdictKinds: readonly VerdictKind[] = [
  {
    status: "confirmed",
    key: "c",
    label: "Confirm",
    ask: "Confirm as gunfire. Why?",
    reasons: [
      "Clear gunfire on the recording",
      "Several nodes agree, several rounds",
      "Caller reports shots",
      "Officer on scene confirms",
      "Casings found",
      "Seen on video",
      "Person hit",
    ],
  },
  {
    status: "dismissed",
    key: "d",
    label: "Dismiss",
    ask: "Dismiss: not gunfire. Why?",
    reasons: [
      "Fireworks",
      "Vehicle backfire",
      "Door or impact",
      "Building work",
      "Thunder",
      "Known training or test",
      "Echo of another incident",
      "Nothing found on scene",
    ],
  },
  {
    status: "escalated",
    key: "e",
    label: "Escalate",
    ask: "Escalate to the supervisor. Why?",
    reasons: [
      "Person down or hurt",
      "Officer needs help",
      "Several shooters",
      "Shooter is moving",
      "Crowd or school near",
      "Many rounds or automatic fire",
      "Cannot decide: needs a second opinion",
    ],
  },
];

/** Takes a verdict back by adding an entry; what was said before stays on the record. */
export const undoKind: VerdictKind = {
  status: "unreviewed",
  key: "u",
  label: "Undo",
  ask: "Back to unreviewed. The earlier verdict stays on the record. Why?",
  reasons: ["Pressed the wrong key", "Meant another incident", "New information"],
};

export function verdictKindOf(status: IncidentStatus): VerdictKind {
  return verdictKinds.find((kind) => kind.status === status) ?? undoKind;
}

/** The reason a digit key stands for, or undefined. */
export function reasonOfKey(kind: VerdictKind, key: string): string | undefined {
  return /^[1-9]$/.test(key) ? kind.reasons[Number(key) - 1] : undefined;
}
