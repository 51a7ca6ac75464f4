/** The rounds of the burst on a line of time; the chosen one's evidence is shown below. */
import { percent } from "#contract/certainty.ts";
import { local, roundShot } from "../../state/store.ts";
import { firedWords, movedWords, within } from "../../words.ts";
import type { Section, SectionProps } from "./section.ts";

function Rounds({ incident }: SectionProps) {
  const { rounds, unlikelyRounds = [], shooters, movedM } = incident;
  const first = Date.parse(rounds[0]?.time ?? incident.firedAt);
  const chosen = roundShot.value ?? rounds[0]?.shot;
  const fired = firedWords(incident);
  const after = (time: string) => `${((Date.parse(time) - first) / 1000).toFixed(2)} s`;
  return (
    <>
      <fieldset class="rounds" aria-label="Rounds">
        {rounds.map((round, i) => (
          <button
            key={round.shot}
            type="button"
            class="round"
            aria-pressed={round.shot === chosen}
            title={`${local.value.precise(round.time)}, ${percent(round.probability)}, ${within(round.ellipse95)}`}
            onClick={() => (roundShot.value = round.shot)}
          >
            <b>{i + 1}</b>
            <span>{i === 0 ? local.value.clock(round.time) : `+${after(round.time)}`}</span>
            <span class="faint">{within(round.ellipse95)}</span>
          </button>
        ))}
      </fieldset>
      {fired && <p class="hint">{fired}</p>}
      {unlikelyRounds.length > 0 && (
        <p class="hint">
          Told before, by now too unlikely to count:{" "}
          {unlikelyRounds.map(({ time, probability }) => `at ${after(time)} (${percent(probability)})`).join(", ")}.
        </p>
      )}
      {(shooters || movedM) && (
        <p class="hint">
          {shooters && (
            <>
              {shooters.count === "one"
                ? "One shooter"
                : shooters.count === "several"
                  ? "Several shooters"
                  : "Number of shooters unknown"}
              : {shooters.why}.{" "}
            </>
          )}
          {movedM && movedWords(movedM)}
        </p>
      )}
    </>
  );
}

export const rounds: Section = {
  id: "rounds",
  title: "Rounds",
  shows: ({ incident }) => incident.rounds.length > 0,
  view: Rounds,
};
