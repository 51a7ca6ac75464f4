/** Which nodes heard the chosen round, how well each fits, and what was left out and why. */
import { api } from "../../api.ts";
import { nodesPlaced } from "../../state/map-state.ts";
import { rings, roundShot } from "../../state/store.ts";
import { rejectionWords } from "../../words.ts";
import { Key } from "../key.tsx";
import { Arrival, type ArrivalView } from "./arrival.tsx";
import { RecordFailed } from "./record-failed.tsx";
import type { Section, SectionProps } from "./section.ts";

function Evidence({ incident, detail }: SectionProps) {
  if (detail.kind === "failed")
    return <RecordFailed what="evidence" error={detail.error} incident={incident.incident} />;
  if (detail.kind !== "ready") return <span class="skeleton clip-skeleton" />;
  const { shots, clips } = detail.value;
  const shot = shots.find(({ id }) => id === (roundShot.value ?? incident.rounds[0]?.shot)) ?? shots[0];
  if (shot === undefined) return <p class="clip-note">No node's evidence belongs to this incident.</p>;
  const labelOf = (node: string) => nodesPlaced.value.find(({ id }) => id === node)?.label ?? node;
  const used: ArrivalView[] = shot.arrivals.map(({ id, node, residualS, toaSigmaS, weight }) => ({
    id,
    node,
    label: labelOf(node),
    residualS,
    used: { sigmaS: toaSigmaS, weight },
  }));
  const rejected: ArrivalView[] = shot.rejected.map(({ id, node, residualS, why }) => ({
    id,
    node,
    label: labelOf(node),
    residualS,
    why: rejectionWords(why),
  }));
  const list = (arrivals: readonly ArrivalView[]) => (
    <ul class="arrivals">
      {arrivals.map((arrival) => (
        <Arrival
          key={arrival.id}
          incident={incident.incident}
          arrival={arrival}
          clip={clips.find((clip) => clip.arrival === arrival.id)}
        />
      ))}
    </ul>
  );
  return (
    <>
      <p class="hint">
        {used.length} of {used.length + rejected.length} arrivals used · residual{" "}
        {(shot.rmsResidualS * 1000).toFixed(1)} ms rms · air {whole(shot.airTempC)} °C, sound{" "}
        {shot.speedOfSoundMps.toFixed(1)} m/s
        {shot.windMps !== undefined && <>, wind {shot.windMps.toFixed(0)} m/s</>}
      </p>
      {shot.solvedLocally && (
        <p class="hint">
          Solved by <b>{shot.node}</b> in the field: the gateway was out of its reach.
        </p>
      )}
      {shot.elevation !== undefined && isInTheAir(shot.elevation) && (
        <p class="hint">
          It sounds as if made <b>{Math.round(shot.elevation.aboveM)} m above where a muzzle is expected</b> (±{" "}
          {Math.ceil(shot.elevation.sigmaM)} m), as a rocket is.
        </p>
      )}
      <div class="row">
        <button
          type="button"
          aria-pressed={rings.value}
          aria-keyshortcuts="r"
          onClick={() => (rings.value = !rings.value)}
        >
          {rings.value ? "Hide" : "Show"} arrival rings <Key>R</Key>
        </button>
        <a class="button" href={api.evidencePath(incident.incident)} download={`evidence-${incident.incident}.json`}>
          Signed evidence
        </a>
      </div>
      {list(rejected.length <= FEW ? [...used, ...rejected] : used)}
      {rejected.length > FEW && (
        <details key={shot.id}>
          <summary>
            {rejected.length} rejected: {tally(rejected)}
          </summary>
          {list(rejected)}
        </details>
      )}
    </>
  );
}

/** Never `-0`. */
const whole = (value: number) => String(Math.round(value) + 0).replace("-", "\u2212");

/** A sound from surely higher than this was made in the air: detours over roofs seem to lift a shot too, seldom by that much. */
const ROOFS_M = 35;
/** Log odds that the height gains; one that the times hardly ask for says little. The network's belief counts the same way. */
const CLEAR_GAIN = 8;

const isInTheAir = ({ aboveM, sigmaM, gain }: { aboveM: number; sigmaM: number; gain: number }) =>
  aboveM - 2 * sigmaM > ROOFS_M && gain >= CLEAR_GAIN;

/** More rejected arrivals than this stand behind a line that counts them. */
const FEW = 4;

/** How many were rejected for which reason, the most frequent first. */
function tally(rejected: readonly ArrivalView[]): string {
  const counts = new Map<string, number>();
  for (const { why = "" } of rejected) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([why, count]) => `${count} ${why}`)
    .join("; ");
}

export const evidence: Section = {
  id: "evidence",
  title: "Evidence",
  shows: ({ incident }) => incident.kind === "gunfire",
  view: Evidence,
};
