/** What a sound card gives: the rate that it was asked for, no dead channel, a level that a street has, its pulses. */
import { type ChildProcess, spawn } from "node:child_process";
import { PpsEdges } from "#core/clock/pps-edges.ts";
import type { AgentConfig } from "./config.ts";
import { ArecordWords, adviceOn, arecordArguments, type CardOptions, rateFault } from "./devices/arecord.ts";
import { type Check, fine, wrong } from "./health-checks.ts";

export type Alsa = Extract<NonNullable<AgentConfig["microphone"]>, { kind: "alsa" }>;

/** Street noise is never outside this: else the microphone's gain or `micSensitivityDbFsAt94Spl` is wrong. */
const STREET_DB_SPL = [20, 115] as const;
/** RMS of a sine at full scale is 0 dBFS (AES17). */
const SINE_DB = 3.01;
const RECORDED_S = { sound: 1, pulses: 3 };
/** Of a longer recording its end is judged by ear and the rest only counted: an hour of it would be gigabytes, beside a running agent. */
const JUDGED_S = 3;
/** Of the rate asked for, on a busy machine; what arecord itself does not see is twice or half. */
const [SLOWEST, FASTEST] = [0.6, 1.7];
const PATIENCE_MS = 8000;

/** A second or three do not tell a card that always loses a little from a busy machine: from so long on the rate itself is judged. */
export const STEADY_FROM_S = 20;
/** Of a long recording's time: what starting and ending may take of it, s, and what any crystal may be wrong by. */
const [ENDS_S, CRYSTAL] = [0.5, 0.0005];

/** Which cards there are, where the configuration names none. @param program `arecord`. */
export async function listCards(program: string): Promise<Check> {
  const { stdout, failure } = await run(spawn(program, ["-l"], { env: { ...process.env, LC_ALL: "C" } }));
  if (failure === "ENOENT") return wrong("microphone", "arecord is not installed", "apt install alsa-utils");
  const cards = stdout
    .toString()
    .split("\n")
    .filter((line) => line.startsWith("card "));
  return cards.length > 0
    ? fine("microphone", cards.join("; "))
    : wrong("microphone", "no sound card that records", "plug one in; 'arecord -l' lists them");
}

/** @param listenS how long it is listened to; as short as it may be where it is absent. */
export async function checkCard(microphone: Alsa, program: string, listenS?: number): Promise<Check> {
  const { device, sampleRateHz, ppsChannel } = microphone;
  const seconds = listenS ?? (ppsChannel === undefined ? RECORDED_S.sound : RECORDED_S.pulses);
  const record = () => {
    const args = [...arecordArguments(microphone), "-d", String(seconds)];
    const child = spawn(program, args, { env: { ...process.env, LC_ALL: "C" } });
    return run(child, seconds * 1500 + PATIENCE_MS, (JUDGED_S * sampleRateHz + 1) * frameBytes(microphone));
  };
  const isOff = ({ bytes, firstMs, lastMs }: Ran) => {
    const givenHz = rateOf(bytes, lastMs - firstMs, microphone);
    return givenHz < SLOWEST * sampleRateHz || givenHz > FASTEST * sampleRateHz;
  };
  let ran = await record();
  // Once more: this machine may have been busy.
  if (ran.failure === undefined && isOff(ran)) ran = await record();
  const { bytes, stderr, failure, firstMs, lastMs } = ran;
  if (failure === "ENOENT") return wrong("microphone", "arecord is not installed", "apt install alsa-utils");
  const words = new ArecordWords();
  words.hear(stderr);
  if (words.otherRateHz !== undefined)
    return wrong("microphone", `${device} runs at ${words.otherRateHz} Hz`, rateFault(microphone, words.otherRateHz));
  const samples = Math.floor(bytes / frameBytes(microphone));
  if (samples < seconds * sampleRateHz * 0.9) {
    const why = words.last || failure || `${samples} samples in ${seconds} s`;
    return wrong("microphone", `${device}: ${why}`, adviceOn(why, microphone));
  }
  const given = rateOf(bytes, lastMs - firstMs, microphone);
  if (isOff(ran)) {
    const givenHz = Number(given.toPrecision(2));
    const detail = `${device} gives ${givenHz} samples a second, not ${sampleRateHz}`;
    return wrong("microphone", detail, "correct microphone.sampleRateHz: nothing would be stamped");
  }
  const told = judge(microphone, channelsOf(endOf(ran, microphone), microphone));
  const steady = seconds < STEADY_FROM_S ? undefined : steadiness(given / sampleRateHz, seconds);
  if (!told.ok || steady === undefined) return told;
  if (steady.ok) return fine("microphone", `${told.detail}; ${steady.words}`);
  const fix =
    "look for a busy machine, a USB hub without power of its own, or a card of another rate: times are wrong by as much";
  return wrong("microphone", `${device} ${steady.words}`, fix);
}

/** What the share of the samples that came in so many seconds says of a card that loses a little all the time. */
export function steadiness(share: number, seconds: number): { ok: boolean; words: string } {
  const within = ENDS_S / seconds + CRYSTAL;
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  if (share < 1 - within) return { ok: false, words: `loses ${percent(1 - share)} of its samples over ${seconds} s` };
  if (share > 1 + within) return { ok: false, words: `gives ${percent(share - 1)} too many samples over ${seconds} s` };
  return { ok: true, words: `keeps its rate within ${percent(within)} over ${seconds} s` };
}

/** One sample of each channel. */
const frameBytes = ({ channels, format }: CardOptions) => channels * (format === "s16" ? 2 : 4);

function rateOf(bytes: number, ms: number, card: CardOptions): number {
  return (bytes / frameBytes(card) / Math.max(1, ms)) * 1000;
}

/** Each channel by itself: a dead one, a level that no street has, a pulse that does not come. */
function judge({ device, ppsChannel, micSensitivityDbFsAt94Spl, sampleRateHz }: Alsa, channels: Float32Array[]): Check {
  const toSpl = micSensitivityDbFsAt94Spl === undefined ? undefined : 94 - micSensitivityDbFsAt94Spl;
  const faults: string[] = [];
  const told = channels.map((sound, i) => {
    const name = `channel ${i}`;
    if (i === ppsChannel) {
      const pulses = new PpsEdges(sampleRateHz).push(sound, 0n).length;
      if (pulses === 0) faults.push(`${name}: no pulse per second in ${JUDGED_S} s`);
      return `${name}: ${pulses} pulses`;
    }
    if (sound.every((x) => x === sound[0])) {
      faults.push(`${name}: nothing but ${sound[0]}`);
      return `${name}: dead`;
    }
    const dbFs = levelDbFs(sound);
    if (toSpl === undefined) return `${name}: ${dbFs.toFixed(0)} dBFS`;
    const dbSpl = dbFs + toSpl;
    if (dbSpl < STREET_DB_SPL[0] || dbSpl > STREET_DB_SPL[1])
      faults.push(`${name}: ${dbSpl.toFixed(0)} dB SPL, which no street has`);
    return `${name}: ${dbFs.toFixed(0)} dBFS, ${dbSpl.toFixed(0)} dB SPL`;
  });
  const detail = `${device} at ${sampleRateHz} Hz: ${told.join("; ")}`;
  if (faults.length === 0) return fine("microphone", detail);
  const fix = "look at cable, receiver and gain (alsamixer), and at microphone.micSensitivityDbFsAt94Spl";
  return wrong("microphone", `${detail} (${faults.join("; ")})`, fix);
}

/** RMS without the offset that a converter may have. */
function levelDbFs(sound: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const x of sound) {
    sum += x;
    squares += x * x;
  }
  const mean = sum / sound.length;
  return 10 * Math.log10(Math.max(1e-14, squares / sound.length - mean * mean)) + SINE_DB;
}

/** Whole samples only: what is kept may begin in the midst of one. */
function endOf({ bytes, stdout }: Ran, card: Alsa): Buffer {
  const end = stdout.length - (bytes % frameBytes(card));
  return stdout.subarray(Math.max(0, end - JUDGED_S * card.sampleRateHz * frameBytes(card)), end);
}

function channelsOf(bytes: Buffer, { channels, format }: CardOptions): Float32Array[] {
  const width = format === "s16" ? 2 : 4;
  const samples = Math.floor(bytes.length / width / channels);
  const valueAt = (at: number) =>
    format === "s16" ? bytes.readInt16LE(at) / 2 ** 15 : bytes.readInt32LE(at) / 2 ** 31;
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: samples }, (_, i) => valueAt((i * channels + channel) * width)),
  );
}

interface Ran {
  /** So many came on its stdout. */
  bytes: number;
  /** The last of them. */
  stdout: Buffer;
  stderr: string;
  /** Code or message of what kept it from running; undefined where it ran. */
  failure: string | undefined;
  /** When the first and the last of its output came. */
  firstMs: number;
  lastMs: number;
}

/** @param keepBytes of what it puts out, at least so many of the last are kept. */
function run(child: ChildProcess, patienceMs = PATIENCE_MS, keepBytes = 1_000_000): Promise<Ran> {
  const pieces: Buffer[] = [];
  let kept = 0;
  const ran: Ran = { bytes: 0, stdout: Buffer.alloc(0), stderr: "", failure: undefined, firstMs: 0, lastMs: 0 };
  const timer = setTimeout(() => {
    ran.failure = `gave no end within ${patienceMs / 1000} s`;
    child.kill("SIGKILL");
  }, patienceMs);
  child.stdout!.on("data", (piece: Buffer) => {
    ran.lastMs = performance.now();
    ran.firstMs ||= ran.lastMs;
    ran.bytes += piece.length;
    kept += piece.length;
    pieces.push(piece);
    while (kept - pieces[0]!.length >= keepBytes) kept -= pieces.shift()!.length;
  });
  child.stderr!.on("data", (piece: Buffer) => {
    ran.stderr += piece;
  });
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      ran.failure = error.code ?? error.message;
    });
    child.once("close", () => {
      clearTimeout(timer);
      resolve({ ...ran, stdout: Buffer.concat(pieces) });
    });
  });
}
