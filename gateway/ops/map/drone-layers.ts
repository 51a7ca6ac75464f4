/** How drones are drawn: the way below the marks, drone and dock above them, their words where nothing else stands. */
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { MapPalette } from "./palette.ts";

type Drawn = Exclude<LayerSpecification, { type: "background" }>;

export interface DrawnParts {
  /** Below all marks. */
  lines: LayerSpecification[];
  /** What has to find room beside the icons. */
  labels: LayerSpecification[];
  icons: LayerSpecification[];
}

/** Where words stand when no side of their icon is free. */
export const corners = ["top-left", "bottom-left", "top-right", "bottom-right"] as const;

export function droneLayers(p: MapPalette, scale: number): DrawnParts {
  const source = "drones";
  const colour: ExpressionSpecification = ["case", ["get", "old"], p.droneOld, p.drone];
  const shape = (name: string): ExpressionSpecification => ["==", ["get", "shape"], name];
  const round = { "line-cap": "round", "line-join": "round" } as const;
  const strong = ["Inter Semibold"];
  const words = { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 2 };
  const lines: Drawn[] = [
    {
      id: "drone-way-case",
      type: "line",
      source,
      filter: shape("way"),
      layout: round,
      paint: { "line-color": p.halo, "line-width": 6, "line-opacity": 0.9 },
    },
    {
      id: "drone-way",
      type: "line",
      source,
      filter: shape("way"),
      layout: { "line-join": "round" },
      paint: { "line-color": colour, "line-width": 2.6, "line-dasharray": [2.4, 1.4] },
    },
    {
      id: "drone-sight",
      type: "line",
      source,
      filter: shape("sight"),
      layout: round,
      paint: { "line-color": colour, "line-width": 1.8, "line-dasharray": [0.2, 2.2] },
    },
    {
      id: "drone-bound",
      type: "line",
      source,
      filter: shape("bound"),
      paint: { "line-color": colour, "line-width": 1.2 },
    },
    {
      id: "drone-lane",
      type: "symbol",
      source,
      filter: shape("lane"),
      layout: {
        "symbol-placement": "line-center",
        "text-field": ["get", "label"],
        "text-font": strong,
        "text-size": 12.5 * scale,
        "text-offset": [0, -0.9],
        "text-max-angle": 80,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { ...words, "text-color": colour },
    },
  ];
  const labels: Drawn[] = [
    {
      id: "drone-dock-name",
      type: "symbol",
      source,
      filter: shape("dock"),
      layout: {
        "text-field": ["get", "label"],
        "text-font": strong,
        "text-size": 12 * scale,
        "text-variable-anchor": ["top", "bottom", "left", "right", ...corners],
        "text-radial-offset": 1.4,
        "text-justify": "auto",
      },
      paint: words,
    },
    {
      id: "drone-name",
      type: "symbol",
      source,
      filter: shape("drone"),
      layout: {
        "text-field": ["get", "label"],
        "text-font": strong,
        "text-size": 13.5 * scale,
        "text-variable-anchor": ["bottom", "right", "left", "top", ...corners],
        "text-padding": 0,
        "text-radial-offset": 1.8,
        "text-justify": "auto",
        "text-allow-overlap": true,
      },
      paint: { ...words, "text-halo-width": 2.4 },
    },
  ];
  const icons: Drawn[] = [
    {
      id: "drone-dock",
      type: "symbol",
      source,
      filter: shape("dock"),
      layout: {
        "icon-image": ["get", "icon"],
        "icon-size": scale,
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    },
    {
      id: "drone",
      type: "symbol",
      source,
      filter: shape("drone"),
      layout: {
        "icon-image": ["get", "icon"],
        "icon-size": scale,
        "icon-rotate": ["get", "heading"],
        "icon-rotation-alignment": "map",
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    },
  ];
  return { lines, labels, icons };
}
