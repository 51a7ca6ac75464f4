/** MapLibre around our own style. Loaded apart from the console, so that queue and incident are there before it is. */
import { type GeoJSONSource, Map as GlMap, ScaleControl, setWorkerUrl } from "maplibre-gl";
import type { Box } from "../geometry.ts";
import type { Theme } from "../state/preferences.ts";
import type { Features } from "./features.ts";
import { iconNames, iconOf } from "./icons.ts";
import { emptyData, type MapData, type SourceName, styleOf } from "./style.ts";

export interface CityMap {
  set(source: SourceName, features: Features): void;
  setTheme(theme: Theme): void;
  /** Brings a box into view; at once where motion is unwanted. */
  fit(box: Box, options: { animate: boolean; maxZoom: number }): void;
  zoom(by: number): void;
  resize(): void;
  /** The middle of what is in view. */
  middle(): { lat: number; lon: number };
  remove(): void;
}

export interface CityMapOptions {
  container: HTMLElement;
  centre: { lat: number; lon: number };
  theme: Theme;
  onIncident: (id: string) => void;
  onNode: (id: string) => void;
  onDrone: (id: string) => void;
  /** Any place; true where it was waited for, and no mark under it is meant. */
  onPlace: (at: { lat: number; lon: number }) => boolean;
}

setWorkerUrl(new URL("./map-worker.js", import.meta.url).href);

/** Throws where the browser has no WebGL 2; the caller then shows the plain map. */
export function createCityMap(options: CityMapOptions): CityMap {
  const data: MapData = emptyData();
  let theme = options.theme;
  const map = new GlMap({
    container: options.container,
    style: styleOf(theme, data),
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
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ unit: "metric", maxWidth: 120 }), "bottom-right");
  map.getCanvas().setAttribute("aria-label", "Map. Arrow keys move it, plus and minus zoom.");

  let styled = false;
  let gone = false;
  const late = new Set<SourceName>();
  let flushing = false;
  const flush = () => {
    flushing = false;
    if (gone || !styled) return;
    for (const name of late) {
      const source = map.getSource(name) as GeoJSONSource | undefined;
      source?.setData(data[name] as Parameters<GeoJSONSource["setData"]>[0]);
    }
    late.clear();
  };
  // Words first: the map follows one frame later, and draws once for what came together.
  const push = (name: SourceName) => {
    late.add(name);
    if (flushing || !styled) return;
    flushing = true;
    requestAnimationFrame(() => setTimeout(flush));
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
  pick(["incident-mark"], "incident", options.onIncident);
  pick(["node"], "id", options.onNode);
  pick(["drone"], "drone", options.onDrone);

  return {
    set(name, features) {
      data[name] = features;
      push(name);
    },
    setTheme(next) {
      if (next === theme) return;
      theme = next;
      styled = false;
      map.setStyle(styleOf(theme, data), { diff: false });
    },
    fit(box, { animate, maxZoom }) {
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
    },
    zoom: (by) => void map.zoomTo(map.getZoom() + by, { duration: 150 }),
    middle: () => ({ lat: map.getCenter().lat, lon: map.getCenter().lng }),
    resize: () => void map.resize(),
    remove: () => {
      gone = true;
      map.remove();
    },
  };
}
