/** What people tell robots and units. A refusal is shown in the robot's or the gateway's own words. */
import { signal } from "@preact/signals";
import type { BackupReply, BackupState } from "#contract/backup.ts";
import { type Answer, json, type Told } from "../api.ts";
import { endedSession } from "../state/actions.ts";
import { calls, loadBackup, withCall } from "../state/field.ts";
import type { KnownRobot } from "../state/field-age.ts";

export const fieldSaid = signal<{ of: string; text: string; failed: boolean } | undefined>(undefined);

async function say<T>(
  of: string,
  doing: string,
  asked: Promise<Answer<T>>,
  done: (value: T) => string,
): Promise<boolean> {
  fieldSaid.value = { of, text: `${doing} …`, failed: false };
  const answer = await asked;
  if (endedSession(answer)) return false;
  fieldSaid.value = answer.ok
    ? { of, text: done(answer.value), failed: false }
    : { of, text: `Not done, ${doing.toLowerCase()}: ${answer.error}.`, failed: true };
  return answer.ok;
}

export function orderRobot(robot: KnownRobot, act: "hold" | "resume" | "leave", label: string): Promise<boolean> {
  const path = `/api/robots/${encodeURIComponent(robot.robot)}/${act}`;
  const seen = robot.state === undefined ? {} : { seenTickMs: robot.state.tickMs };
  return say(robot.robot, label, json<Told>("POST", path, seen), ({ why }) => `${label}: ${why}.`);
}

const taken = (of: string, doing: string, asked: Promise<Answer<BackupState>>) =>
  say(of, doing, asked, (state) => {
    calls.value = withCall(calls.value, state);
    void loadBackup();
    return state.text;
  });

export const callBackup = (incident: string, why: string) =>
  taken(
    incident,
    "Calling for backup",
    json<BackupState>("POST", `/api/incidents/${encodeURIComponent(incident)}/backup`, { why }),
  );

const call = (id: string, act: string, doing: string, body: object) =>
  taken(id, doing, json<BackupState>("POST", `/api/backup/${encodeURIComponent(id)}/${act}`, body));

export const cancelCall = (id: string, why: string) => call(id, "cancel", "Cancelling the call", { why });
export const sendRobot = (id: string, robot: string, why: string) =>
  call(id, "robot", `Sending ${robot}`, { robot, why });
export const answerFor = (id: string, unit: string, answer: BackupReply) =>
  call(id, "answer", `Noting what ${unit} said`, { unit, answer });
