/** Map marks drawn on a canvas: a shape per state, so that nothing is told by colour alone. */
import type { IncidentStatus } from "#contract/incident.ts";
import type { Condition } from "#contract/node-condition.ts";
import type { Theme } from "../state/preferences.ts";
import { palettes } from "./palette.ts";

const RATIO = 2;

type Draw = (c: CanvasRenderingContext2D, size: number) => void;

function tracePolygon(c: CanvasRenderingContext2D, points: readonly (readonly [number, number])[]): void {
  c.beginPath();
  for (const [x, y] of points) c.lineTo(x, y);
  c.closePath();
}

/** Traces the outline of a node's mark in a square of `s`: circle, triangle, square, cross, ring. */
const nodeShapes: Record<Condition, Draw> = {
  ok: (c, s) => {
    c.beginPath();
    c.arc(s / 2, s / 2, s * 0.29, 0, 2 * Math.PI);
  },
  clock: (c, s) =>
    tracePolygon(c, [
      [s * 0.5, s * 0.16],
      [s * 0.86, s * 0.8],
      [s * 0.14, s * 0.8],
    ]),
  fault: (c, s) =>
    tracePolygon(c, [
      [s * 0.22, s * 0.22],
      [s * 0.78, s * 0.22],
      [s * 0.78, s * 0.78],
      [s * 0.22, s * 0.78],
    ]),
  lost: (c, s) => {
    c.beginPath();
    c.moveTo(s * 0.24, s * 0.24);
    c.lineTo(s * 0.76, s * 0.76);
    c.moveTo(s * 0.76, s * 0.24);
    c.lineTo(s * 0.24, s * 0.76);
  },
  unknown: (c, s) => {
    c.beginPath();
    c.arc(s / 2, s / 2, s * 0.26, 0, 2 * Math.PI);
  },
};

/** Traces an incident's mark: disc, diamond, triangle, ring; the same shapes as in the queue. */
const statusShapes: Record<IncidentStatus, Draw> = {
  unreviewed: (c, s) => {
    c.beginPath();
    c.arc(s / 2, s / 2, s * 0.3, 0, 2 * Math.PI);
  },
  confirmed: (c, s) =>
    tracePolygon(c, [
      [s * 0.5, s * 0.12],
      [s * 0.88, s * 0.5],
      [s * 0.5, s * 0.88],
      [s * 0.12, s * 0.5],
    ]),
  escalated: (c, s) =>
    tracePolygon(c, [
      [s * 0.5, s * 0.12],
      [s * 0.9, s * 0.84],
      [s * 0.1, s * 0.84],
    ]),
  dismissed: (c, s) => {
    c.beginPath();
    c.arc(s / 2, s / 2, s * 0.26, 0, 2 * Math.PI);
  },
};

/** Four corner brackets around the place: they locate a bound too small to see at this zoom without claiming a point. */
function brackets(c: CanvasRenderingContext2D, s: number): void {
  const [near, far, arm] = [s * 0.1, s * 0.9, s * 0.2];
  c.beginPath();
  for (const [x, y, dx, dy] of [
    [near, near, 1, 1],
    [far, near, -1, 1],
    [far, far, -1, -1],
    [near, far, 1, -1],
  ] as const) {
    c.moveTo(x + dx * arm, y);
    c.lineTo(x, y);
    c.lineTo(x, y + dy * arm);
  }
}

/** A drone that says where its nose is points there; one that does not is a disc with four arms. Hollow where what is known is old. */
const droneShapes: Record<"drone" | "hover", Draw> = {
  drone: (c, s) =>
    tracePolygon(c, [
      [s * 0.5, s * 0.1],
      [s * 0.84, s * 0.86],
      [s * 0.5, s * 0.68],
      [s * 0.16, s * 0.86],
    ]),
  hover: (c, s) => {
    c.beginPath();
    for (const [x, y] of [
      [0.24, 0.24],
      [0.76, 0.24],
      [0.76, 0.76],
      [0.24, 0.76],
    ] as const) {
      c.moveTo(s * x, s * y);
      c.arc(s * x, s * y, s * 0.13, 0, 2 * Math.PI);
    }
    c.moveTo(s * 0.68, s * 0.5);
    c.arc(s * 0.5, s * 0.5, s * 0.18, 0, 2 * Math.PI);
  },
};

/** A robot: a rounded body with a nose to where it heads; a unit: a shield; a caller: a phone upright. */
const fieldShapes: Record<"robot" | "unit" | "caller", Draw> = {
  robot: (c, s) => {
    c.beginPath();
    c.moveTo(s * 0.5, s * 0.08);
    c.lineTo(s * 0.72, s * 0.32);
    c.lineTo(s * 0.8, s * 0.32);
    c.lineTo(s * 0.8, s * 0.86);
    c.lineTo(s * 0.2, s * 0.86);
    c.lineTo(s * 0.2, s * 0.32);
    c.lineTo(s * 0.28, s * 0.32);
    c.closePath();
  },
  unit: (c, s) => {
    c.beginPath();
    c.moveTo(s * 0.5, s * 0.1);
    c.lineTo(s * 0.84, s * 0.22);
    c.lineTo(s * 0.8, s * 0.6);
    c.lineTo(s * 0.5, s * 0.9);
    c.lineTo(s * 0.2, s * 0.6);
    c.lineTo(s * 0.16, s * 0.22);
    c.closePath();
  },
  caller: (c, s) => {
    c.beginPath();
    c.roundRect(s * 0.3, s * 0.1, s * 0.4, s * 0.8, s * 0.08);
  },
};

/** A landing pad: a square with an H. */
function dock(c: CanvasRenderingContext2D, s: number): void {
  c.beginPath();
  c.rect(s * 0.14, s * 0.14, s * 0.72, s * 0.72);
  for (const [x1, y1, x2, y2] of [
    [0.37, 0.32, 0.37, 0.68],
    [0.63, 0.32, 0.63, 0.68],
    [0.37, 0.5, 0.63, 0.5],
  ] as const) {
    c.moveTo(s * x1, s * y1);
    c.lineTo(s * x2, s * y2);
  }
}

const sizes = {
  node: 18,
  incident: 16,
  mark: 46,
  drone: 34,
  hover: 34,
  dock: 24,
  robot: 30,
  unit: 24,
  caller: 28,
} as const;

/** A cross where a stopped machine's middle is. */
function cross(c: CanvasRenderingContext2D, s: number): void {
  c.beginPath();
  c.moveTo(s * 0.36, s * 0.46);
  c.lineTo(s * 0.64, s * 0.74);
  c.moveTo(s * 0.64, s * 0.46);
  c.lineTo(s * 0.36, s * 0.74);
}

/** The path that was traced last keeps until the next begins: it is drawn as often as it needs. */
function stroke(c: CanvasRenderingContext2D, colour: string, width: number): void {
  c.strokeStyle = colour;
  c.lineWidth = width;
  c.stroke();
}

function fill(c: CanvasRenderingContext2D, colour: string): void {
  c.fillStyle = colour;
  c.fill();
}

/** A machine: haloed, filled while it is fresh, hollow where what is known of it is old. */
function body(c: CanvasRenderingContext2D, colour: string, isOld: boolean, halo: string, haloWidth: number): void {
  stroke(c, halo, haloWidth);
  fill(c, isOld ? halo : colour);
  stroke(c, colour, 2.4);
}

/** `node-ok`, `incident-confirmed`, `mark-unreviewed` ... */
export const iconNames: readonly string[] = [
  ...Object.keys(nodeShapes).map((condition) => `node-${condition}`),
  ...Object.keys(statusShapes).flatMap((status) => [`incident-${status}`, `mark-${status}`]),
  ...["drone", "hover", "dock"].flatMap((kind) => [`${kind}-live`, `${kind}-old`]),
  ...["robot", "unit", "caller"].flatMap((kind) => ["live", "old", "stop"].map((tone) => `${kind}-${tone}`)),
];

/** Pixels of an icon of `iconNames`. Throws where the browser gives no 2D canvas. */
export function iconOf(name: string, theme: Theme): { image: ImageData; pixelRatio: number } {
  const [kind, state] = name.split("-") as [keyof typeof sizes, string];
  const palette = palettes[theme];
  const size = sizes[kind];
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * RATIO;
  const c = canvas.getContext("2d");
  if (c === null) throw new Error("no 2D canvas for the map's marks");
  c.scale(RATIO, RATIO);
  c.lineCap = "round";
  c.lineJoin = "round";
  if (kind === "node") {
    const condition = state as Condition;
    const open = condition === "lost" || condition === "unknown";
    nodeShapes[condition](c, size);
    stroke(c, palette.halo, open ? 6 : 4);
    if (open) stroke(c, palette.nodes[condition], 2.4);
    else fill(c, palette.nodes[condition]);
  } else if (kind === "incident") {
    const status = state as IncidentStatus;
    statusShapes[status](c, size);
    stroke(c, palette.halo, 4);
    if (status === "dismissed") stroke(c, palette.incidents[status], 2.2);
    else fill(c, palette.incidents[status]);
  } else if (kind === "robot" || kind === "unit" || kind === "caller") {
    const own = kind === "caller" ? palette.caller : palette.robot;
    const colour = state === "old" ? palette.droneOld : state === "stop" ? palette.stop : own;
    fieldShapes[kind](c, size);
    body(c, colour, state === "old", palette.halo, 6);
    if (state === "stop") {
      cross(c, size);
      stroke(c, palette.halo, 2.4);
    }
  } else if (kind === "drone" || kind === "hover") {
    droneShapes[kind](c, size);
    body(c, state === "old" ? palette.droneOld : palette.drone, state === "old", palette.halo, 7);
  } else if (kind === "dock") {
    c.fillStyle = palette.halo;
    c.fillRect(size * 0.06, size * 0.06, size * 0.88, size * 0.88);
    dock(c, size);
    stroke(c, state === "old" ? palette.droneOld : palette.drone, 2);
  } else {
    brackets(c, size);
    stroke(c, palette.halo, 6);
    stroke(c, palette.incidents[state as IncidentStatus], 3);
  }
  return { image: c.getImageData(0, 0, canvas.width, canvas.height), pixelRatio: RATIO };
}
