/** The usual reasons of a verdict, each with a key 1 to 9, in the order people reach for them. */
import type { IncidentState, IncidentStatus } from "#contract/incident.ts";

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

/** Of what was not heard by lampposts: asks and reasons that fit what it is. */
const others: Record<
  Exclude<IncidentState["kind"], "gunfire">,
  { what: string; confirmed: readonly string[]; dismissed: readonly string[] }
> = {
  caller: {
    what: "an emergency",
    confirmed: ["Seen on the caller's picture", "Caller says or taps so", "Crew on scene confirms"],
    dismissed: ["Called by mistake", "No emergency", "Caller is safe", "Abuse of the link"],
  },
  event: {
    what: "an event that needs somebody",
    confirmed: ["Seen on the robot's picture", "Seen on another camera", "Officer on scene confirms"],
    dismissed: ["Nothing there", "Ordinary behaviour", "Sensor was wrong", "Known training or test"],
  },
  backup: {
    what: "a call for backup",
    confirmed: ["Officer asked for it", "Crew is with the officer"],
    dismissed: ["Called by mistake", "Not needed any more", "Known training or test"],
  },
  face: {
    what: "a match that a person judged",
    confirmed: ["Officer on scene confirms", "Papers were checked"],
    dismissed: ["This is not them", "List is out of date", "Nobody found at the place"],
  },
};

/** The asks and reasons of a verdict on an incident of this kind. */
export function verdictKindOf(status: IncidentStatus, of: IncidentState["kind"] = "gunfire"): VerdictKind {
  const kind = verdictKinds.find((one) => one.status === status) ?? undoKind;
  if (of === "gunfire" || (status !== "confirmed" && status !== "dismissed")) return kind;
  const { what, [status]: reasons } = others[of];
  const ask = status === "confirmed" ? `Confirm as ${what}. Why?` : `Dismiss: not ${what}. Why?`;
  return { ...kind, ask, reasons };
}

/** The reason a digit key stands for, or undefined. */
export function reasonOfKey(kind: VerdictKind, key: string): string | undefined {
  return /^[1-9]$/.test(key) ? kind.reasons[Number(key) - 1] : undefined;
}
