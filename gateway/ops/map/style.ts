/** The map's own style: streets, nodes, bounds. No tiles, glyphs or sprites from anywhere; names are drawn with the page's typeface. */
import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  StyleSpecification,
  VariableAnchorOffsetCollectionSpecification,
} from "maplibre-gl";
import type { Theme } from "../state/preferences.ts";
import { corners, droneLayers } from "./drone-layers.ts";
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

type Places = VariableAnchorOffsetCollectionSpecification;
/** Where words may stand about an icon, the best first: anchors with their offsets, so many times the size of the letters away. */
const beside = (radius: number): Places => [
  "top",
  [0, radius],
  "bottom",
  [0, -radius],
  "left",
  [radius, 0],
  "right",
  [-radius, 0],
];
const cornered = (radius: number, part = radius * Math.SQRT1_2): Places => [
  "top-left",
  [part, part],
  "bottom-left",
  [part, -part],
  "top-right",
  [-part, part],
  "bottom-right",
  [-part, -part],
];

/**
 * A complete MapLibre style of `data` under a theme. Room is given from the top layer down: first to the icons, which are always there, then to
 * the words, the chosen incident's before all others, each on that side of its icon where nothing stands.
 * @param scale of words and marks: 2 where the reader has set letters twice as large.
 */
export function styleOf(theme: Theme, data: MapData, scale = 1): StyleSpecification {
  const p = palettes[theme];
  const status = byStatus(p.incidents);
  const drone = droneLayers(p, scale);
  const field = fieldLayers(p, scale);
  const font = ["Inter"];
  const strong = ["Inter Semibold"];
  const shape = (name: string): FilterSpecification => ["==", ["get", "shape"], name];
  const name = (size: number, away: number) => ({
    "text-field": ["get", "label"] as ExpressionSpecification,
    "text-font": strong,
    "text-size": size * scale,
    "text-variable-anchor": ["left" as const, "right" as const, "bottom" as const, "top" as const, ...corners],
    "text-radial-offset": away,
    "text-justify": "auto" as const,
  });
  // Unseen: the heart of each icon, where no word may stand. The whole of it would not leave room for the icon's own words.
  const room = (
    source: SourceName,
    filter: FilterSpecification = true,
    maxzoom = 24,
    part = 0.7,
  ): LayerSpecification => ({
    id: `${source}-room`,
    type: "symbol",
    source,
    filter,
    maxzoom,
    layout: {
      "icon-image": ["get", "icon"],
      "icon-size": part * scale,
      "icon-padding": 0,
      "icon-allow-overlap": true,
    },
    paint: { "icon-opacity": 0 },
  });
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
          "text-size": ["interpolate", ["linear"], ["zoom"], 13, 10 * scale, 18, 14 * scale],
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
      ...field.lines,
      ...drone.lines,
      {
        id: "node-name",
        type: "symbol",
        source: "nodes",
        minzoom: 14.5,
        layout: {
          "text-field": ["get", "id"],
          "text-font": strong,
          "text-size": 11.5 * scale,
          // Beside its icon; where an incident's frame is about both, beside the frame.
          "text-variable-anchor-offset": [...beside(1.4), ...cornered(1.4), ...beside(2.6)],
        },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.6 },
      },
      {
        id: "round-number",
        type: "symbol",
        source: "selected",
        filter: shape("number"),
        minzoom: 18,
        layout: { "text-field": ["get", "label"], "text-font": strong, "text-size": 12 * scale },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.6 },
      },
      ...field.labels,
      ...drone.labels,
      {
        id: "incident-name",
        type: "symbol",
        source: "incidents",
        filter: ["has", "label"],
        layout: { ...name(12, 1.1), "symbol-sort-key": ["-", 0, ["get", "order"]] },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 2 },
      },
      {
        id: "selected-name",
        type: "symbol",
        source: "selected",
        filter: shape("mark"),
        layout: { ...name(14, 2.3), "text-allow-overlap": true },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 2.2 },
      },
      {
        id: "incident-mark",
        type: "symbol",
        source: "incidents",
        filter: shape("mark"),
        layout: {
          "symbol-sort-key": ["get", "order"],
          "icon-image": ["get", "icon"],
          "icon-size": scale,
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
        },
      },
      {
        id: "node",
        type: "symbol",
        source: "nodes",
        layout: {
          "icon-image": ["get", "icon"],
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
          "icon-size": ["interpolate", ["linear"], ["zoom"], 11, 0.5 * scale, 15, scale],
        },
      },
      {
        id: "chosen-node",
        type: "circle",
        source: "chosen-node",
        paint: {
          "circle-radius": 15 * scale,
          "circle-color": p.halo,
          "circle-opacity": 0.25,
          "circle-stroke-color": p.text,
          "circle-stroke-width": 2,
        },
      },
      {
        id: "selected-mark",
        type: "symbol",
        source: "selected",
        filter: shape("mark"),
        layout: {
          "icon-image": ["get", "icon"],
          "icon-size": scale,
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
        },
      },
      ...field.icons,
      ...drone.icons,
      room("nodes"),
      room("incidents", shape("mark")),
      room("drones", ["in", ["get", "shape"], ["literal", ["drone", "dock"]]]),
      room("field", shape("mark")),
      // A frame whose words stand clear of it. From close by the numbers of the rounds stand in it.
      room("selected", shape("mark"), 18, 1),
    ],
  };
}
