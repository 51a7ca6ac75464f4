/** From a message to numbers: finds the node's place, the site's frame and the sigma that the solver works with. */

import type { Arrival } from "#contract/shot.ts";
import type { Site } from "#contract/site.ts";
import { nsOfUtc } from "#contract/units.ts";
import { bearingCueOf, travelCueOf } from "./cues.ts";
import { type Frame, frameAt, type LatLonAlt } from "./geo.ts";
import type { Known } from "./shot-record.ts";

export interface Intake {
  /** The arrival in numbers, or what is wrong with it. */
  take(arrival: Arrival): Known | string;
  frame(): Frame;
  /** Origin of time, nanoseconds since 1970. */
  originNs(): bigint;
}

interface NodePlace extends LatLonAlt {
  eastM: number;
  northM: number;
  posSigmaM: number;
}

/** Clock and onset cannot be known better than this. */
const LEAST_SIGMA_S = 1e-5;
const REMEMBERED_NODES = 200_000;

export function intakeFor(site: Partial<Site>, propagationSigmaS: number): Intake {
  const nodes = new Map<string, NodePlace>();
  let frame: Frame | undefined;
  let originNs: bigint | undefined;
  const surveyed = site.nodes ?? [];
  if (surveyed.length > 0) {
    const n = surveyed.length;
    frame = frameAt({
      lat: surveyed.reduce((sum, node) => sum + node.lat, 0) / n,
      lon: surveyed.reduce((sum, node) => sum + node.lon, 0) / n,
      altM: surveyed.reduce((sum, node) => sum + node.altM, 0) / n,
    });
    for (const node of surveyed) nodes.set(node.id, placed(frame, node, node.posSigmaM ?? 0));
  }

  function placeOf(arrival: Arrival): NodePlace | string {
    const known = nodes.get(arrival.node);
    if (arrival.lat === undefined && arrival.lon === undefined) {
      return (
        known ??
        `node: '${arrival.node}' is not in the site file; add it there, or give lat, lon and altM with the arrival`
      );
    }
    if (arrival.lat === undefined || arrival.lon === undefined) return "lat, lon: give both or neither";
    const altM = arrival.altM ?? known?.altM;
    if (altM === undefined) return "altM: is needed with lat and lon where the site file does not name the node";
    const posSigmaM = arrival.posSigmaM ?? known?.posSigmaM ?? 0;
    if (
      known &&
      known.lat === arrival.lat &&
      known.lon === arrival.lon &&
      known.altM === altM &&
      known.posSigmaM === posSigmaM
    )
      return known;
    frame ??= frameAt({ lat: arrival.lat, lon: arrival.lon, altM });
    const place = placed(frame, { lat: arrival.lat, lon: arrival.lon, altM }, posSigmaM);
    // A node that moves (a drone, a robot) is where its newest arrival says; a surveyed one stays in the table.
    if (nodes.size < REMEMBERED_NODES && !known) nodes.set(arrival.node, place);
    return place;
  }

  return {
    take(arrival) {
      const place = placeOf(arrival);
      if (typeof place === "string") return place;
      const toaNs = nsOfUtc(arrival.toa);
      originNs ??= toaNs;
      const posSigmaM = arrival.posSigmaM ?? place.posSigmaM;
      return {
        arrival,
        id: arrival.id,
        node: arrival.node,
        lat: place.lat,
        lon: place.lon,
        eastM: place.eastM,
        northM: place.northM,
        upM: place.altM,
        toaNs,
        toaS: Number(toaNs - originNs) * 1e-9,
        ownSigmaS: Math.max(LEAST_SIGMA_S, arrival.toaSigmaS),
        sigmaS: Math.max(LEAST_SIGMA_S, Math.hypot(arrival.toaSigmaS, posSigmaM / 340, propagationSigmaS)),
        ...(posSigmaM > 0 ? { posSigmaM } : {}),
        ...bearingCueOf(arrival),
        ...(arrival.shockWave ? { travel: travelCueOf(arrival) } : {}),
        probability: arrival.probability,
        echoProbability: arrival.echoProbability,
        classed: arrival.scores !== undefined,
        peakDbSpl: arrival.peakDbSpl,
        snrDb: arrival.snrDb,
      };
    },
    frame() {
      if (!frame) throw new Error("no arrival was taken in yet");
      return frame;
    },
    originNs: () => originNs ?? 0n,
  };
}

function placed(frame: Frame, at: LatLonAlt, posSigmaM: number): NodePlace {
  const { eastM, northM } = frame.toLocal(at.lat, at.lon, at.altM);
  return { lat: at.lat, lon: at.lon, altM: at.altM, eastM, northM, posSigmaM };
}
