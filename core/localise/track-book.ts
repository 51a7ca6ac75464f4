/** The shots that are being told of: which arrivals each holds, its name, its incident and its versions. */
import type { AssociatedShot } from "./association.ts";
import { incidentsOpen } from "./incidents.ts";
import { type Ground, nameOf, roundOf } from "./localiser.ts";
import type { AirReport } from "./prior.ts";
import { type Known, type Shot, shotRecord } from "./shot-record.ts";
import type { Track } from "./track.ts";

const KEPT_TRACKS = 400;
const KEPT_ADOPTED = 5_000;

export interface TrackBook {
  readonly tracks: readonly Track[];
  readonly counters: { shots: number; versions: number; withdrawn: number };
  ownerOf(arrivalId: string): Track | undefined;
  /** A new shot's first version. */
  open(shot: AssociatedShot, air: AirReport): Shot;
  /** The next version of a shot. */
  renew(track: Track, shot: AssociatedShot, air: AirReport): Shot;
  /** The last version of a shot that was none. */
  withdraw(track: Track, why: string): Shot;
  /** A shot that an earlier process told of: its versions go on from there. */
  adopt(id: string, version: number, incident: string): void;
}

/** @param around the arrivals that a shot beginning with this one may have made. */
export function trackBook(ground: Ground, around: (first: Known) => Known[]): TrackBook {
  const tracks: Track[] = [];
  const ownerOf = new Map<string, Track>();
  const adopted = new Map<string, { version: number; incident: string }>();
  const incidents = incidentsOpen();
  const counters = { shots: 0, versions: 0, withdrawn: 0 };

  return { tracks, counters, ownerOf: (id) => ownerOf.get(id), open, renew, withdraw, adopt };

  function adopt(id: string, version: number, incident: string): void {
    adopted.set(id, { version, incident });
    if (adopted.size > KEPT_ADOPTED) for (const oldest of adopted.keys()) if (adopted.delete(oldest)) break;
  }

  function open(shot: AssociatedShot, air: AirReport): Shot {
    // A round keeps its name when its first arrival turns out to be another round's, which then takes the next arrival's.
    const id = nameOf(shot, (name) => tracks.some((track) => track.id === name));
    const before = adopted.get(id);
    const incident = before?.incident ?? incidents.of(roundOf(id, shot));
    if (before) incidents.restore(roundOf(id, shot), incident);
    const track: Track = {
      id,
      incident,
      version: before?.version ?? 0,
      shot,
      air,
      record: undefined as unknown as Shot,
    };
    tracks.push(track);
    if (tracks.length > KEPT_TRACKS) forget(tracks[0]!);
    counters.shots++;
    return renew(track, shot, air);
  }

  function renew(track: Track, shot: AssociatedShot, air: AirReport): Shot {
    for (const one of track.shot.used) if (ownerOf.get(one.id) === track) ownerOf.delete(one.id);
    track.shot = shot;
    track.air = air;
    track.version++;
    for (const one of shot.used) ownerOf.set(one.id, track);
    const first = (shot.used as Known[]).reduce((a, b) => (a.toaS < b.toaS ? a : b));
    const free = around(first).filter((one) => {
      const owner = ownerOf.get(one.id);
      return !owner || owner === track;
    });
    track.incident = incidents.again(roundOf(track.id, shot), track.incident);
    track.record = shotRecord(shot, free, {
      frame: ground.intake.frame(),
      originNs: ground.intake.originNs(),
      air,
      propagationSigmaS: ground.propagationSigmaS,
      id: track.id,
      incident: track.incident,
      version: track.version,
    });
    counters.versions++;
    return track.record;
  }

  function withdraw(track: Track, why: string): Shot {
    forget(track);
    // Should its arrivals make a shot again, its versions go on from the withdrawal.
    adopt(track.id, track.version + 1, track.incident);
    counters.withdrawn++;
    return { ...track.record, version: track.version + 1, withdrawn: why };
  }

  function forget(track: Track): void {
    const index = tracks.indexOf(track);
    if (index >= 0) tracks.splice(index, 1);
    for (const one of track.shot.used) if (ownerOf.get(one.id) === track) ownerOf.delete(one.id);
  }
}
