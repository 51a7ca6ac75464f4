/** The gateway's alert policy over simulated time: which incidents call people, and which rounds stand in them. */
import type { ShotFixed } from "#contract/shot.ts";
import type { Shot } from "#core/localise/shot-record.ts";
import { countingOf, isRoundOf } from "#core/review/standing.ts";
import { type AlertPolicy, type Held, heldWith, ripeMs } from "#gateway/incidents/alert-policy.ts";

/** As gateway/config.ts sets them. */
const policy: AlertPolicy = { minProbability: 0.5, minRoundProbability: 0.1, holdS: 1, holdUnverifiedS: 2 };

export interface AlertDesk {
  /** A version, told at that moment. */
  take(shot: Shot, nowMs: number): void;
  passTo(nowMs: number): void;
  /** `rounds`: those that count, and those withdrawn; `unlikely`: what joined and by now is too unlikely to count; `by`: the version that called people, and when. */
  opened(): { name: string; rounds: Shot[]; unlikely: Shot[]; by: Shot; atMs: number }[];
}

export function alertDesk(): AlertDesk {
  const known = new Map<string, Shot>();
  const opened = new Map<string, { by: Shot; atMs: number }>();
  const waiting = new Map<string, Held>();
  const shotsOf = (incident: string) => [...known.values()].filter((shot) => shot.incident === incident);
  const standing = (incident: string) =>
    countingOf(
      shotsOf(incident).filter(({ withdrawn }) => withdrawn === undefined),
      policy.minRoundProbability,
    );
  const roundsOf = (incident: string) => standing(incident).counting;

  function ingest(shot: Shot, nowMs: number): void {
    waiting.delete(shot.id);
    if (!opened.has(shot.incident)) opened.set(shot.incident, { by: shot, atMs: nowMs });
    known.set(shot.id, shot);
    for (const { newest } of [...waiting.values()]) if (newest.incident === shot.incident) take(newest, nowMs);
  }

  function take(shot: Shot, nowMs: number): void {
    const isRound = () => isRoundOf(shot, roundsOf(shot.incident), policy.minRoundProbability);
    if (known.has(shot.id)) known.set(shot.id, shot);
    else if (opened.has(shot.incident) && isRound()) ingest(shot, nowMs);
    else if (shot.withdrawn) waiting.delete(shot.id);
    else waiting.set(shot.id, heldWith(waiting.get(shot.id), shot as ShotFixed, nowMs, policy));
  }

  function openedBy(incident: string) {
    const { counting, unlikely } = standing(incident);
    const isWithdrawn = ({ withdrawn }: Shot) => withdrawn !== undefined;
    return { rounds: [...counting, ...shotsOf(incident).filter(isWithdrawn)], unlikely };
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
    opened: () => [...opened].map(([name, first]) => ({ name, ...openedBy(name), ...first })),
  };
}
