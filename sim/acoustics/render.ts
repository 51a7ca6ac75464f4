/** Waves over paths into samples: which paths share a block, which waves are too long to be carried along each path. */
import { Block, type Rendering, type SoundPath } from "./block.ts";
import { type ScatterTail, velvet } from "./scatter.ts";
import type { Wave } from "./wave.ts";

const PRE_S = 0.006;
const POST_S = 0.06;
const GROUP_S = 0.05;
/** Waves longer than this are convolved with the paths' response instead of being carried along each. */
const LONG_S = 0.12;

/** The scattered sound has lost its highest part, and more where it came over roofs (a detour of that many metres). */
const OPEN_TAIL_HZ = 3000;
const SCREENED_TAIL_M = 0.1;

function sizeFor(seconds: number, rateHz: number): number {
  return 2 ** Math.ceil(Math.log2(seconds * rateHz));
}

/** A band-limited unit impulse: what a path does, as such. */
const impulse: Wave = {
  lengthS: 0,
  addTo(re, im, stepHz, delayS = 0, gain = 1) {
    for (let k = 0; k < re.length; k++) {
      const turn = -2 * Math.PI * k * stepHz * delayS;
      re[k] = re[k]! + gain * Math.cos(turn);
      im[k] = im[k]! + gain * Math.sin(turn);
    }
  },
};

/** Samples to be added to a recording: `samples[i]` stands at index `start + i`. */
export interface Segment {
  start: number;
  samples: Float64Array;
}

/** Renders waves for one weather, rate and microphone. Reuses its buffers: not for concurrent use. */
export class Renderer {
  readonly #rendering: Rendering;
  readonly #blocks = new Map<number, Block>();

  constructor(rendering: Rendering) {
    this.#rendering = rendering;
  }

  #block(size: number): Block {
    let block = this.#blocks.get(size);
    if (!block) this.#blocks.set(size, (block = new Block(size, this.#rendering)));
    return block;
  }

  /**
   * @param wave the wave, or what leaves in a direction where the source is not the same to all sides.
   * @param paths the ways it comes; `travelS` counts from the wave's start.
   * @param indexOf the sample index (fractional) of an instant after the wave's start.
   * @returns pressures in pascals (before the microphone's sensitivity) as segments to add.
   */
  render(
    wave: Wave | ((path: SoundPath) => Wave),
    paths: readonly SoundPath[],
    indexOf: (afterS: number) => number,
  ): Segment[] {
    const sorted = [...paths].sort((a, b) => a.travelS - b.travelS);
    if (typeof wave !== "function" && wave.lengthS > LONG_S) return this.#renderLong(wave, sorted, indexOf);
    const { rateHz } = this.#rendering;
    const segments: Segment[] = [];
    for (let i = 0; i < sorted.length; ) {
      const first = sorted[i]!;
      const waves = typeof wave === "function" ? undefined : wave;
      const lengthS = (waves ?? (wave as (path: SoundPath) => Wave)(first)).lengthS;
      const block = this.#block(sizeFor(PRE_S + GROUP_S + lengthS + POST_S, rateHz));
      const start = Math.floor(indexOf(first.travelS) - PRE_S * rateHz);
      block.clear();
      if (waves) block.loadWave(waves);
      for (; i < sorted.length && sorted[i]!.travelS <= first.travelS + GROUP_S; i++) {
        const path = sorted[i]!;
        if (typeof wave === "function") block.loadWave(wave(path));
        block.addPath(path, (indexOf(path.travelS) - start) / rateHz);
      }
      segments.push({ start, samples: block.samples(true) });
    }
    return segments;
  }

  #renderLong(wave: Wave, sorted: readonly SoundPath[], indexOf: (afterS: number) => number): Segment[] {
    const first = sorted[0];
    const last = sorted.at(-1);
    if (!first || !last) return [];
    const { rateHz } = this.#rendering;
    const start = Math.floor(indexOf(first.travelS) - PRE_S * rateHz);
    const spanS = last.travelS - first.travelS;
    // The response is rendered as impulses, which are then convolved with the wave.
    const size = sizeFor(2 * PRE_S + GROUP_S + spanS + wave.lengthS + 2 * POST_S, rateHz);
    const response = new Float64Array(size);
    const small = this.#block(sizeFor(PRE_S + GROUP_S + POST_S, rateHz));
    for (let i = 0; i < sorted.length; ) {
      const head = sorted[i]!;
      const from = Math.floor(indexOf(head.travelS) - PRE_S * rateHz);
      small.clear();
      small.loadWave(impulse);
      for (; i < sorted.length && sorted[i]!.travelS <= head.travelS + GROUP_S; i++) {
        const path = sorted[i]!;
        small.addPath(path, (indexOf(path.travelS) - from) / rateHz);
      }
      const part = small.samples(true);
      for (let n = 0; n < part.length && from - start + n < size; n++) {
        response[from - start + n] = response[from - start + n]! + part[n]!;
      }
    }
    const block = this.#block(size);
    block.clear();
    wave.addTo(block.re, block.im, block.stepHz);
    block.convolve(response);
    return [{ start, samples: block.samples(false) }];
  }

  /**
   * What facades scatter, after everything else.
   * @param firstS when the first sound of the wave arrives, s after the wave's start.
   * @param lengthM of its way; the tail's absorption is that of 60 m more.
   */
  renderTail(
    wave: Wave,
    tail: ScatterTail,
    firstS: number,
    lengthM: number,
    indexOf: (afterS: number) => number,
  ): Segment {
    const { rateHz } = this.#rendering;
    const spanS = tail.open.length * tail.stepS;
    const block = this.#block(sizeFor(2 * PRE_S + spanS + wave.lengthS + POST_S, rateHz));
    const start = Math.floor(indexOf(firstS) - PRE_S * rateHz);
    const offset = indexOf(firstS) - start;
    // Two real responses in one complex transform: open sight in the real part, screened in the imaginary one.
    const responses = new Float64Array(2 * block.size);
    [tail.open, tail.screened].forEach((energies, part) => {
      const { lateS, amplitude } = velvet(energies, tail.stepS, tail.rng);
      lateS.forEach((s, i) => {
        const at = offset + s * rateHz;
        const n = Math.floor(at);
        const to = 2 * n + part;
        responses[to] = responses[to]! + (1 - at + n) * amplitude[i]!;
        responses[to + 2] = responses[to + 2]! + (at - n) * amplitude[i]!;
      });
    });
    block.clear();
    block.loadWave(wave);
    block.addScattered(responses, lengthM + 60, OPEN_TAIL_HZ, SCREENED_TAIL_M);
    return { start, samples: block.samples(true) };
  }
}
