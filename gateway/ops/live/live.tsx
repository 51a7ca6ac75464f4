/** The incident's pictures: one large, the others small beside it, all of them honest about their age. */
import { computed, signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Key } from "../panels/key.tsx";
import type { SectionProps } from "../panels/sections/section.ts";
import { isOut } from "../state/drones.ts";
import { callersOf, callsOf, faults, isOpenCall, loadStreams, robots, streams } from "../state/field.ts";
import { drones, outHere } from "../state/flight.ts";
import { health, me, selected, site, videoAsked } from "../state/store.ts";
import { Chat } from "./chat.tsx";
import { Kept, kept, keptFault, loadKept } from "./kept.tsx";
import { streamsOf, type TileStream } from "./streams-of-incident.ts";
import { Figures, hearing, kindWords, Notice, nameOf, Picture, Pointing, StateBadge, stateOf } from "./tile.tsx";
import type { Watch } from "./watch.ts";
import { watchOf } from "./watches.ts";

/** Robots that an open call for this incident asked to come. */
export const robotsHere = computed(() => {
  const incident = selected.value?.incident;
  if (incident === undefined) return [];
  const called = new Set(
    callsOf(incident)
      .filter(isOpenCall)
      .flatMap(({ asked }) => asked.filter(({ robot }) => robot).map(({ unit }) => unit)),
  );
  return [...robots.value.values()].filter(({ robot }) => called.has(robot));
});

/** Drones and robots with a camera that nobody sent here. */
const asideNow = computed(() => {
  const here = new Set([...outHere.value.map(({ id }) => id), ...robotsHere.value.map(({ robot }) => robot)]);
  const all = [
    ...[...drones.value.values()].map(
      (one) => [one.id, "drone", isOut(one) ? "out elsewhere" : "in its dock"] as const,
    ),
    ...[...robots.value.keys()].map((id) => [id, "robot", "not called here"] as const),
  ];
  return new Map(all.filter(([id]) => !here.has(id)).map(([id, kind, does]) => [id, { kind, does }]));
});

const tiles = computed((): TileStream[] => {
  const incident = selected.value;
  if (incident === undefined) return [];
  return streamsOf(incident, {
    streams: streams.value,
    wanted: kept.value?.incident === incident.incident ? kept.value.streams.map(({ stream }) => stream) : [],
    site: site.value.kind === "ready" ? site.value.value : undefined,
    drones: outHere.value.map(({ id }) => id),
    robots: robotsHere.value.map(({ robot }) => robot),
    aside: asideNow.value,
    callers: callersOf(incident.incident),
  });
});

/** Which tile is large, per incident. */
const chosen = signal<{ incident: string; stream: string } | undefined>(undefined);

/** Keeps a look at a stream while the component is there. */
function useWatch(stream: string, incident: string, on: boolean): Watch {
  const watch = watchOf(stream);
  useEffect(() => (on ? watch.use(incident) : undefined), [watch, incident, on]);
  return watch;
}

function Small({ of, incident, on }: { of: TileStream; incident: string; on: boolean }) {
  const watch = useWatch(of.stream, incident, on);
  const state = stateOf(watch);
  return (
    <li>
      <button
        type="button"
        class={`tile-small is-${state.tone}`}
        title={nameOf(of)}
        onClick={() => (chosen.value = { incident, stream: of.stream })}
      >
        <span class="unseen">Enlarge </span>
        <span class="tile-picture" aria-hidden="true">
          <Picture watch={watch} of={of} leads={false} />
          {state.tone !== "live" && state.tone !== "stills" && (
            <span class="tile-small-mark" aria-hidden="true">
              {state.tone === "lost" ? "✕" : "…"}
            </span>
          )}
        </span>
        <span class="tile-small-name">{of.name} </span>
        <span class={`tile-small-state is-${state.tone}`}>{state.word}</span>
      </button>
    </li>
  );
}

const chatOpen = signal(false);

function Large({ of, incident }: { of: TileStream; incident: string }) {
  const watch = useWatch(of.stream, incident, true);
  const frame = useRef<HTMLDivElement>(null);
  const said = useSignal<{ text: string; failed: boolean } | undefined>(undefined);
  const state = stateOf(watch);
  const view = streams.value.get(of.stream);
  const mayKeep = me.value.roles.some((role) => role === "dispatch" || role === "pilot");
  useEffect(() => {
    said.value = undefined;
  }, [of.stream]);
  return (
    <figure class={`tile is-${state.tone}`} data-stream={of.stream}>
      <div ref={frame} class="tile-picture tile-frame">
        <Picture watch={watch} of={of} leads />
        <Pointing watch={watch} of={of} />
        <div class="tile-over">
          <span class="tile-name">
            <span class={`tile-kind is-${of.kind}`}>{kindWords[of.kind]}</span> {nameOf(of)}
          </span>
          <StateBadge state={state} />
        </div>
        <Notice watch={watch} />
        {view?.live && view.recordingFor.includes(incident) && (
          <span class="tile-recorded">
            <span aria-hidden="true">■</span> recorded
          </span>
        )}
      </div>
      <figcaption>
        <Figures watch={watch} />
        <div class="tile-tools">
          <button type="button" onClick={() => void toggleFull(frame.current)}>
            Full screen
          </button>
          <button
            type="button"
            disabled={!mayKeep}
            title={mayKeep ? "" : "needs the role dispatch or pilot"}
            onClick={async () => {
              said.value = { text: "Keeping the picture …", failed: false };
              said.value = await watch.snapshot(incident);
              void loadKept(incident);
            }}
          >
            Snapshot
          </button>
          <button
            type="button"
            aria-pressed={watch.stills}
            onClick={() => {
              const next = watch.stills ? "auto" : "stills";
              watch.thin.value = { ...watch.thin.value, stills: false };
              watch.chosen.value = next;
            }}
          >
            Stills
          </button>
          <button type="button" aria-expanded={chatOpen.value} onClick={() => (chatOpen.value = !chatOpen.value)}>
            Chat{watch.talk.chat.value.length > 0 && ` ${watch.talk.chat.value.length}`}
          </button>
          {watch.hasVoice && (
            <button type="button" aria-pressed={hearing.value} onClick={() => (hearing.value = !hearing.value)}>
              Sound
            </button>
          )}
        </div>
        {watch.thin.value.stills && (
          <p class="hint" role="status">
            The link to you is thin: stills every 2 s. Live is tried again by itself.
          </p>
        )}
        {view?.live === true && view.watchedBy.length > 0 && (
          <p class="hint">Watched by {view.watchedBy.join(", ")}. Click the picture to point for all of them.</p>
        )}
        <p class={`said${said.value?.failed ? " has-failed" : ""}`} role="status">
          {said.value?.text}
        </p>
        {chatOpen.value && <Chat watch={watch} />}
      </figcaption>
    </figure>
  );
}

async function toggleFull(element: HTMLElement | null): Promise<void> {
  if (document.fullscreenElement !== null) await document.exitFullscreen();
  else await element?.requestFullscreen().catch(() => undefined);
}

export function Live({ incident }: SectionProps) {
  const id = incident.incident;
  const mine = incident.takenBy?.by === me.value.user;
  const on = mine || videoAsked.value === id;
  useEffect(() => {
    void loadKept(id);
  }, [id, incident.version]);
  const all = tiles.value;
  const large = all.find(({ stream }) => chosen.value?.incident === id && chosen.value.stream === stream) ?? all[0];
  const relay = health.value?.relay;
  const fault = faults.value.get("video") ?? keptFault.value;
  return (
    <>
      {relay !== undefined && relay !== "ok" && (
        <p class="warning">
          <b>The video relay is {relay}.</b> Pictures come back by themselves when it is there again.
        </p>
      )}
      {fault !== undefined && (
        <p class="warning">
          The cameras could not be fetched: {fault}.{" "}
          <button type="button" onClick={() => void loadStreams()}>
            Try again
          </button>
        </p>
      )}
      {large === undefined ? (
        <p class="hint">No camera is near this incident, and no drone, robot or caller's phone is there.</p>
      ) : on ? (
        <>
          <Large key={large.stream} of={large} incident={id} />
          {all.length > 1 && (
            <ul class="tiles" aria-label="Other cameras">
              {all.map((of) => of.stream !== large.stream && <Small key={of.stream} of={of} incident={id} on />)}
            </ul>
          )}
        </>
      ) : (
        <div class="tiles-ask">
          <button type="button" class="primary" onClick={() => (videoAsked.value = id)}>
            Show {all.length === 1 ? "the camera" : `${all.length} cameras`} <Key>V</Key>
          </button>
          <p class="hint">
            {all.map(({ name }) => name).join(", ")}. Every look stands on the timeline. When you take the incident they
            come by themselves.
          </p>
        </div>
      )}
      <Kept incident={id} />
    </>
  );
}

/** The picture of one device beside its panel: the same look as in the tiles. */
export function Beside({ node, incident }: { node: string; incident: string }) {
  const of = tiles.value.find(({ stream }) => stream.startsWith(`${node}.`));
  const on = selected.value?.takenBy?.by === me.value.user || videoAsked.value === incident;
  if (of === undefined || !on) return null;
  return <BesidePicture of={of} incident={incident} />;
}

function BesidePicture({ of, incident }: { of: TileStream; incident: string }) {
  const watch = useWatch(of.stream, incident, true);
  const state = stateOf(watch);
  return (
    <div class={`tile-picture tile-beside is-${state.tone}`}>
      <Picture watch={watch} of={of} leads={false} />
      <div class="tile-over">
        <span class="tile-name">{nameOf(of)}</span>
        <StateBadge state={state} />
      </div>
    </div>
  );
}
