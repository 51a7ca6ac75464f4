/** Everything in the field at a glance: open calls, robots, units; and the link for somebody who called. */
import { LinkMaker } from "../callers/link-maker.tsx";
import { select } from "../state/actions.ts";
import { calls, faults, isOpenCall, loadBackup, loadRobots, parts, robots, units } from "../state/field.ts";
import { nearWords, work } from "../state/store.ts";
import { age, shortName } from "../words.ts";
import { CallCard } from "./call-card.tsx";
import { unitWords } from "./field-words.ts";
import { RobotCard } from "./robot-card.tsx";

const unitMarks = { available: "●", busy: "◐", off: "○", unknown: "?" } as const;

export function Field() {
  const open = [...calls.value.values()].filter(isOpenCall);
  const people = units.value.filter(({ robot }) => !robot);
  const fault = faults.value.get("robots") ?? faults.value.get("backup");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section class="field" aria-label="In the field" tabIndex={0}>
      {fault !== undefined && (
        <p class="warning">
          Not all could be fetched: {fault}.{" "}
          <button
            type="button"
            onClick={() => {
              void loadRobots();
              void loadBackup();
            }}
          >
            Try again
          </button>
        </p>
      )}
      {parts.value.has("callers") && (
        <section aria-labelledby="field-caller">
          <h3 id="field-caller">Somebody called</h3>
          <LinkMaker />
        </section>
      )}
      {parts.value.has("backup") && (
        <section aria-labelledby="field-calls">
          <h3 id="field-calls">Open calls for backup</h3>
          {open.length === 0 && <p class="hint">None.</p>}
          {open.map((call) => (
            <div key={call.call}>
              <CallCard call={call} />
              <button
                type="button"
                class="quiet drone-look"
                onClick={() => {
                  work.value = "incidents";
                  select(call.incident);
                }}
              >
                To incident {shortName(call.incident)}
              </button>
            </div>
          ))}
        </section>
      )}
      {robots.value.size > 0 && (
        <section aria-labelledby="field-robots">
          <h3 id="field-robots">Robots</h3>
          {[...robots.value.values()].map((robot) => (
            <RobotCard key={robot.robot} robot={robot} />
          ))}
        </section>
      )}
      {people.length > 0 && (
        <section aria-labelledby="field-units">
          <h3 id="field-units">Units</h3>
          <ul class="units">
            {people.map((one) => {
              const { unit, label, status, place, ageS } = one;
              return (
                <li key={unit} class={`is-${status}`}>
                  <span aria-hidden="true">{unitMarks[status]}</span>
                  <span>
                    <b>{label}</b> {unitWords(one, open)}
                    <span class="asked-why">
                      {place === undefined ? "where it is nobody knows" : (nearWords(place, true) ?? "on the map")}
                      {ageS !== undefined && ageS > 5 && `, as of ${age(ageS)} ago`}
                    </span>
                  </span>
                </li>
              );
            })}
          </ul>
        </section>
      )}
    </section>
  );
}
