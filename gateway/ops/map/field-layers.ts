/** How robots, units and callers are drawn: bounds below the marks. */
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { MapPalette } from "./palette.ts";

export function fieldLayers(p: MapPalette): { areas: LayerSpecification[]; marks: LayerSpecification[] } {
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
    areas: [
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
    marks: [
      {
        id: "field-mark",
        type: "symbol",
        source,
        filter: shape("mark"),
        layout: {
          "icon-image": ["get", "icon"],
          "icon-rotate": ["coalesce", ["get", "heading"], 0],
          "icon-rotation-alignment": "map",
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
          "text-field": ["get", "label"],
          "text-font": ["Inter Semibold"],
          "text-size": 13,
          // A caller is often at the incident itself, whose words stand to the right of it.
          "text-anchor": ["match", ["get", "of"], "caller", "bottom", "top"],
          "text-offset": ["match", ["get", "of"], "caller", ["literal", [0, -1.3]], ["literal", [0, 1.25]]],
          "text-allow-overlap": true,
          "text-ignore-placement": true,
        },
        paint: words,
      },
      {
        id: "field-track-name",
        type: "symbol",
        source,
        filter: shape("track-name"),
        minzoom: 17,
        layout: { "text-field": ["get", "label"], "text-font": ["Inter"], "text-size": 11.5 },
        paint: words,
      },
    ],
  };
}
