/** What makes a sudden sound: emissions, each a wave, an instant and a place. Levels are peaks at one metre. */
import type { SoundPath } from "./block.ts";
import type { Shot } from "./shock-wave.ts";
import type { Wave } from "./wave.ts";

export type EventKind =
  | "gunshot"
  | "firework"
  | "firecrackers"
  | "backfire"
  | "door"
  | "hammer"
  | "metal"
  | "glass"
  | "balloon"
  | "babble";

/** One sound of an event. Offsets are from the event's place, metres. */
export interface Emission {
  atS: number;
  offset: readonly [number, number, number];
  wave: Wave | ((path: SoundPath) => Wave);
  /** The bullet of a shot; its shock wave is heard where the geometry has it. */
  bullet?: Omit<Shot, "muzzle">;
}

export interface SoundSource {
  kind: EventKind;
  emissions: Emission[];
  /** The emission that people would call the event; 0 where absent; a firework's is its burst. */
  main?: number;
  /** Height of the event above ground, m. */
  heightM: number;
  /** What a table of truth should say beside place and time. */
  detail: Record<string, string | number>;
}

/** Where the event itself is. */
export const here = [0, 0, 0] as const;
