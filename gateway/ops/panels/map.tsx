/** The map panel: MapLibre where the browser can, a plain drawing of the same data where it cannot. */
import { effect, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { CityMap } from "../map/city-map.ts";
import { droneFeatures } from "../map/drone-features.ts";
import { type Features, incidentFeatures, nodeFeatures, ringFeatures, selectedFeatures } from "../map/features.ts";
import { callerFeatures, fieldFeatures, robotFeatures, unitFeatures } from "../map/field-features.ts";
import { focusMap, mapFocus, showNextNode, siteFocus, wholeOf } from "../map/focus.ts";
import { conditions, countConditions } from "../map/placed-nodes.ts";
import { select } from "../state/actions.ts";
import { loadStreets } from "../state/connect.ts";
import { callers, calls, robots, units } from "../state/field.ts";
import { aiming, chosenDrone, drone, drones, outHere, pressPlace } from "../state/flight.ts";
import { chosenNode, nodesPlaced, recentIncidents, ringShot, selectedShots } from "../state/map-state.ts";
import { reducedMotion, textScale, theme } from "../state/preferences.ts";
import { gatewayNowMs, hasPicture, rings, selected, selectedId, site, streets, tab } from "../state/store.ts";
import { Aim, mapMiddle } from "./aim.tsx";
import { FlatMap } from "./flat-map.tsx";
import { Key } from "./key.tsx";
import { styleSheet } from "./lazy.tsx";
import { NodeCard } from "./node-card.tsx";
import { NodeMark } from "./node-mark.tsx";

/** `made`: the map is there, its first picture is not. */
type Kind = "waiting" | "made" | "drawn" | "plain";

/** Counts by state; each leads through the nodes of that state, one at a time. */
function Legend() {
  const counts = countConditions(nodesPlaced.value);
  return (
    <ul class="legend" aria-label="Nodes by state">
      {conditions.map(
        ({ id, word }) =>
          (id === "ok" || counts[id] > 0) && (
            <li key={id}>
              <button type="button" onClick={() => showNextNode(id)}>
                <NodeMark condition={id} /> {counts[id]} {word}
              </button>
            </li>
          ),
      )}
    </ul>
  );
}

/** Longest that the map waits for the incidents: where none come it still shows the streets. */
const WORDS_MS = 2000;

/** The first incidents are on screen. The map's library, a megabyte, would else be read in the very second in which they should appear. */
async function wordsShown(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const patience = setTimeout(resolve, WORDS_MS);
  const stop = effect(() => {
    if (hasPicture.value) requestAnimationFrame(() => setTimeout(resolve, 0));
  });
  await promise;
  stop();
  clearTimeout(patience);
}

/** Creates the map and keeps it at the state's hand. Returns what takes it away. */
async function mount(
  container: HTMLElement,
  centre: { lat: number; lon: number },
  onFirstDrawn: () => void,
): Promise<() => void> {
  await wordsShown();
  const [{ createCityMap }] = await Promise.all([import("../map/city-map.ts"), styleSheet("./map-library.css")]);
  const map: CityMap = createCityMap({
    container,
    centre,
    theme: theme(),
    scale: textScale(),
    onIncident: (id) => select(id, false),
    onNode: (id) => (chosenNode.value = id),
    onDrone: lookUpDrone,
    onPlace: pressPlace,
    onFirstDrawn,
  });
  const stops = [
    effect(() => map.setTheme(theme())),
    effect(() => {
      const { value } = streets;
      if (value.kind === "ready") map.set("streets", () => value.value as Features);
    }),
    effect(() => {
      const nodes = nodesPlaced.value;
      map.set("nodes", () => nodeFeatures(nodes));
    }),
    effect(() => {
      const node = nodesPlaced.value.find(({ id }) => id === chosenNode.value);
      map.set("chosen-node", () => nodeFeatures(node === undefined ? [] : [node]));
    }),
    effect(() => {
      const incidents = recentIncidents.value;
      map.set("incidents", () => incidentFeatures(incidents));
    }),
    effect(() => {
      const [incident, shot] = [selected.value, ringShot.value?.id];
      map.set("selected", () => selectedFeatures(incident, shot));
    }),
    effect(() => {
      const shot = rings.value ? ringShot.value : undefined;
      map.set("rings", () => ringFeatures(shot));
    }),
    effect(() => {
      const [all, now, chosen] = [drones.value, gatewayNowMs.value, drone.value?.id];
      map.set("drones", () => droneFeatures(all.values(), now, chosen));
    }),
    effect(() => {
      const [now, there, called, calling, moving] = [
        gatewayNowMs.value,
        units.value,
        calls.value,
        callers.value,
        robots.value,
      ];
      map.set("field", () =>
        fieldFeatures(
          unitFeatures(there, called.values()),
          callerFeatures(calling.values(), now),
          robotFeatures(moving.values(), now),
        ),
      );
    }),
    effect(() => {
      const focus = mapFocus.value;
      if (focus !== undefined)
        map.fit(focus.box, { animate: !focus.first && !reducedMotion(), maxZoom: focus.maxZoom });
    }),
    effect(() => {
      if (tab.value === "map") requestAnimationFrame(() => map.resize());
    }),
  ];
  const observer = new ResizeObserver(() => map.resize());
  observer.observe(container);
  zoomMap = map.zoom;
  mapMiddle.value = map.middle;
  return () => {
    for (const stop of stops) stop();
    observer.disconnect();
    mapMiddle.value = undefined;
    map.remove();
  };
}

/** Leads to the drone's orders: at its own incident, or at the one where it is. */
function lookUpDrone(id: string): void {
  const incident = drones.value.get(id)?.state?.incident;
  if (!outHere.value.some((one) => one.id === id) && incident !== undefined) select(incident, false);
  chosenDrone.value = id;
  document.getElementById("section-flight")?.scrollIntoView({ block: "nearest" });
}

let zoomMap: (by: number) => void = () => {};

/** Looks at the whole site first, at the chosen incident when another is chosen, and again when its nodes are known. */
function followSelection(): () => void {
  let seen: string | undefined;
  return effect(() => {
    const incident = selected.value;
    if (incident === undefined) {
      if (seen === undefined && nodesPlaced.value.length > 0) {
        seen = "site";
        mapFocus.value = siteFocus();
      }
      return;
    }
    const shots = selectedShots.value;
    const flying = outHere.value.length > 0;
    const key = `${incident.incident}/${shots.length > 0}/${incident.place !== undefined}/${flying}`;
    if (key === seen) return;
    // A drone that leaves is news; one that is home again moves nothing.
    const home = seen === `${key.slice(0, -5)}true` && !flying;
    const first = seen === undefined || seen === "site";
    seen = key;
    if (home) return;
    mapFocus.value = wholeOf(incident, shots, first) ?? mapFocus.value;
  });
}

export function MapPanel() {
  const box = useRef<HTMLDivElement>(null);
  const kind = useSignal<Kind>("waiting");
  const whyPlain = useSignal("");
  const centre = site.value.kind === "ready" ? site.value.value.centre : undefined;
  const ready = centre !== undefined;
  useEffect(() => {
    if (centre === undefined || box.current === null) return;
    let gone = false;
    let unmount: (() => void) | undefined;
    const stopFollowing = followSelection();
    mount(box.current, centre, () => (kind.value = "drawn")).then(
      (remove) => {
        if (gone) remove();
        else {
          unmount = remove;
          if (kind.value === "waiting") kind.value = "made";
        }
      },
      (cause: Error) => {
        kind.value = "plain";
        whyPlain.value = /webgl|context/i.test(cause.message)
          ? "This browser has no WebGL 2, so the map is drawn plainly."
          : `The map library did not load (${cause.message}), so the map is drawn plainly.`;
      },
    );
    return () => {
      gone = true;
      stopFollowing();
      unmount?.();
    };
  }, [ready]);

  return (
    <section
      class="map"
      id="panel-map"
      aria-label="Map"
      data-kind={kind.value}
      data-aiming={aiming.value !== undefined}
    >
      <div ref={box} class="map-canvas" hidden={kind.value === "plain"} />
      {kind.value === "plain" && <FlatMap why={whyPlain.value} />}
      {(kind.value === "waiting" || kind.value === "made") && (
        <p class="map-note" role="status">
          {site.value.kind === "failed" ? `The site could not be fetched: ${site.value.error}.` : "Drawing the map …"}
        </p>
      )}
      {streets.value.kind === "failed" && (
        <p class="map-note" role="status">
          No streets: {streets.value.error}.{" "}
          <button type="button" onClick={() => void loadStreets()}>
            Try again
          </button>
        </p>
      )}
      <div class="map-tools">
        {(kind.value === "made" || kind.value === "drawn") && (
          <>
            <button type="button" aria-label="Zoom in" onClick={() => zoomMap(1)}>
              +
            </button>
            <button type="button" aria-label="Zoom out" onClick={() => zoomMap(-1)}>
              −
            </button>
          </>
        )}
        <button
          type="button"
          aria-label="Look at the incident"
          aria-keyshortcuts="m"
          disabled={selectedId.value === undefined}
          onClick={focusMap}
        >
          <svg viewBox="0 0 20 20" width="1.25rem" height="1.25rem" aria-hidden="true">
            <path
              d="M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4"
              fill="none"
              stroke="currentColor"
              stroke-width="2"
              stroke-linecap="round"
            />
          </svg>
        </button>
        <button
          type="button"
          aria-label="Arrival rings"
          aria-keyshortcuts="r"
          aria-pressed={rings.value}
          disabled={selectedId.value === undefined}
          onClick={() => (rings.value = !rings.value)}
        >
          <svg viewBox="0 0 20 20" width="1.25rem" height="1.25rem" aria-hidden="true">
            <g fill="none" stroke="currentColor" stroke-width="1.8">
              <circle cx="10" cy="10" r="7.4" />
              <circle cx="10" cy="10" r="3.4" />
            </g>
          </svg>
        </button>
      </div>
      <NodeCard />
      <Aim />
      <Legend />
      <p class="unseen">
        Keys: <Key>M</Key> map on the incident, <Key>R</Key> rings
      </p>
    </section>
  );
}
