/** Colours of the map per theme. Status and condition never rest on colour alone: each has a shape of its own. */

import type { IncidentStatus } from "#contract/incident.ts";
import type { Condition } from "#contract/node-condition.ts";
import type { Theme } from "../state/preferences.ts";

export interface MapPalette {
  ground: string;
  street: string;
  streetCase: string;
  streetName: string;
  halo: string;
  text: string;
  ring: string;
  ringOff: string;
  nodes: Record<Condition, string>;
  incidents: Record<IncidentStatus, string>;
  drone: string;
  droneOld: string;
  robot: string;
  caller: string;
  stop: string;
}

/** After Okabe and Ito (2008): vermilion, blue, reddish purple, sky blue, orange, bluish green, darkened or lightened for contrast with the ground. */
export const palettes: Record<Theme, MapPalette> = {
  light: {
    ground: "#eceff2",
    street: "#ffffff",
    streetCase: "#d5dbe1",
    streetName: "#55606b",
    halo: "#ffffff",
    text: "#131a21",
    ring: "#0b6ea8",
    ringOff: "#76828e",
    nodes: { ok: "#0b6ea8", clock: "#a35b00", fault: "#a35b00", lost: "#5b6570", unknown: "#76828e" },
    incidents: { unreviewed: "#c43d00", confirmed: "#0b57b0", escalated: "#97306f", dismissed: "#69737e" },
    drone: "#00634a",
    droneOld: "#69737e",
    robot: "#0b57b0",
    caller: "#97306f",
    stop: "#b3261e",
  },
  dark: {
    ground: "#0d1217",
    street: "#242e38",
    streetCase: "#161d24",
    streetName: "#93a1af",
    halo: "#0d1217",
    text: "#f0f4f8",
    ring: "#56b4e9",
    ringOff: "#5d6a77",
    nodes: { ok: "#56b4e9", clock: "#f0a830", fault: "#f0a830", lost: "#98a5b2", unknown: "#65727f" },
    incidents: { unreviewed: "#ff7a3d", confirmed: "#6cb2ff", escalated: "#e896c8", dismissed: "#8b98a5" },
    drone: "#3fd6aa",
    droneOld: "#8b98a5",
    robot: "#6cb2ff",
    caller: "#e896c8",
    stop: "#ff8a80",
  },
  sunlight: {
    ground: "#ffffff",
    street: "#d0d4d8",
    streetCase: "#6b7278",
    streetName: "#000000",
    halo: "#ffffff",
    text: "#000000",
    ring: "#003f7d",
    ringOff: "#4a4f55",
    nodes: { ok: "#003f7d", clock: "#7a3f00", fault: "#7a3f00", lost: "#1d2126", unknown: "#4a4f55" },
    incidents: { unreviewed: "#a32a00", confirmed: "#003f8f", escalated: "#6f1450", dismissed: "#3a4046" },
    drone: "#003d2c",
    droneOld: "#4a4f55",
    robot: "#003f8f",
    caller: "#6f1450",
    stop: "#8c0000",
  },
};
