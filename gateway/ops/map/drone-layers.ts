/** How drones are drawn: the way below the marks, drone and dock above them. */
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { MapPalette } from "./palette.ts";

type Drawn = Exclude<LayerSpecification, { type: "background" }>;

export function droneLayers(p: MapPalette): { lines: LayerSpecification[]; marks: LayerSpecification[] } {
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
        "text-size": 12.5,
        "text-offset": [0, -0.9],
        "text-max-angle": 80,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { ...words, "text-color": colour },
    },
  ];
  const marks: Drawn[] = [
    {
      id: "drone-dock",
      type: "symbol",
      source,
      filter: shape("dock"),
      layout: {
        "icon-image": ["get", "icon"],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "text-field": ["get", "label"],
        "text-font": strong,
        "text-size": 12,
        "text-anchor": "top",
        "text-offset": [0, 1.2],
        "text-optional": true,
      },
      paint: words,
    },
    {
      id: "drone",
      type: "symbol",
      source,
      filter: shape("drone"),
      layout: {
        "icon-image": ["get", "icon"],
        "icon-rotate": ["get", "heading"],
        "icon-rotation-alignment": "map",
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "text-field": ["get", "label"],
        "text-font": strong,
        "text-size": 13.5,
        "text-anchor": ["match", ["get", "side"], "above", "bottom", "below", "top", "right"],
        "text-justify": "auto",
        "text-offset": [
          "match",
          ["get", "side"],
          "above",
          ["literal", [0, -1.5]],
          "below",
          ["literal", [0, 1.5]],
          ["literal", [-1.6, 0]],
        ],
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { ...words, "text-halo-width": 2.4 },
    },
  ];
  return { lines, marks };
}
