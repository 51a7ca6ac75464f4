/** The map's own style: streets, nodes, bounds. No tiles, glyphs or sprites from anywhere; names are drawn with the page's typeface. */
import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";
import type { Theme } from "../state/preferences.ts";
import { droneLayers } from "./drone-layers.ts";
import { collection, type Features } from "./features.ts";
import { fieldLayers } from "./field-layers.ts";
import { palettes } from "./palette.ts";

export const sourceNames = [
  "streets",
  "nodes",
  "chosen-node",
  "incidents",
  "rings",
  "selected",
  "drones",
  "field",
] as const;
export type SourceName = (typeof sourceNames)[number];
export type MapData = Record<SourceName, Features>;

export const emptyData = (): MapData =>
  Object.fromEntries(sourceNames.map((name) => [name, collection([])])) as unknown as MapData;

const byStatus = (colours: Record<string, string>): ExpressionSpecification => [
  "match",
  ["get", "status"],
  "unreviewed",
  colours.unreviewed!,
  "confirmed",
  colours.confirmed!,
  "escalated",
  colours.escalated!,
  colours.dismissed!,
];

const width = (low: number, high: number): ExpressionSpecification => [
  "interpolate",
  ["exponential", 1.6],
  ["zoom"],
  12,
  low,
  19,
  high,
];

/** A complete MapLibre style of `data` under a theme. */
export function styleOf(theme: Theme, data: MapData): StyleSpecification {
  const p = palettes[theme];
  const status = byStatus(p.incidents);
  const drone = droneLayers(p);
  const field = fieldLayers(p);
  const font = ["Inter"];
  const strong = ["Inter Semibold"];
  const shape = (name: string): ExpressionSpecification => ["==", ["get", "shape"], name];
  return {
    version: 8,
    sources: Object.fromEntries(
      sourceNames.map((name) => [
        name,
        { type: "geojson", data: data[name], ...(name === "streets" ? { tolerance: 0.2 } : { tolerance: 0 }) },
      ]),
    ) as StyleSpecification["sources"],
    layers: [
      { id: "ground", type: "background", paint: { "background-color": p.ground } },
      {
        id: "street-case",
        type: "line",
        source: "streets",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": p.streetCase, "line-width": width(2.4, 34) },
      },
      {
        id: "street",
        type: "line",
        source: "streets",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": p.street, "line-width": width(1.4, 30) },
      },
      {
        id: "street-name",
        type: "symbol",
        source: "streets",
        minzoom: 13.5,
        layout: {
          "symbol-placement": "line",
          "symbol-spacing": 380,
          "text-field": ["get", "name"],
          "text-font": font,
          "text-size": ["interpolate", ["linear"], ["zoom"], 13, 10, 18, 14],
          "text-letter-spacing": 0.02,
        },
        paint: { "text-color": p.streetName, "text-halo-color": p.halo, "text-halo-width": 1.4 },
      },
      {
        id: "incident-bound",
        type: "line",
        source: "incidents",
        filter: shape("bound"),
        paint: { "line-color": status, "line-width": 1.5, "line-opacity": 0.8 },
      },
      {
        id: "ring-off",
        type: "line",
        source: "rings",
        filter: ["!", ["get", "used"]],
        paint: { "line-color": p.ringOff, "line-width": 1, "line-dasharray": [2, 3] },
      },
      {
        id: "ring",
        type: "line",
        source: "rings",
        filter: ["get", "used"],
        paint: { "line-color": p.ring, "line-width": 1.4 },
      },
      {
        id: "selected-fill",
        type: "fill",
        source: "selected",
        filter: shape("bound"),
        paint: { "fill-color": status, "fill-opacity": theme === "sunlight" ? 0.32 : 0.24 },
      },
      {
        id: "selected-bound",
        type: "line",
        source: "selected",
        filter: shape("bound"),
        paint: { "line-color": status, "line-width": theme === "sunlight" ? 3 : 2.2 },
      },
      {
        id: "round-bound",
        type: "line",
        source: "selected",
        filter: shape("round"),
        minzoom: 16,
        paint: { "line-color": status, "line-width": 1, "line-dasharray": [3, 2] },
      },
      ...field.areas,
      ...drone.lines,
      {
        id: "incident-mark",
        type: "symbol",
        source: "incidents",
        filter: shape("mark"),
        layout: { "icon-image": ["get", "icon"], "icon-allow-overlap": true },
      },
      {
        id: "node",
        type: "symbol",
        source: "nodes",
        layout: {
          "icon-image": ["get", "icon"],
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
          "icon-size": ["interpolate", ["linear"], ["zoom"], 11, 0.5, 15, 1],
        },
      },
      {
        id: "chosen-node",
        type: "circle",
        source: "chosen-node",
        paint: {
          "circle-radius": 15,
          "circle-color": p.halo,
          "circle-opacity": 0.25,
          "circle-stroke-color": p.text,
          "circle-stroke-width": 2,
        },
      },
      {
        id: "node-name",
        type: "symbol",
        source: "nodes",
        minzoom: 14.5,
        layout: {
          "text-field": ["get", "id"],
          "text-font": strong,
          "text-size": 11.5,
          "text-offset": [0, 1.15],
          "text-anchor": "top",
          "text-optional": true,
        },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.6 },
      },
      {
        id: "round-number",
        type: "symbol",
        source: "selected",
        filter: shape("number"),
        minzoom: 18,
        layout: { "text-field": ["get", "label"], "text-font": strong, "text-size": 12 },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.6 },
      },
      {
        id: "selected-mark",
        type: "symbol",
        source: "selected",
        filter: shape("mark"),
        layout: {
          "icon-image": ["get", "icon"],
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
          "text-field": ["get", "label"],
          "text-font": strong,
          "text-size": 14,
          "text-anchor": "left",
          "text-justify": "left",
          "text-offset": [2, 0],
          "text-allow-overlap": true,
          "text-ignore-placement": true,
        },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 2.2 },
      },
      ...field.marks,
      ...drone.marks,
    ],
  };
}
