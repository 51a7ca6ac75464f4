/** The live-fire recordings of Pittsburgh, 2018, in the layout of ShotSpotter/research.accuracy-of-gunshot-location (CC BY 4.0). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nsOfUtc } from "#contract/units.ts";

export interface Recording {
  wav: string;
  folder: string;
  test: string;
  /** `FP1` to `FP6`. */
  position: string;
  sensor: string;
}

export interface Pulse {
  /** Seconds from the first sample of the recording. */
  atS: number;
  snrDb: number;
  /** Grouped into a shot by the vendor. */
  grouped: boolean;
}

export function recordings(folder: string): Recording[] {
  const found: Recording[] = [];
  for (const position of readdirSync(folder).sort()) {
    if (!/^FP\d$/.test(position)) continue;
    for (const test of readdirSync(join(folder, position)).sort()) {
      const inside = join(folder, position, test);
      for (const file of readdirSync(inside).sort()) {
        const sensor = /\.audio\.(.+)\.wav$/.exec(file)?.[1];
        if (sensor) found.push({ wav: join(inside, file), folder: inside, test, position, sensor });
      }
    }
  }
  return found;
}

interface RawPulse {
  pulse_uuid: string;
  serial_number: string;
  arrival_time_utc: string;
  signal_to_noise_dB: number;
}

/** The vendor's pulses of the recording's sensor, in order of arrival. */
export function listPulses({ folder, test, sensor, wav }: Recording): Pulse[] {
  const json = (name: string) => JSON.parse(readFileSync(join(folder, `${test}.${name}.json`), "utf8"));
  const grouped = new Set<string>(json("nlos-tuples").flatMap((group: { pulse_uuids: string[] }) => group.pulse_uuids));
  const startNs = nsOfUtc(JSON.parse(readFileSync(wav.replace(/\.wav$/, ".json"), "utf8")).timestamp);
  return (json("allpulses") as RawPulse[])
    .filter((pulse) => pulse.serial_number === sensor)
    .map((pulse) => ({
      atS: Number(nsOfUtc(pulse.arrival_time_utc) - startNs) / 1e9,
      snrDb: pulse.signal_to_noise_dB,
      grouped: grouped.has(pulse.pulse_uuid),
    }))
    .sort((a, b) => a.atS - b.atS);
}
