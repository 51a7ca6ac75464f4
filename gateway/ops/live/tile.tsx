/** One camera's picture: live, as stills, or the last one with its age; where to point; what is wrong. */
import { signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { streams } from "../state/field.ts";
import { local, nowMs } from "../state/store.ts";
import { placeInBox, placeInPicture, type TileState, tileState } from "./figures.ts";
import type { TileStream } from "./streams-of-incident.ts";
import type { Watch } from "./watch.ts";

const kinds: Record<TileStream["kind"], string> = { caller: "phone", drone: "drone", robot: "robot", lamp: "lamppost" };
const marks: Record<TileState["tone"], string> = { live: "●", stills: "◐", waiting: "…", lost: "✕", off: "▶" };

export function nameOf({ name, more, distanceM }: TileStream): string {
  const far = distanceM === undefined ? "" : ` · ${Math.round(distanceM)} m`;
  return `${name} · ${more}${far}`;
}

export function stateOf(watch: Watch): TileState {
  const lastMs = watch.lastFrameMs.value;
  return tileState({
    phase: watch.phase.value,
    stills: watch.stills || watch.fromStill.value,
    refused: watch.refused.value,
    ageS: lastMs === undefined ? undefined : Math.max(0, (nowMs.value - lastMs) / 1000),
    view: streams.value.get(watch.stream),
  });
}

/** Age of the last picture, latency and loss: figures, or a dash where there are none. */
export function Figures({ watch }: { watch: Watch }) {
  const figures = watch.figures.value;
  const view = streams.value.get(watch.stream);
  const live = stateOf(watch).tone === "live";
  const uplink = view?.lossRatio;
  const known = live && figures !== undefined;
  return (
    <dl class="tile-figures">
      <div>
        <dt title="from the relay to this screen: half the round trip, waiting and decoding">Latency</dt>
        <dd>{known && figures.latencyMs !== undefined ? `${Math.max(1, Math.round(figures.latencyMs))} ms` : "–"}</dd>
      </div>
      <div>
        <dt title="packets lost on the way to you; on the way from the camera to the relay">Loss</dt>
        <dd>
          {known ? `${(figures.lossRatio * 100).toFixed(figures.lossRatio < 0.1 ? 1 : 0)} %` : "–"}
          {known && uplink !== undefined && uplink > 0.01 && (
            <span class="faint"> + {(uplink * 100).toFixed(0)} % uplink</span>
          )}
        </dd>
      </div>
      <div>
        <dt>Rate</dt>
        <dd>{known ? `${Math.round(figures.framesPerS)}/s · ${rate(figures.kbitPerS)}` : "–"}</dd>
      </div>
    </dl>
  );
}

const rate = (kbit: number) => (kbit < 1000 ? `${Math.round(kbit)} kbit/s` : `${(kbit / 1000).toFixed(1)} Mbit/s`);

/** The picture alone. `leads`: its video is the one that stills and snapshots are taken from, and it gives the sound. */
export function Picture({ watch, of, leads }: { watch: Watch; of: TileStream; leads: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const kept = useRef<HTMLCanvasElement>(null);
  const state = stateOf(watch);
  const media = watch.media.value;
  useLayoutEffect(() => {
    const element = video.current;
    if (element === null) return;
    element.srcObject = media ?? null;
    if (media !== undefined) void element.play().catch(() => undefined);
  }, [media]);
  useEffect(() => {
    if (leads || watch.video === undefined) watch.video = video.current ?? undefined;
    const mine = video.current;
    return () => {
      if (watch.video === mine) watch.video = undefined;
    };
  }, [watch, leads]);
  // A new element shows nothing until its first frame: the last picture stands in.
  const painted = useSignal(false);
  useLayoutEffect(() => {
    painted.value = false;
  }, [media]);
  const old = state.tone !== "live" || !painted.value;
  const lastMs = watch.lastFrameMs.value;
  useLayoutEffect(() => {
    const canvas = kept.current;
    if (!old || canvas === null || watch.kept.width === 0) return;
    canvas.width = watch.kept.width;
    canvas.height = watch.kept.height;
    canvas.getContext("2d")?.drawImage(watch.kept, 0, 0);
  }, [old, lastMs, watch]);
  return (
    <>
      <video
        ref={video}
        class="tile-video"
        muted={!leads || !watch.hasVoice || !hearing.value}
        autoplay
        playsInline
        disablePictureInPicture
        onLoadedData={() => (painted.value = true)}
        aria-label={nameOf(of)}
      />
      <canvas
        ref={kept}
        class={`tile-kept is-${state.tone}`}
        hidden={!old || lastMs === undefined}
        role="img"
        aria-label={`${nameOf(of)}: ${state.word}`}
      />
    </>
  );
}

/** Whether the caller's voice is heard at this desk. */
export const hearing = signal(true);

export function StateBadge({ state }: { state: TileState }) {
  return (
    <span class={`tile-badge is-${state.tone}`}>
      <span aria-hidden="true">{marks[state.tone]}</span> {state.word}
    </span>
  );
}

/** Whose picture it is and since when it stands still, over the picture; and why nothing comes. */
export function Notice({ watch }: { watch: Watch }) {
  const state = stateOf(watch);
  if (state.why === undefined) return null;
  const lastMs = watch.lastFrameMs.value;
  return (
    <p class={`tile-notice is-${state.tone}${lastMs === undefined ? " is-empty" : ""}`}>
      {lastMs !== undefined && (
        <b>
          Not live. Picture of {local.value.clock(lastMs)} {local.value.zone(lastMs)}
        </b>
      )}
      <span>{state.why}.</span>
    </p>
  );
}

/** Where others and oneself point, and the means to: a click, or arrow keys and Enter. */
export function Pointing({ watch, of }: { watch: Watch; of: TileStream }) {
  const box = useRef<HTMLButtonElement>(null);
  const aim = useSignal<{ x: number; y: number } | undefined>(undefined);
  const size = () => {
    const { width, height } = box.current?.getBoundingClientRect() ?? { width: 16, height: 9 };
    const { video, kept } = watch;
    const [widthPx, heightPx] = video?.videoWidth
      ? [video.videoWidth, video.videoHeight]
      : [kept.width || 16, kept.height || 9];
    return { box: { width, height }, picture: { widthPx, heightPx } };
  };
  const may = watch.talk.maySay.value;
  const spot = (at: { x: number; y: number }) => {
    const { box, picture } = size();
    const { left, top } = placeInBox(box, picture, at);
    return { left: `${left}%`, top: `${top}%` };
  };
  const steps: Record<string, [number, number]> = {
    ArrowLeft: [-0.04, 0],
    ArrowRight: [0.04, 0],
    ArrowUp: [0, -0.04],
    ArrowDown: [0, 0.04],
  };
  return (
    <>
      <button
        ref={box}
        type="button"
        class="tile-point"
        disabled={!may}
        aria-label={`Point at a place in the picture of ${nameOf(of)}: click it, or arrow keys and Enter`}
        onClick={(event) => {
          if (event.detail === 0) {
            const { x, y } = aim.value ?? { x: 0.5, y: 0.5 };
            watch.talk.point(x, y);
            return;
          }
          const rect = event.currentTarget.getBoundingClientRect();
          const { box, picture } = size();
          const at = placeInPicture(box, picture, { x: event.clientX - rect.left, y: event.clientY - rect.top });
          if (at !== undefined) watch.talk.point(at.x, at.y);
        }}
        onKeyDown={(event) => {
          const step = steps[event.key];
          if (step === undefined) return;
          event.preventDefault();
          const from = aim.value ?? { x: 0.5, y: 0.5 };
          const within = (value: number) => Math.min(1, Math.max(0, value));
          aim.value = { x: within(from.x + step[0]), y: within(from.y + step[1]) };
        }}
        onBlur={() => (aim.value = undefined)}
      />
      {aim.value && <span class="tile-aim" style={spot(aim.value)} aria-hidden="true" />}
      {watch.talk.points.value.map((point) => (
        <span key={point.key} class={`tile-mark${point.mine ? " is-mine" : ""}`} style={spot(point)}>
          <span class="tile-mark-name">{point.name}</span>
        </span>
      ))}
    </>
  );
}

export const kindWords = kinds;
