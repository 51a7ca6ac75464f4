/** One live-fire test through the localiser, from the sensors' raw pulses or from their audio. */
import type { Arrival } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import { frameAt } from "#core/localise/geo.ts";
import { finalLocaliser, type Localiser } from "#core/localise/localiser.ts";
import type { Shot } from "#core/localise/shot-record.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { type LiveFireTest, readPulses, readSensorAudio, readWeather, type Weather, type Xyz } from "./live-fire.ts";
import { arrivalsOfAudio } from "./replay-audio.ts";
import type { SensorPlaces } from "./sensor-places.ts";

type Unsolved = ReturnType<Localiser["unsolved"]>[number];

/** An arrival in the recording's own frame. */
export interface RecordedArrival {
  id: string;
  sensor: string;
  at: Xyz;
  posSigmaM: number;
  toaNs: bigint;
  toaSigmaS: number;
  snrDb?: number;
  peakDbSpl?: number;
  probability?: number;
  echoProbability?: number;
}

export interface ReplayedShot extends Shot {
  /** In the recording's frame. */
  eastM: number;
  northM: number;
}

/**
 * The recording's frame has an arbitrary origin. Where it lies on the globe does not matter to the fixes;
 * a place of Pittsburgh makes the latitudes plausible.
 */
const GLOBE = { lat: 40.44, lon: -79.99 };

/** What corners, roofs and a night's air over a kilometre of city add to a travel time: the spread in the recordings. */
const PROPAGATION_SIGMA_S = 10e-3;

/** Audio was kept of four to six sensors, and the classifier has weighed each impulse already: where there are four, all of them do. */
const FEW_SENSORS = { accept4OfFour: 1 };

export async function replayTest(
  test: LiveFireTest,
  from: "audio" | "pulses",
  places: SensorPlaces,
  classifier: (() => Promise<Classifier>) | undefined,
): Promise<{ shots: ReplayedShot[]; unsolved: Unsolved[]; arrivals: number; sensors: number }> {
  const weather = await readWeather(test);
  const arrivals =
    from === "pulses"
      ? await arrivalsOfPulses(test, places)
      : await arrivalsFromAudio(test, places, await classifier!());
  const sensors = new Map(arrivals.map((one) => [one.sensor, one.at]));
  return { ...locateRecorded(arrivals, weather, from), arrivals: arrivals.length, sensors: sensors.size };
}

async function arrivalsOfPulses(test: LiveFireTest, places: SensorPlaces): Promise<RecordedArrival[]> {
  if (!test.pulsesFile) return [];
  const pulses = await readPulses(test.pulsesFile);
  const placed = pulses.map((pulse) => ({ pulse, place: places.of(test, pulse.serial_number, pulse.location) }));
  return placed.map(({ pulse, place }) => ({
    id: pulse.pulse_uuid,
    sensor: pulse.serial_number,
    at: place.at,
    posSigmaM: place.sigmaM,
    toaNs: BigInt(Date.parse(pulse.arrival_time_utc)) * 1_000_000n,
    // Times come in whole milliseconds; a pulse near the noise is found late.
    toaSigmaS: 1e-3 + 5e-3 * 10 ** (-(pulse.signal_to_noise_dB ?? 10) / 10),
    ...(pulse.signal_to_noise_dB === undefined ? {} : { snrDb: pulse.signal_to_noise_dB }),
    ...(pulse.power_dB_SPL === undefined ? {} : { peakDbSpl: pulse.power_dB_SPL }),
  }));
}

async function arrivalsFromAudio(
  test: LiveFireTest,
  places: SensorPlaces,
  classifier: Classifier,
): Promise<RecordedArrival[]> {
  const all: RecordedArrival[] = [];
  for (const file of test.audio) {
    const sensor = await readSensorAudio(file);
    all.push(...(await arrivalsOfAudio(sensor, places.of(test, sensor.serial, sensor.location), classifier)));
  }
  return all;
}

export function locateRecorded(
  arrivals: readonly RecordedArrival[],
  weather: Weather | undefined,
  from: "audio" | "pulses",
): { shots: ReplayedShot[]; unsolved: Unsolved[] } {
  if (arrivals.length === 0) return { shots: [], unsolved: [] };
  const sensors = [...new Map(arrivals.map((one) => [one.sensor, one.at])).values()];
  const mean = (axis: "x" | "y" | "z") => sensors.reduce((sum, at) => sum + at[axis], 0) / sensors.length;
  const origin = { x: mean("x"), y: mean("y"), z: mean("z") };
  const frame = frameAt({ ...GLOBE, altM: origin.z });
  const places = new Map<string, { lat: number; lon: number; altM: number }>();
  for (const one of arrivals) places.set(one.sensor, frame.toWgs84(one.at.x - origin.x, one.at.y - origin.y, one.at.z));
  const localiser = finalLocaliser(
    {
      site: "recording",
      ...(weather ? { airTempC: weather.temperature } : {}),
      ...(weather && weather.speed > 0 ? { windMps: weather.speed, windFromDeg: weather.direction } : {}),
    },
    {
      propagationSigmaS: PROPAGATION_SIGMA_S,
      speed: "given",
      maxRangeM: 1200,
      association: from === "audio" ? FEW_SENSORS : {},
    },
  );
  const shots: Shot[] = [];
  const sorted = [...arrivals].sort((a, b) => (a.toaNs < b.toaNs ? -1 : a.toaNs > b.toaNs ? 1 : a.id < b.id ? -1 : 1));
  const startMs = performance.now();
  for (const one of sorted) shots.push(...localiser.push(arrivalOf(one, places.get(one.sensor)!)).shots);
  shots.push(...localiser.flush());
  const solvedMs = (performance.now() - startMs) / Math.max(1, shots.length);
  const replayed = shots.map((shot) => {
    const { eastM, northM } = frame.toLocal(shot.lat, shot.lon, origin.z);
    return { ...shot, solvedMs, eastM: eastM + origin.x, northM: northM + origin.y };
  });
  return { shots: replayed, unsolved: localiser.unsolved() };
}

function arrivalOf(one: RecordedArrival, place: { lat: number; lon: number; altM: number }): Arrival {
  const { id, sensor, posSigmaM, toaNs, toaSigmaS, at: _, ...more } = one;
  return { ...more, id, node: sensor, ...place, posSigmaM, toa: utcOfNs(toaNs), toaSigmaS };
}
