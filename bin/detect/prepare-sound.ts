/** What a recording is freed from before it is heard, and which of its channels is. */
import { Fault } from "#contract/errors.ts";
import { BandEnergies } from "#core/acoustics/band-energies.ts";
import { clearMedian, PADDING_S } from "#core/acoustics/offset.ts";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";

export interface PreparedSound {
  samples: Float32Array;
  sampleRateHz: number;
  /** The channel that was chosen, from 0, and how many there are. */
  channel: number;
  channels: number;
  /** What a person should know of the file, a line each. */
  remarks: string[];
}

/** What the ear takes. */
const LEAST_RATE_HZ = 4000;
const MOST_RATE_HZ = 400_000;

/** The band above 300 Hz: no hum, no wind. */
const BRIGHT = 2;
/** Milliseconds of steady noise reach about twice their median. */
const STEADY = 4;
/** Mean square of full scale below which there is nothing. */
const SILENCE = 1e-12;
/** Values that the offset is taken from. */
const MOST_VALUES = 100_000;
/** Sound between zero padding that is shorter tells of no offset: a lone blast in digital silence has a mean too, seconds. */
const LEAST_RUN_S = 0.05;
/** An offset is one that stands out from the noise by this, in median deviations, and that the mean says too. */
const CLEAR = 2;

/** @param asked a channel, from 0. Throws `Fault` (input) where the file cannot be read or heard. */
export async function prepareSound(file: string, asked?: number): Promise<PreparedSound> {
  const { channels, sampleRateHz, cutOf, spoiled } = await readAudioFile(file);
  if (sampleRateHz < LEAST_RATE_HZ || sampleRateHz > MOST_RATE_HZ)
    throw new Fault(
      "input",
      `${file}: its sample rate is ${sampleRateHz} Hz, ${LEAST_RATE_HZ} to ${MOST_RATE_HZ} can be heard; record it anew, or bring it to 48000 where it is higher`,
    );
  if (asked !== undefined && asked >= channels.length)
    throw new Fault(
      "input",
      `${file}: has no channel ${asked}; ${channels.length === 1 ? "there is only 0" : `give 0 to ${channels.length - 1}`}`,
    );
  for (const each of channels) takeOffsetOff(each, sampleRateHz);
  const channel = asked ?? liveliest(channels, sampleRateHz);
  const samples = channels[channel]!;
  const remarks: string[] = [];
  if (cutOf !== undefined)
    remarks.push(
      `is cut short or damaged at sample ${samples.length} of ${cutOf}; what comes before was heard, copy it again for the rest`,
    );
  if (spoiled !== undefined) remarks.push(`samples that are no numbers: ${spoiled}, heard as zeros; convert it again`);
  if (samples.every((x) => x === 0))
    remarks.push("holds nothing but one value; look at the recorder, its channel or its level");
  return { samples, sampleRateHz, channel, channels: channels.length, remarks };
}

/** Takes the converter's constant offset off, in place. Zero padding stays zero; what is no clear offset stays too. */
export function takeOffsetOff(samples: Float32Array, sampleRateHz: number): void {
  const padding = Math.max(4, Math.round(PADDING_S * sampleRateHz));
  const offset = offsetOf(samples, padding, LEAST_RUN_S * sampleRateHz);
  if (offset !== 0) {
    eachRun(samples, padding, (from, to) => {
      for (let i = from; i < to; i++) samples[i]! -= offset;
    });
  }
}

/** 0 where there is none. */
function offsetOf(samples: Float32Array, padding: number, leastRun: number): number {
  const stride = Math.max(1, Math.ceil(samples.length / MOST_VALUES));
  const values = new Float32Array(Math.ceil(samples.length / stride));
  let count = 0;
  let sum = 0;
  eachRun(samples, padding, (from, to) => {
    if (to - from < leastRun) return;
    for (let i = Math.ceil(from / stride) * stride; i < to; i += stride) {
      values[count++] = samples[i]!;
      sum += samples[i]!;
    }
  });
  if (count === 0) return 0;
  const middle = clearMedian(values.subarray(0, count), CLEAR);
  return Math.abs(sum / count - middle) < Math.abs(middle) / 2 ? middle : 0;
}

/** Calls with the samples from one to before the other that are no run of `padding` zeros. */
function eachRun(samples: Float32Array, padding: number, run: (from: number, to: number) => void): void {
  let from = 0;
  for (let i = 0; i <= samples.length; ) {
    let zeros = 0;
    while (samples[i + zeros] === 0) zeros++;
    if (zeros >= padding || i + zeros >= samples.length) {
      const to = zeros >= padding ? i : samples.length;
      if (to > from) run(from, to);
      from = i + zeros;
    }
    i += Math.max(1, zeros);
  }
}

/**
 * The channel with the loudest impulse above 300 Hz; where none has one, that with most sound there. Energy alone would take the one with
 * mains hum or wind.
 */
export function liveliest(channels: readonly Float32Array[], sampleRateHz: number): number {
  if (channels.length < 2) return 0;
  let best = 0;
  let most: [number, number] = [-1, -1];
  channels.forEach((samples, index) => {
    const found = impulseOf(samples, sampleRateHz);
    if (found[0] > most[0] || (found[0] === most[0] && found[1] > most[1])) [best, most] = [index, found];
  });
  return best;
}

/** Energy of the loudest millisecond where it stands out, else 0; median of all. */
function impulseOf(samples: Float32Array, sampleRateHz: number): [number, number] {
  const bands = new BandEnergies(sampleRateHz);
  const hops = new Float64Array(Math.floor(samples.length / bands.hop));
  const hop = new Float32Array(bands.hop);
  // Counted from its first value, or a hum that does not begin at 0 would begin with a step.
  const first = samples[0] ?? 0;
  for (let n = 0; n < hops.length; n++) {
    for (let i = 0; i < hop.length; i++) hop[i] = samples[n * hop.length + i]! - first;
    bands.take(hop, 0);
    bands.whole();
    hops[n] = bands.energies[BRIGHT]!;
  }
  hops.sort();
  const median = hops[hops.length >> 1] ?? 0;
  const loudest = hops.at(-1) ?? 0;
  return [loudest > STEADY * median + SILENCE ? loudest : 0, median];
}
