/** Backup and robots of one incident: the button that calls, the calls, the robot that came, and why a robot reported. */

import { useSignal } from "@preact/signals";
import { percent } from "#contract/certainty.ts";
import type { RobotEvent } from "#contract/robot.ts";
import type { SectionProps } from "../panels/sections/section.ts";
import { callsOf, faults, isOpenCall, loadBackup, robots, units } from "../state/field.ts";
import { me, placesWords } from "../state/store.ts";
import { CallCard } from "./call-card.tsx";
import { quantity } from "./field-words.ts";
import { callBackup, fieldSaid } from "./orders.ts";
import { RobotCard } from "./robot-card.tsx";
import { SecondAct } from "./second-act.tsx";

const reasons = [
  "Officer needs help",
  "More people than one crew can handle",
  "Weapon seen or heard",
  "Somebody is hurt",
  "Person in danger, nobody near",
];

function CallButton({ incident }: Pick<SectionProps, "incident">) {
  const asking = useSignal(false);
  const may = me.value.roles.some((role) => role === "dispatch" || role === "pilot");
  const ready = units.value.filter(({ status, robot }) => status === "available" && !robot).length;
  const refused = !may
    ? "needs the role dispatch or pilot"
    : incident.place === undefined
      ? "nobody knows where this incident is"
      : undefined;
  const said = fieldSaid.value?.of === incident.incident ? fieldSaid.value : undefined;
  const where = placesWords(incident) ?? "the place";
  return (
    <>
      {asking.value ? (
        <SecondAct
          id="backup"
          label="Call for backup"
          ask={`Call for backup to ${where}? The nearest of ${ready} available ${ready === 1 ? "unit is" : "units are"} asked first; when nobody answers the next ones are, until somebody comes. Why?`}
          reasons={reasons}
          act={(why) => {
            asking.value = false;
            void callBackup(incident.incident, why);
          }}
          cancel={() => (asking.value = false)}
        />
      ) : (
        <button
          type="button"
          class="act backup-call"
          disabled={refused !== undefined}
          onClick={() => (asking.value = true)}
        >
          Call for backup …
        </button>
      )}
      {refused !== undefined && <p class="hint">Call for backup: {refused}.</p>}
      <p class={`said${said?.failed ? " has-failed" : ""}`} role="status">
        {said?.text}
      </p>
    </>
  );
}

/** The event a robot reported, with each fact beside the limit that it crossed. */
function Event({ detail }: Pick<SectionProps, "detail">) {
  if (detail.kind !== "ready") return null;
  const events = detail.value.timeline.flatMap(({ data }) => {
    const event = eventIn(data);
    return event === undefined ? [] : [event];
  });
  const newest = events.at(-1);
  if (newest === undefined) return null;
  return (
    <div class="event">
      <p>
        <b>{newest.node} reports:</b> {newest.text}
      </p>
      <dl>
        {newest.reasons.map(({ fact, value, limit, unit }) => (
          <div key={fact}>
            <dt>{fact}</dt>
            <dd>
              <b>{quantity(value, unit)}</b> <span class="faint">limit {quantity(limit, unit)}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        {newest.probabilityKnown
          ? `Such a report is right in ${percent(newest.probability)} of cases measured.`
          : "How often such a report is right was not measured."}{" "}
        A person judges it.
      </p>
    </div>
  );
}

function eventIn(data: unknown): RobotEvent | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const found = "reasons" in data && "rule" in data ? data : (data as { facts?: unknown }).facts;
  if (typeof found !== "object" || found === null) return undefined;
  return "reasons" in found && "rule" in found ? (found as RobotEvent) : undefined;
}

export function Backup({ incident, detail }: SectionProps) {
  const list = callsOf(incident.incident);
  const asked = new Set(list.filter(isOpenCall).flatMap((call) => call.asked.map(({ unit }) => unit)));
  const here = [...robots.value.values()].filter(({ robot }) => asked.has(robot));
  const fault = faults.value.get("backup");
  return (
    <>
      <Event detail={detail} />
      {list.map((call) => (
        <CallCard key={call.call} call={call} />
      ))}
      {!list.some(isOpenCall) && <CallButton incident={incident} />}
      {here.map((robot) => (
        <RobotCard key={robot.robot} robot={robot} />
      ))}
      {fault !== undefined && (
        <p class="warning">
          Units and calls could not be fetched: {fault}.{" "}
          <button type="button" onClick={() => void loadBackup()}>
            Try again
          </button>
        </p>
      )}
    </>
  );
}
