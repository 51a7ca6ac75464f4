/** A picture of what the detector saw: waveform, spectrogram, onsets and scores. */
import { encode } from "fast-png";
import { soundClasses } from "#contract/shot.ts";
import { spectrogram } from "#core/acoustics/spectrogram.ts";
import { drawText, GLYPH_WIDTH } from "./glyphs.ts";
import type { Detection, HeardFile } from "./hear-file.ts";

type Rgb = readonly [number, number, number];

const LEFT = 56;
const RIGHT = 16;
const TITLE = 26;
const WAVE = 130;
const SPECTRUM = 200;
const AXIS = 24;
const ROW = 13;
/** Impulses listed below a picture; the strongest, where there are more. */
const LISTED = 24;
const DYNAMIC_DB = 70;
/** A tick of the axis with its word. */
const TICK_WIDTH = 90;

/** `wide` lists the impulses below; `narrow` fits a telephone, whose page has them in a table. */
const sizes = { wide: { width: 1200, scores: true }, narrow: { width: 440, scores: false } } as const;
export type PictureSize = keyof typeof sizes;

const INK: Rgb = [226, 232, 240];
const DIM: Rgb = [120, 134, 156];
const GROUND: Rgb = [15, 20, 30];
const PANEL: Rgb = [24, 31, 44];
const TRACE: Rgb = [110, 168, 220];
const SHOT: Rgb = [255, 96, 84];
const OTHER: Rgb = [240, 196, 84];

/** PNG bytes, one panel a file below another. */
export function pictureOf(files: readonly HeardFile[], threshold: number, size: PictureSize = "wide"): Uint8Array {
  const { width, scores } = sizes[size];
  const heights = files.map(({ detections }) => panelHeight(scores ? detections.length : undefined));
  const canvas = new Canvas(
    width,
    Math.max(
      1,
      heights.reduce((a, b) => a + b, 0),
    ),
  );
  let top = 0;
  files.forEach((file, i) => {
    panel(canvas, file, top, threshold, scores);
    top += heights[i]!;
  });
  return encode({ width: canvas.width, height: canvas.height, data: canvas.data, channels: 3 });
}

function panelHeight(detections: number | undefined): number {
  const rows = detections === undefined ? 0 : ROW * (1 + Math.min(LISTED, detections)) + 14;
  return TITLE + WAVE + 4 + SPECTRUM + AXIS + rows;
}

function panel(canvas: Canvas, heard: HeardFile, top: number, threshold: number, scores: boolean): void {
  const { file, samples, sampleRateHz, detections, channel, channels } = heard;
  const width = canvas.width - LEFT - RIGHT;
  const lengthS = samples.length / sampleRateHz;
  const shots = detections.filter(({ gunshot }) => gunshot).length;
  const name = file.split("/").at(-1)!.slice(-70);
  const of = channels > 1 ? `  channel ${channel} of 0 to ${channels - 1}` : "";
  const title = `${name}  ${sampleRateHz} Hz${of}  ${lengthS.toFixed(2)} s  ${detections.length} impulses, ${shots} gunshot (from ${threshold})`;
  canvas.text(LEFT, top + 10, title, INK);
  const waveTop = top + TITLE;
  const atOnsets = (top: number, height: number, other: number) => {
    for (const { onsetS, gunshot } of detections) {
      const x = LEFT + Math.round((onsetS / lengthS) * (width - 1));
      canvas.line(x, top, gunshot ? height : other, gunshot ? SHOT : OTHER);
    }
  };
  canvas.fill(LEFT, waveTop, width, WAVE, PANEL);
  // Behind the trace: a shot seen from afar is no wider than its line.
  atOnsets(waveTop, WAVE, WAVE / 6);
  drawWave(canvas, samples, LEFT, waveTop, width);
  const spectrumTop = waveTop + WAVE + 4;
  drawSpectrum(canvas, heard, LEFT, spectrumTop, width);
  drawAxis(canvas, lengthS, spectrumTop + SPECTRUM, width);
  atOnsets(spectrumTop, SPECTRUM, 12);
  if (scores) drawScores(canvas, listed(detections), spectrumTop + SPECTRUM + AXIS);
}

function listed(detections: readonly Detection[]): Detection[] {
  const strongest = [...detections].sort((a, b) => b.probability - a.probability || b.snrDb - a.snrDb);
  return strongest.slice(0, LISTED).sort((a, b) => a.onsetS - b.onsetS);
}

function drawWave(canvas: Canvas, samples: Float32Array, left: number, top: number, width: number): void {
  let peak = 1e-6;
  for (const x of samples) peak = Math.max(peak, Math.abs(x));
  for (let c = 0; c < width; c++) {
    const from = Math.floor((c / width) * samples.length);
    const to = Math.max(from + 1, Math.floor(((c + 1) / width) * samples.length));
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let i = from; i < to; i++) {
      low = Math.min(low, samples[i] ?? 0);
      high = Math.max(high, samples[i] ?? 0);
    }
    const y = (value: number) => Math.round(top + WAVE / 2 - (value / peak) * (WAVE / 2 - 3));
    canvas.line(left + c, y(high), y(low) - y(high) + 1, TRACE);
  }
  const peakDb = (20 * Math.log10(peak)).toFixed(1);
  canvas.text(4, top + 4, `${peakDb}`, DIM);
  canvas.text(4, top + 14, "DBFS", DIM);
}

function drawSpectrum(canvas: Canvas, heard: HeardFile, left: number, top: number, width: number): void {
  const { db, columns, rows, topHz } = spectrogram(heard.samples, heard.sampleRateHz, width, SPECTRUM);
  let strongest = -120;
  for (const value of db) strongest = Math.max(strongest, value);
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) {
      const part = Math.min(1, Math.max(0, 1 + (db[c * rows + r]! - strongest) / DYNAMIC_DB));
      canvas.set(left + c, top + SPECTRUM - 1 - r, heat(part));
    }
  }
  for (const part of [0, 0.5, 1]) {
    const y = top + Math.round((1 - part) * (SPECTRUM - 8));
    const kHz = (part * topHz) / 1000;
    canvas.text(4, y, `${kHz.toFixed(kHz < 10 ? 1 : 0)} kHz`, DIM);
  }
}

/** From dark blue over violet and orange to pale yellow, of evenly rising lightness. */
function heat(part: number): Rgb {
  const stops: Rgb[] = [GROUND, [52, 28, 92], [140, 41, 99], [221, 81, 58], [252, 165, 10], [252, 255, 190]];
  const at = part * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const mix = (k: 0 | 1 | 2) => Math.round(stops[i]![k] + (at - i) * (stops[i + 1]![k] - stops[i]![k]));
  return [mix(0), mix(1), mix(2)];
}

function drawAxis(canvas: Canvas, lengthS: number, top: number, width: number): void {
  const step =
    [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600].find((s) => lengthS / s <= width / TICK_WIDTH) ?? 3600;
  for (let t = 0; t <= lengthS; t += step) {
    const x = LEFT + Math.round((t / lengthS) * (width - 1));
    canvas.line(x, top, 4, DIM);
    canvas.text(Math.min(x, canvas.width - 40), top + 8, `${Number(t.toFixed(2))} S`, DIM);
  }
}

function drawScores(canvas: Canvas, detections: readonly Detection[], top: number): void {
  const bars = 330;
  const heads = ["onset s", "sigma ms", "snr db", "echo"];
  heads.forEach((head, i) => {
    canvas.text(LEFT + i * 70, top, head, DIM);
  });
  soundClasses.forEach((name, i) => {
    canvas.text(LEFT + bars + i * 130, top, name, DIM);
  });
  detections.forEach((detection, row) => {
    const y = top + ROW * (row + 1);
    const colour = detection.gunshot ? SHOT : INK;
    const cells = [
      detection.onsetS.toFixed(4),
      (detection.onsetSigmaS * 1000).toFixed(3),
      detection.snrDb.toFixed(1),
      detection.echoProbability.toFixed(2),
    ];
    cells.forEach((cell, i) => {
      canvas.text(LEFT + i * 70, y, cell, colour);
    });
    soundClasses.forEach((name, i) => {
      const score = detection.scores[name];
      const x = LEFT + bars + i * 130;
      canvas.fill(x, y, 80, 7, PANEL);
      canvas.fill(x, y, Math.round(80 * score), 7, name === "gunshot" ? SHOT : OTHER);
      canvas.text(x + 86, y, score.toFixed(2), colour);
    });
  });
}

class Canvas {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height * 3);
    this.fill(0, 0, width, height, GROUND);
  }

  set(x: number, y: number, colour: Rgb): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    this.data.set(colour, (y * this.width + x) * 3);
  }

  fill(left: number, top: number, width: number, height: number, colour: Rgb): void {
    for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) this.set(x, y, colour);
  }

  line(x: number, top: number, height: number, colour: Rgb): void {
    this.fill(x, Math.round(top), 1, Math.max(1, Math.round(height)), colour);
  }

  text(left: number, top: number, text: string, colour: Rgb): void {
    drawText(text.slice(0, Math.floor((this.width - left) / GLYPH_WIDTH)), (x, y) =>
      this.set(left + x, top + y, colour),
    );
  }
}
