/** What else is in the field, as signals: streams, robots, units, calls, callers, matches. Fetched at each snapshot, kept by live events. */
import { signal } from "@preact/signals";
import type { BackupState, BackupUnit, UnitView } from "#contract/backup.ts";
import type { CallerSaid, CallerView } from "#contract/caller.ts";
import type { FaceMatchView, FacesView } from "#contract/face-api.ts";
import type { LiveEvent } from "#contract/ops-api.ts";
import type { RobotPose, RobotState, RobotTrack, RobotView } from "#contract/robot.ts";
import type { StreamView } from "#contract/video.ts";
import { type Answer, json } from "../api.ts";
import { endedSession } from "./actions.ts";
import type { KnownRobot } from "./field-age.ts";
import { clockOffsetMs } from "./store.ts";

export type ById<T> = ReadonlyMap<string, T>;

export const streams = signal<ById<StreamView>>(new Map());
export const robots = signal<ById<KnownRobot>>(new Map());
export const calls = signal<ById<BackupState>>(new Map());
export const units = signal<readonly UnitView[]>([]);
export const callers = signal<ById<CallerView>>(new Map());
/** Addresses of links that this page made, by caller, and who made them: the gateway tells an address once. */
export const addressMade = signal<ById<{ url: string; by: string }>>(new Map());
/** The gateway's word on face matching; absent until it answered, or where it has none. */
export const faces = signal<FacesView | undefined>(undefined);
/** Counts what came on `face/match`: whoever shows matches looks again. */
export const matchNews = signal<{ count: number; last?: FaceMatchView }>({ count: 0 });
/** Parts of the gateway that could not be asked, in words; those it does not have are not among them. */
export const faults = signal<ById<string>>(new Map());
/** Parts that this gateway has. */
export const parts = signal<ReadonlySet<string>>(new Set());

/** Callers' messages go to whoever shows them. */
export const callerListeners = new Set<(said: CallerSaid) => void>();

const byId = <T>(list: readonly T[], id: (one: T) => string): ById<T> => new Map(list.map((one) => [id(one), one]));

/** A call's newer version; an older one changes nothing. */
export function withCall(known: ById<BackupState>, call: BackupState): ById<BackupState> {
  if ((known.get(call.call)?.version ?? 0) >= call.version) return known;
  return new Map(known).set(call.call, call);
}

export function withUnit(known: readonly UnitView[], said: BackupUnit): readonly UnitView[] {
  const { lat, lon, posSigmaM = 15, status } = said;
  return known.map((unit) =>
    unit.unit !== said.node
      ? unit
      : unit.place?.fixed
        ? { ...unit, status }
        : { ...unit, status, place: { lat, lon, posSigmaM }, ageS: 0 },
  );
}

/** One word of a robot. What is retained from before says when it was said; the same word again is no sign of life. */
export function withRobot(
  known: ById<KnownRobot>,
  part: "state" | "pose" | "tracks",
  said: RobotState | RobotPose | RobotTrack,
  atMs: number,
): ById<KnownRobot> {
  const before = known.get(said.node);
  const same = before?.[part]?.tickMs === said.tickMs;
  const first = before === undefined;
  const heardMs = same ? before!.heardMs : first ? Math.min(atMs, Date.parse(said.at)) : atMs;
  return new Map(known).set(said.node, { robot: said.node, ...before, heardMs, [part]: said });
}

const robotParts: Record<string, "state" | "pose" | "tracks"> = {
  "robot/state": "state",
  "robot/pose": "pose",
  "robot/track": "tracks",
};

/** Folds a live event in. */
export function hearField(event: LiveEvent): void {
  if (event.type === "video") {
    const next = new Map(streams.value);
    for (const view of event.streams) next.set(view.stream, view);
    streams.value = next;
  } else if (event.type === "caller") callers.value = new Map(callers.value).set(event.caller.id, event.caller);
  else if (event.type === "message") {
    const { channel, message } = event;
    const part = robotParts[channel];
    if (part !== undefined) robots.value = withRobot(robots.value, part, message as RobotState, Date.parse(event.at));
    else if (channel === "backup/state") calls.value = withCall(calls.value, message as BackupState);
    else if (channel === "backup/unit") units.value = withUnit(units.value, message as BackupUnit);
    else if (channel === "caller/said") for (const hear of callerListeners) hear(message as CallerSaid);
    else if (channel === "face/match") {
      matchNews.value = { count: matchNews.value.count + 1, last: message as FaceMatchView };
      void loadFaces();
    }
  }
}

async function load<T>(part: string, path: string, take: (value: T) => void): Promise<void> {
  const answer: Answer<T> = await json<T>("GET", path);
  if (endedSession(answer)) return;
  const absent = !answer.ok && (answer.status === 404 || answer.status === 403);
  if (answer.ok) {
    take(answer.value);
    if (!parts.value.has(part)) parts.value = new Set(parts.value).add(part);
  }
  const next = new Map(faults.value);
  if (answer.ok || absent) next.delete(part);
  else next.set(part, answer.error);
  faults.value = next;
}

export const loadStreams = () =>
  load<{ streams: StreamView[] }>("video", "/api/video/streams", ({ streams: list }) => {
    streams.value = byId(list, ({ stream }) => stream);
  });
export const loadRobots = () =>
  load<{ robots: RobotView[] }>("robots", "/api/robots", ({ robots: list }) => {
    const nowMs = Date.now() + clockOffsetMs.value;
    robots.value = new Map(
      list.map(({ robot, ageS, ...said }) => [robot, { robot, heardMs: nowMs - ageS * 1000, ...said }]),
    );
  });
export const loadBackup = () =>
  load<{ calls: BackupState[]; units: UnitView[] }>("backup", "/api/backup", (answer) => {
    calls.value = byId(answer.calls, ({ call }) => call);
    units.value = answer.units;
  });
export const loadCallers = () =>
  load<{ callers: CallerView[] }>("callers", "/api/callers", ({ callers: list }) => {
    callers.value = byId(list, ({ id }) => id);
  });
export const loadFaces = () =>
  load<FacesView>("faces", "/api/faces", (view) => {
    faces.value = view.enabled ? view : undefined;
  });

/** After a snapshot; the queue comes first. */
export function loadField(): void {
  void Promise.all([loadStreams(), loadRobots(), loadBackup(), loadCallers(), loadFaces()]);
}

export function forgetField(): void {
  streams.value = robots.value = calls.value = callers.value = new Map();
  units.value = [];
  faces.value = undefined;
  parts.value = new Set();
}

const over: readonly BackupState["status"][] = ["done", "unanswered", "cancelled"];
export const isOpenCall = ({ status }: BackupState): boolean => !over.includes(status);
export const callsOf = (incident: string): BackupState[] =>
  [...calls.value.values()]
    .filter((call) => call.incident === incident)
    .sort((a, b) => Number(isOpenCall(b)) - Number(isOpenCall(a)) || (a.at < b.at ? 1 : -1));
export const callersOf = (incident: string): CallerView[] =>
  [...callers.value.values()]
    .filter((caller) => caller.incident === incident)
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
