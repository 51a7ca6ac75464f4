/** How robots, units and callers are drawn: bounds below the marks. */
import type { ExpressionSpecification } from "maplibre-gl";
import { corners, type DrawnParts } from "./drone-layers.ts";
import type { MapPalette } from "./palette.ts";

export function fieldLayers(p: MapPalette, scale: number): DrawnParts {
  const source = "field";
  const shape = (...names: string[]): ExpressionSpecification => ["in", ["get", "shape"], ["literal", names]];
  const colour: ExpressionSpecification = [
    "case",
    ["==", ["get", "tone"], "old"],
    p.droneOld,
    ["==", ["get", "tone"], "stop"],
    p.stop,
    ["==", ["get", "of"], "caller"],
    p.caller,
    p.robot,
  ];
  const words = { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 2 };
  return {
    lines: [
      {
        id: "field-area",
        type: "fill",
        source,
        filter: shape("bound"),
        paint: { "fill-color": colour, "fill-opacity": 0.14 },
      },
      {
        id: "field-bound",
        type: "line",
        source,
        filter: shape("bound", "rim"),
        paint: { "line-color": colour, "line-width": 1.8 },
      },
      {
        id: "field-track",
        type: "line",
        source,
        filter: shape("track"),
        minzoom: 16,
        paint: { "line-color": colour, "line-width": 1.2, "line-dasharray": [2, 2] },
      },
    ],
    labels: [
      {
        id: "field-track-name",
        type: "symbol",
        source,
        filter: shape("track-name"),
        minzoom: 17,
        layout: { "text-field": ["get", "label"], "text-font": ["Inter"], "text-size": 11.5 * scale },
        paint: words,
      },
      {
        id: "field-name",
        type: "symbol",
        source,
        filter: shape("mark"),
        layout: {
          "text-field": ["get", "label"],
          "text-font": ["Inter Semibold"],
          "text-size": 13 * scale,
          "text-variable-anchor": ["top", "bottom", "left", "right", ...corners],
          "text-radial-offset": 1.6,
          "text-justify": "auto",
          "text-allow-overlap": true,
        },
        paint: words,
      },
    ],
    icons: [
      {
        id: "field-mark",
        type: "symbol",
        source,
        filter: shape("mark"),
        layout: {
          "icon-image": ["get", "icon"],
          "icon-size": scale,
          "icon-rotate": ["coalesce", ["get", "heading"], 0],
          "icon-rotation-alignment": "map",
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
        },
      },
    ],
  };
}
