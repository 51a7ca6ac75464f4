/**
 * Where the sensors of recordings stand. The header of a sensor's audio carries the GPS fix of that minute, 3 m off on each axis and at
 * times 20, another one with every test; its pulses carry a place averaged for long, with the error of it. A sensor hangs where it hangs:
 * what is told of it in a folder of tests is told of one place.
 */
import { dirname } from "node:path";
import { Fault } from "#contract/errors.ts";
import { type LiveFireTest, readPulses, readSensorAudio, type Xyz } from "./live-fire.ts";

/** What one file says of a sensor's place; `errorM` (one sigma) where it says how well it knows it. */
export interface PlaceReport {
  at: Xyz;
  errorM?: number;
}

export interface SensorPlace {
  at: Xyz;
  /** One sigma on each axis, metres. */
  sigmaM: number;
}

/** Of a fix that states no error, on each horizontal axis: 2.8 and 3.5 m in 223 repeated fixes of these sensors about their own means. */
export const FIX_SIGMA_M = 3.2;
/** Further apart than any fix errs, metres: another sensor of that name, or another recording's frame. */
const OTHER_PLACE_M = 60;
/** Reports with errors up to so many times the least are as good as the best. */
const AS_GOOD = 2;
/** Sigma of a median over that of a mean. */
const MEDIAN = 1.25;
/** From a median absolute deviation to a sigma, of normal errors. */
const MAD = 1.4826;

/** The place of the sensor that reported `own`, from all that is told of sensors of its name: the median of the best. */
export function placeOf(own: PlaceReport, reports: readonly PlaceReport[]): SensorPlace {
  const sigmaOf = ({ errorM }: PlaceReport) => errorM ?? FIX_SIGMA_M;
  const near = reports.filter(({ at }) => Math.hypot(at.x - own.at.x, at.y - own.at.y) <= OTHER_PLACE_M);
  if (near.length === 0) near.push(own);
  const leastM = near.reduce((least, one) => Math.min(least, sigmaOf(one)), Number.POSITIVE_INFINITY);
  const best = near.filter((one) => sigmaOf(one) <= AS_GOOD * leastM);
  const at = {
    x: median(best.map((one) => one.at.x)),
    y: median(best.map((one) => one.at.y)),
    z: median(best.map((one) => one.at.z)),
  };
  const spreadM =
    (MAD *
      (median(best.map((one) => Math.abs(one.at.x - at.x))) + median(best.map((one) => Math.abs(one.at.y - at.y))))) /
    2;
  const few = Math.sqrt(best.length);
  // A stated error is of a place that was averaged already; fixes without one get better the more there are.
  const toldM = leastM < FIX_SIGMA_M ? leastM : (best.length > 2 ? MEDIAN * leastM : leastM) / few;
  return { at, sigmaM: Math.max(toldM, (MEDIAN * spreadM) / few) };
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

/** Places by what the files of these tests tell, folder by folder: each firing position has a frame of its own. */
export interface SensorPlaces {
  /** @param own where this file says the sensor stands. */
  of(test: LiveFireTest, serial: string, own: Xyz): SensorPlace;
}

export async function sensorPlaces(tests: readonly LiveFireTest[]): Promise<SensorPlaces> {
  const told = new Map<string, PlaceReport[]>();
  const add = (test: LiveFireTest, serial: string, at: Xyz, errorM?: number) => {
    const key = keyOf(test, serial);
    const reports = told.get(key) ?? [];
    let report = reports.find((one) => one.at.x === at.x && one.at.y === at.y && one.at.z === at.z);
    if (!report) reports.push((report = { at }));
    // An error of nothing is none that was stated.
    if (errorM !== undefined && errorM > 0) report.errorM = Math.min(errorM, report.errorM ?? errorM);
    told.set(key, reports);
  };
  for (const test of tests) {
    // A test whose files are broken tells nothing of the others' sensors; it is told of when it is replayed.
    await orNothing(async () => {
      for (const file of test.audio) {
        const { serial, location } = await readSensorAudio(file);
        add(test, serial, location);
      }
    });
    await orNothing(async () => {
      for (const pulse of test.pulsesFile ? await readPulses(test.pulsesFile) : [])
        add(test, pulse.serial_number, pulse.location, pulse.location_error);
    });
  }
  return { of: (test, serial, own) => placeOf({ at: own }, told.get(keyOf(test, serial)) ?? []) };
}

function keyOf(test: LiveFireTest, serial: string): string {
  return `${dirname(test.folder)}/${serial}`;
}

async function orNothing(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}
