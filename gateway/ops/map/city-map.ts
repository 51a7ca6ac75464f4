/** MapLibre around our own style. Loaded apart from the console, so that queue and incident are there before it is. */
import { type GeoJSONSource, Map as GlMap, ScaleControl, setWorkerUrl } from "maplibre-gl";
import type { Box } from "../geometry.ts";
import type { Theme } from "../state/preferences.ts";
import type { Features } from "./features.ts";
import { iconNames, iconOf } from "./icons.ts";
import { emptyData, type MapData, type SourceName, styleOf } from "./style.ts";

export interface CityMap {
  /** `make` is asked for the features when the map draws next, never before the words of the page are drawn. */
  set(source: SourceName, make: () => Features): void;
  setTheme(theme: Theme): void;
  /** Brings a box into view; at once where motion is unwanted. */
  fit(box: Box, options: { animate: boolean; maxZoom: number }): void;
  zoom(by: number): void;
  /** Its container has another size. */
  resize(): void;
  /** The middle of what is in view. */
  middle(): { lat: number; lon: number };
  remove(): void;
}

export interface CityMapOptions {
  container: HTMLElement;
  centre: { lat: number; lon: number };
  theme: Theme;
  /** Of words and marks: 1 at a browser's usual size of letters. */
  scale: number;
  onIncident: (id: string) => void;
  onNode: (id: string) => void;
  onDrone: (id: string) => void;
  /** Any place; true where it was waited for, and no mark under it is meant. */
  onPlace: (at: { lat: number; lon: number }) => boolean;
  /** Its first picture is on the glass. */
  onFirstDrawn: () => void;
}

setWorkerUrl(new URL("./map-worker.js", import.meta.url).href);

/** The words' frame has reached the screen by then, and does not share the graphics card with the map's. */
const AFTER_WORDS_MS = 25;

/** While much comes the map is given it this often: to draw itself again for every message would leave no time for the words beside it. */
const REST_MS = 100;

/** What is small is compared: a drone in its dock does not make the map draw itself every second. */
const FEW = 120;
function isSame(known: Features, said: Features): boolean {
  if (known.features.length !== said.features.length || known.features.length > FEW) return false;
  return JSON.stringify(known) === JSON.stringify(said);
}

/** Throws where the browser has no WebGL 2; the caller then shows the plain map. */
export function createCityMap(options: CityMapOptions): CityMap {
  const data: MapData = emptyData();
  let theme = options.theme;
  const map = new GlMap({
    container: options.container,
    style: styleOf(theme, data, options.scale),
    center: [options.centre.lon, options.centre.lat],
    zoom: 14.5,
    minZoom: 9,
    maxZoom: 21,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    maxPitch: 0,
    fadeDuration: 0,
    refreshExpiredTiles: false,
    // Its own way of it waits for the graphics card within the very frame in which the alarm first shows.
    trackResize: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ unit: "metric", maxWidth: 120 * options.scale }), "bottom-right");
  map.getCanvas().setAttribute("aria-label", "Map. Arrow keys move it, plus and minus zoom.");

  let styled = false;
  let gone = false;
  const late = new Map<SourceName, () => Features>();
  let look: { box: Box; options: { animate: boolean; maxZoom: number } } | undefined;
  let otherSize = false;
  let flushing = false;
  let flushedMs = Number.NEGATIVE_INFINITY;
  const flush = () => {
    flushing = false;
    if (gone || !styled) return;
    flushedMs = performance.now();
    // Drawn at once, as a canvas of another size is empty.
    if (otherSize) map.resize().redraw();
    otherSize = false;
    for (const [name, make] of late) {
      const features = make();
      if (isSame(data[name], features)) continue;
      data[name] = features;
      const source = map.getSource(name) as GeoJSONSource | undefined;
      source?.setData(features as Parameters<GeoJSONSource["setData"]>[0]);
    }
    late.clear();
    if (look !== undefined) lookAt(look.box, look.options);
    look = undefined;
  };
  // Words first: the map follows, and draws once for what came together or soon after.
  const flushSoon = () => {
    if (flushing || !styled) return;
    flushing = true;
    const waitMs = Math.max(AFTER_WORDS_MS, flushedMs + REST_MS - performance.now());
    requestAnimationFrame(() => setTimeout(flush, waitMs));
  };
  const lookAt = (box: Box, { animate, maxZoom }: { animate: boolean; maxZoom: number }) => {
    const { clientWidth, clientHeight } = options.container;
    // Room for the tools on the right, legend and scale below.
    const side = Math.max(16, Math.min(60, clientWidth * 0.06));
    const padding = {
      top: side,
      left: side,
      right: Math.min(96, clientWidth * 0.22),
      bottom: Math.min(84, clientHeight * 0.16),
    };
    map.fitBounds(box, { padding, maxZoom, animate, duration: 600, linear: true });
  };
  map.on("style.load", () => {
    for (const name of iconNames) {
      const { image, pixelRatio } = iconOf(name, theme);
      if (map.hasImage(name)) map.removeImage(name);
      map.addImage(name, image, { pixelRatio });
    }
    styled = true;
    flush();
    options.container.dataset.ready = "true";
  });

  map.once("idle", options.onFirstDrawn);

  let taken = false;
  map.on("click", ({ lngLat }) => {
    taken = options.onPlace({ lat: lngLat.lat, lon: lngLat.lng });
  });
  const pick = (layers: string[], property: string, take: (id: string) => void) => {
    for (const layer of layers) {
      map.on("click", layer, (event) => {
        const id = event.features?.[0]?.properties[property] as string | undefined;
        if (id !== undefined && !taken) take(id);
      });
      map.on("mouseenter", layer, () => map.getCanvas().classList.add("over-mark"));
      map.on("mouseleave", layer, () => map.getCanvas().classList.remove("over-mark"));
    }
  };
  pick(["incident-mark", "incident-name"], "incident", options.onIncident);
  pick(["node", "node-name"], "id", options.onNode);
  pick(["drone", "drone-name"], "drone", options.onDrone);

  return {
    set(name, make) {
      late.set(name, make);
      flushSoon();
    },
    setTheme(next) {
      if (next === theme) return;
      theme = next;
      styled = false;
      map.setStyle(styleOf(theme, data, options.scale), { diff: false });
    },
    fit(box, how) {
      look = { box, options: how };
      flushSoon();
    },
    zoom: (by) => void map.zoomTo(map.getZoom() + by, { duration: 150 }),
    middle: () => ({ lat: map.getCenter().lat, lon: map.getCenter().lng }),
    resize() {
      otherSize = true;
      flushSoon();
    },
    remove: () => {
      gone = true;
      map.remove();
    },
  };
}
