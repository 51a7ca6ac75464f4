/** The gateway's alert policy over simulated time: which incidents call people, and which rounds stand in them. */
import type { ShotFixed } from "#contract/shot.ts";
import type { Shot } from "#core/localise/shot-record.ts";
import { type AlertPolicy, type Held, heldWith, isRoundOf, ripeMs } from "#gateway/incidents/alert-policy.ts";

/** As gateway/config.ts sets them. */
const policy: AlertPolicy = { minProbability: 0.5, minRoundProbability: 0.1, holdS: 1, holdUnverifiedS: 2 };

export interface AlertDesk {
  /** A version, told at that moment. */
  take(shot: Shot, nowMs: number): void;
  passTo(nowMs: number): void;
  /** `by`: the version that called people, and when. */
  opened(): { name: string; rounds: Shot[]; by: Shot; atMs: number }[];
}

export function alertDesk(): AlertDesk {
  const known = new Map<string, Shot>();
  const opened = new Map<string, { by: Shot; atMs: number }>();
  const waiting = new Map<string, Held>();
  const roundsOf = (incident: string) => [...known.values()].filter((shot) => shot.incident === incident);

  function ingest(shot: Shot, nowMs: number): void {
    waiting.delete(shot.id);
    if (!opened.has(shot.incident)) opened.set(shot.incident, { by: shot, atMs: nowMs });
    known.set(shot.id, shot);
    for (const { newest } of [...waiting.values()]) if (newest.incident === shot.incident) take(newest, nowMs);
  }

  function take(shot: Shot, nowMs: number): void {
    const isRound = () => isRoundOf(shot as ShotFixed, roundsOf(shot.incident) as ShotFixed[], policy);
    if (known.has(shot.id)) known.set(shot.id, shot);
    else if (opened.has(shot.incident) && isRound()) ingest(shot, nowMs);
    else if (shot.withdrawn) waiting.delete(shot.id);
    else waiting.set(shot.id, heldWith(waiting.get(shot.id), shot as ShotFixed, nowMs, policy));
  }

  return {
    take(shot, nowMs) {
      take(shot, nowMs);
      this.passTo(nowMs);
    },
    passTo(nowMs) {
      for (const held of [...waiting.values()]) {
        const dueMs = ripeMs(held, policy);
        if (dueMs !== undefined && dueMs <= nowMs && waiting.has(held.newest.id)) ingest(held.newest as Shot, nowMs);
      }
    },
    opened: () => [...opened].map(([name, first]) => ({ name, rounds: roundsOf(name), ...first })),
  };
}
