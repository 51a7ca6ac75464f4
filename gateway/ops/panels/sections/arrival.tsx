/** One node's evidence: when it heard the sound against when it should have, and the sound itself. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { audioContext, wakeAudio } from "../../sound.ts";
import { clipOf, fetchClip } from "../../state/clips.ts";
import type { Sound } from "../../wav.ts";
import { residualMs } from "../../words.ts";
import { SoundPicture } from "../sound-picture.tsx";

export interface ArrivalView {
  id: string;
  node: string;
  /** Where the node stands, for people. */
  label?: string;
  residualS: number;
  /** Absent where it was rejected. */
  used?: { sigmaS: number; weight: number };
  /** Why it was rejected, in words. */
  why?: string;
}

const playing = signal<{ arrival: string; source: AudioBufferSourceNode } | undefined>(undefined);

async function play(arrival: string, sound: Sound): Promise<void> {
  const before = playing.value;
  before?.source.stop();
  playing.value = undefined;
  if (before?.arrival === arrival) return;
  const audio = audioContext();
  if (audio === undefined || !(await wakeAudio())) return;
  const buffer = audio.createBuffer(1, sound.samples.length, sound.sampleRateHz);
  buffer.copyToChannel(sound.samples, 0);
  const source = new AudioBufferSourceNode(audio, { buffer });
  source.connect(audio.destination);
  source.onended = () => {
    if (playing.value?.source === source) playing.value = undefined;
  };
  playing.value = { arrival, source };
  source.start();
}

/** Residual as a tick on a scale of three sigma either way; beyond it the tick stands at the end. */
function Gauge({ residualS, sigmaS }: { residualS: number; sigmaS: number }) {
  const at = 50 + 46 * Math.max(-1, Math.min(1, residualS / (3 * sigmaS)));
  return (
    <svg class="gauge" viewBox="0 0 100 16" width="72" height="12" preserveAspectRatio="none" aria-hidden="true">
      <rect x="34.7" y="4" width="30.6" height="8" class="gauge-sigma" />
      <path d="M4 8H96M50 3V13" class="gauge-axis" />
      <path d={`M${at} 1V15`} class="gauge-tick" />
    </svg>
  );
}

/** Each sound that is fetched is on the record as given to this person: what is only scrolled past is not. */
const IN_VIEW_MS = 250;

function ClipPicture({ incident, clip }: { incident: string; clip: IncidentDetail["clips"][number] }) {
  const box = useRef<HTMLDivElement>(null);
  const state = clipOf(incident, clip.arrival);
  useEffect(() => {
    if (box.current === null) return;
    let wait: ReturnType<typeof setTimeout> | undefined;
    // Measured against the window: on a phone the panel itself does not scroll, and all of it counted as seen.
    const observer = new IntersectionObserver((entries) => {
      clearTimeout(wait);
      if (entries.at(-1)?.isIntersecting !== true) return;
      wait = setTimeout(() => {
        observer.disconnect();
        void fetchClip(incident, clip.arrival);
      }, IN_VIEW_MS);
    });
    observer.observe(box.current);
    return () => {
      clearTimeout(wait);
      observer.disconnect();
    };
  }, [incident, clip.arrival]);
  const now = state.value;
  return (
    <div ref={box} class="clip">
      {now.kind === "ready" ? (
        <SoundPicture sound={now.value} onsetS={clip.onsetS} node={clip.node} />
      ) : now.kind === "failed" ? (
        <p class="clip-note">
          The sound could not be fetched: {now.error}.{" "}
          <button type="button" onClick={() => void fetchClip(incident, clip.arrival)}>
            Try again
          </button>
        </p>
      ) : (
        <span class="skeleton clip-skeleton" />
      )}
    </div>
  );
}

export function Arrival({
  incident,
  arrival,
  clip,
}: {
  incident: string;
  arrival: ArrivalView;
  clip: IncidentDetail["clips"][number] | undefined;
}) {
  const sound = clip && !clip.withheld ? clipOf(incident, clip.arrival).value : undefined;
  const isPlaying = playing.value?.arrival === arrival.id;
  return (
    <li class={`arrival${arrival.used ? "" : " is-rejected"}`}>
      <div class="arrival-head">
        <span class="arrival-used" aria-hidden="true">
          {arrival.used ? "✓" : "✕"}
        </span>
        <b title={arrival.label}>{arrival.node}</b>
        {arrival.used ? (
          <>
            <span class="residual" title="observed minus predicted arrival">
              {residualMs(arrival.residualS)}
            </span>
            <Gauge residualS={arrival.residualS} sigmaS={arrival.used.sigmaS} />
            <span class="faint">± {(arrival.used.sigmaS * 1000).toFixed(1)} ms</span>
            <span class="unseen">used</span>
            {arrival.used.weight < 0.995 && (
              <span class="faint" title="weight in the fix">
                weight {arrival.used.weight.toFixed(2)}
              </span>
            )}
          </>
        ) : (
          <span class="arrival-why">
            rejected: {arrival.why}, {residualMs(arrival.residualS)}
          </span>
        )}
        {sound?.kind === "ready" && (
          <button
            type="button"
            class="play"
            aria-label={`${isPlaying ? "Stop" : "Play"} the sound at ${arrival.node}`}
            aria-pressed={isPlaying}
            onClick={() => void play(arrival.id, sound.value)}
          >
            <svg viewBox="0 0 16 16" width="1rem" height="1rem" aria-hidden="true">
              {isPlaying ? (
                <path d="M3 3h10v10H3Z" fill="currentColor" />
              ) : (
                <path d="M4 2l10 6-10 6Z" fill="currentColor" />
              )}
            </svg>
          </button>
        )}
      </div>
      {clip === undefined ? (
        <p class="clip-note">No sound from this node yet.</p>
      ) : clip.withheld ? (
        <p class="clip-note">Sound withheld: the node's voice gate found speech in it.</p>
      ) : (
        <ClipPicture incident={incident} clip={clip} />
      )}
    </li>
  );
}
