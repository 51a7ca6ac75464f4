/** Reads a live-fire test in ShotSpotter's layout: pulses, weather, sensors' audio, and (for after the solving only) the survey. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { Fault, whyNoJson, whyUnread } from "#contract/errors.ts";
import { Finite } from "#contract/units.ts";

const Xyz = v.object({ x: Finite, y: Finite, z: Finite });
export type Xyz = v.InferOutput<typeof Xyz>;

const Pulse = v.object({
  pulse_uuid: v.string(),
  serial_number: v.string(),
  arrival_time_utc: v.string(),
  location: Xyz,
  location_error: v.optional(Finite, 0),
  signal_to_noise_dB: v.optional(Finite),
  power_dB_SPL: v.optional(Finite),
});
export type Pulse = v.InferOutput<typeof Pulse>;

const Weather = v.object({ temperature: Finite, speed: v.optional(Finite, 0), direction: v.optional(Finite, 0) });
export type Weather = v.InferOutput<typeof Weather>;

const AudioHeader = v.object({ serial_number: v.string(), timestamp: v.string(), location: Xyz });
const Survey = v.object({ num_rounds: v.optional(Finite), survey_location: Xyz });
export type Survey = v.InferOutput<typeof Survey>;

export interface SensorAudio {
  serial: string;
  /** Instant of the first sample, RFC 3339. */
  timestamp: string;
  location: Xyz;
  wav: string;
}

export interface LiveFireTest {
  folder: string;
  /** `test_NNN`. */
  name: string;
  pulsesFile: string | undefined;
  audio: { json: string; wav: string }[];
}

/** The test in that folder, or those in its subfolders (two levels), by name. */
export async function testsIn(folder: string): Promise<LiveFireTest[]> {
  const found: LiveFireTest[] = [];
  await visit(resolve(folder), 0);
  if (found.length === 0)
    throw new Fault(
      "input",
      `${folder}: holds no live-fire test; name a folder with test_NNN.allpulses.json or test_NNN.audio.*.wav`,
    );
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));

  async function visit(at: string, depth: number): Promise<void> {
    let entries: { name: string; isDirectory(): boolean }[];
    try {
      entries = await readdir(at, { withFileTypes: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why =
        code === "ENOENT"
          ? "there is no such folder"
          : code === "ENOTDIR"
            ? "is a file, not a folder"
            : whyUnread(error);
      throw new Fault("input", `${at}: ${why}; name a folder with test_NNN.allpulses.json or test_NNN.audio.*.wav`, {
        cause: error,
      });
    }
    const files = entries.map((entry) => entry.name);
    const name = files.map((file) => /^(test_\w+?)\.(allpulses\.json|audio\.)/.exec(file)?.[1]).find(Boolean);
    if (name) {
      const wavs = files.filter((file) => file.startsWith(`${name}.audio.`) && file.endsWith(".wav")).sort();
      found.push({
        folder: at,
        name,
        pulsesFile: files.includes(`${name}.allpulses.json`) ? join(at, `${name}.allpulses.json`) : undefined,
        audio: wavs.map((wav) => ({ wav: join(at, wav), json: join(at, wav.replace(/\.wav$/, ".json")) })),
      });
      return;
    }
    if (depth >= 2) return;
    for (const entry of entries) if (entry.isDirectory()) await visit(join(at, entry.name), depth + 1);
  }
}

export const readPulses = (file: string) => read(file, v.array(Pulse));
export const readWeather = (test: LiveFireTest) => readIfThere(join(test.folder, `${test.name}.weather.json`), Weather);
/** Only after solving. */
export const readSurvey = (test: LiveFireTest) => readIfThere(join(test.folder, `${test.name}.survey.json`), Survey);

export async function readSensorAudio(file: { json: string; wav: string }): Promise<SensorAudio> {
  const { serial_number, timestamp, location } = await read(file.json, AudioHeader);
  return { serial: serial_number, timestamp, location, wav: file.wav };
}

async function readIfThere<S extends v.GenericSchema>(file: string, schema: S): Promise<v.InferOutput<S> | undefined> {
  try {
    return await read(file, schema);
  } catch (error) {
    if (error instanceof Fault && (error.cause as NodeJS.ErrnoException)?.code === "ENOENT") return undefined;
    throw error;
  }
}

async function read<S extends v.GenericSchema>(file: string, schema: S): Promise<v.InferOutput<S>> {
  let text = "";
  let json: unknown;
  try {
    text = await readFile(file, "utf8");
    json = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof SyntaxError ? whyNoJson(text, cause) : whyUnread(cause);
    throw new Fault("input", `${basename(file)}: ${why}; copy the test again`, { cause });
  }
  const result = v.safeParse(schema, json);
  if (!result.success)
    throw new Fault(
      "input",
      faultsOf(result.issues).map((line) => `${basename(file)}: ${line}`),
    );
  return result.output;
}
