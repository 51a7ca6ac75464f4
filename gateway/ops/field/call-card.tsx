/** A call for backup: who was asked and why, who answered, what happens next and when. */
import { useSignal } from "@preact/signals";
import type { BackupState } from "#contract/backup.ts";
import { isOpenCall, robots, units } from "../state/field.ts";
import { gatewayNowMs, local, me } from "../state/store.ts";
import { askedWords, callStatus, etaWords, farFromCallM, nextWords } from "./field-words.ts";
import { answerFor, cancelCall, fieldSaid, sendRobot } from "./orders.ts";
import { SecondAct } from "./second-act.tsx";

const mayCall = () => me.value.roles.some((role) => role === "dispatch" || role === "pilot");

function Acts({ call }: { call: BackupState }) {
  const asking = useSignal<"cancel" | "robot" | "said" | undefined>(undefined);
  const robot = useSignal<string | undefined>(undefined);
  if (!isOpenCall(call)) return null;
  const off = () => (asking.value = undefined);
  if (asking.value === "cancel")
    return (
      <SecondAct
        id={`cancel-${call.call}`}
        label="Cancel the call"
        ask={`Cancel this call? All ${call.asked.length} who were asked are told that nobody needs to come. Why?`}
        reasons={["Somebody is there already", "False alarm", "Called by mistake"]}
        act={(why) => {
          off();
          void cancelCall(call.call, why);
        }}
        cancel={off}
      />
    );
  if (asking.value === "robot" && robot.value !== undefined)
    return (
      <SecondAct
        id={`robot-${call.call}`}
        label={`Send ${robot.value}`}
        ask={`Send ${robot.value}? It drives to the place, stops short of it, looks and reports. It touches and follows nobody. Why?`}
        reasons={["Eyes on the place before people arrive", "Nearest to the place", "Nobody else can come"]}
        act={(why) => {
          off();
          void sendRobot(call.call, robot.value!, why);
        }}
        cancel={off}
      />
    );
  const free = [...robots.value.values()].filter(
    ({ robot: name, state }) =>
      state !== undefined && !state.emergencyStop.latched && !call.asked.some(({ unit }) => unit === name),
  );
  return (
    <>
      <div class="robot-orders">
        {free.map(({ robot: name }) => (
          <button
            key={name}
            type="button"
            class="act"
            disabled={!mayCall()}
            onClick={() => {
              robot.value = name;
              asking.value = "robot";
            }}
          >
            Send robot {name} …
          </button>
        ))}
        <button
          type="button"
          class="act"
          aria-expanded={asking.value === "said"}
          disabled={!mayCall()}
          onClick={() => (asking.value = asking.value === "said" ? undefined : "said")}
        >
          Heard by radio …
        </button>
        <button type="button" class="act" disabled={!mayCall()} onClick={() => (asking.value = "cancel")}>
          Cancel call …
        </button>
      </div>
      {asking.value === "said" && (
        <ul class="call-radio" aria-label="What a unit said over another line">
          {units.value
            .filter((unit) => !unit.robot)
            .map(({ unit, label }) => (
              <li key={unit}>
                <b>{label}</b>
                {(["accepted", "declined", "onScene", "done"] as const).map((answer) => (
                  <button
                    key={answer}
                    type="button"
                    onClick={() => {
                      off();
                      void answerFor(call.call, unit, answer);
                    }}
                  >
                    {{ accepted: "Comes", declined: "No", onScene: "There", done: "Done" }[answer]}
                    <span class="unseen"> {label}</span>
                  </button>
                ))}
              </li>
            ))}
        </ul>
      )}
    </>
  );
}

const marks: Record<string, string> = { accepted: "✓", onScene: "✓", done: "✓", declined: "✕" };

const hasCome = (answer: string | undefined) => answer === "onScene" || answer === "done";

export function CallCard({ call }: { call: BackupState }) {
  const next = nextWords(call, gatewayNowMs.value);
  const said = fieldSaid.value?.of === call.call ? fieldSaid.value : undefined;
  const { asked, passedOver, calledBy } = call;
  const known = (unit: string) => units.value.find((one) => one.unit === unit);
  const labelOf = (unit: string) => known(unit)?.label ?? unit;
  const total = call.nextAt && call.status === "calling" ? Date.parse(call.nextAt) : undefined;
  const since = Math.max(...asked.map(({ askedAt }) => Date.parse(askedAt)), Date.parse(calledBy.at));
  const left =
    total === undefined ? undefined : Math.min(1, Math.max(0, (total - gatewayNowMs.value) / (total - since || 1)));
  const robotComes = asked.some(({ robot, answer }) => robot && (answer === "accepted" || answer === "onScene"));
  return (
    <article class={`call is-${call.status}`} aria-label={`Call for backup, ${callStatus[call.status]}`}>
      <p class="call-head">
        <strong>{callStatus[call.status]}</strong>
        <span class="faint">called {local.value.clock(calledBy.at)}</span>
      </p>
      <p class="drone-why">
        {calledBy.how === "policy" ? "By the site's rule" : calledBy.by}: {call.why}
      </p>
      {next !== undefined && (
        <div class="call-next">
          <p>
            <b>{robotComes ? "No person comes yet" : "Nobody comes yet"}:</b> {next}
          </p>
          <span class="call-left" aria-hidden="true">
            <span style={{ width: `${Math.round((left ?? 0) * 100)}%` }} />
          </span>
        </div>
      )}
      <ul class="asked">
        {asked.map((unit) => (
          <li key={unit.unit} class={`is-${unit.answer ?? "silent"}`}>
            <span class="asked-mark" aria-hidden="true">
              {unit.answer === undefined ? "…" : marks[unit.answer]}
            </span>
            <span>
              <b>{labelOf(unit.unit)}</b> {askedWords(unit, farFromCallM(known(unit.unit), call))}
              <span class="asked-why">
                {unit.etaS !== undefined &&
                  !hasCome(unit.answer) &&
                  unit.answer !== "accepted" &&
                  `${etaWords(unit.etaS)} away · `}
                {hasCome(unit.answer) && "when asked: "}
                {unit.chosen}
              </span>
            </span>
            <time>{local.value.clock(unit.answeredAt ?? unit.askedAt)}</time>
          </li>
        ))}
      </ul>
      {passedOver.length > 0 && (
        <details>
          <summary>Not asked: {passedOver.length}</summary>
          <ul class="asked">
            {passedOver.map(({ unit, why }) => (
              <li key={unit}>
                <span class="asked-mark" aria-hidden="true">
                  –
                </span>
                <span>
                  <b>{labelOf(unit)}</b> {why}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <Acts call={call} />
      <p class={`said${said?.failed ? " has-failed" : ""}`} role="status">
        {said?.text}
      </p>
    </article>
  );
}
