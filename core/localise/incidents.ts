/** Which rounds belong to one incident: bursts from one place, and exchanges of fire close in place and time. */
import { incidentIdOf } from "./identity.ts";

export interface RoundPlace {
  id: string;
  eastM: number;
  northM: number;
  /** Semi-major axis of the 95 % ellipse. */
  semiMajorM: number;
  t0S: number;
}

interface Open {
  incident: string;
  lastS: number;
  firstS: number;
  rounds: RoundPlace[];
}

/** A shooter who pauses longer than this starts a new incident. */
const PAUSE_S = 12;
const SAME_PLACE_M = 60;
/** Fire and return fire. */
const EXCHANGE_S = 4;
const EXCHANGE_M = 250;
const MOST_OPEN = 500;

export interface Incidents {
  /** The incident of a round: an open one that it belongs to, or a new one named after it. */
  of(round: RoundPlace): string;
  /** The incident of a round that is now better known: another round's, where the first versions had them apart, or the one before. */
  again(round: RoundPlace, before: string): string;
  /** Takes up an incident that an earlier process opened. */
  restore(round: RoundPlace, incident: string): void;
}

export function incidentsOpen(): Incidents {
  const open: Open[] = [];

  function put(round: RoundPlace, incident: string): void {
    let entry = open.find((one) => one.incident === incident);
    if (!entry) {
      entry = { incident, firstS: round.t0S, lastS: round.t0S, rounds: [] };
      open.push(entry);
      if (open.length > MOST_OPEN) open.shift();
    }
    entry.firstS = Math.min(entry.firstS, round.t0S);
    entry.lastS = Math.max(entry.lastS, round.t0S);
    const known = entry.rounds.findIndex((one) => one.id === round.id);
    if (known >= 0) entry.rounds[known] = round;
    else entry.rounds.push(round);
    if (entry.rounds.length > 40) entry.rounds.shift();
  }

  function homeOf(round: RoundPlace): Open | undefined {
    let best: Open | undefined;
    for (const entry of open) {
      const gapS = Math.max(0, round.t0S - entry.lastS, entry.firstS - round.t0S);
      if (gapS > PAUSE_S) continue;
      for (const other of entry.rounds) {
        const apartM = Math.hypot(other.eastM - round.eastM, other.northM - round.northM);
        const same = apartM <= SAME_PLACE_M + round.semiMajorM + other.semiMajorM;
        if (!same && !(gapS <= EXCHANGE_S && apartM <= EXCHANGE_M)) continue;
        if (!best || entry.firstS < best.firstS) best = entry;
        break;
      }
    }
    return best;
  }

  return {
    of(round) {
      const incident = homeOf(round)?.incident ?? incidentIdOf(round.id);
      put(round, incident);
      return incident;
    },
    again(round, before) {
      for (const entry of open) entry.rounds = entry.rounds.filter(({ id }) => id !== round.id);
      const incident = homeOf(round)?.incident ?? before;
      put(round, incident);
      return incident;
    },
    restore: put,
  };
}
