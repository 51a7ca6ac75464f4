/** Power over time and frequency, for pictures. */
import FFT from "fft.js";

export interface Spectrogram {
  /** Column by column, `rows` values each, lowest frequency first; dB relative to full scale. */
  db: Float32Array;
  columns: number;
  rows: number;
  topHz: number;
}

const WINDOW = 512;

/** Hann windows of 512 samples spread over the whole sound; `rows` bands of equal width up to half the sample rate. */
export function spectrogram(samples: Float32Array, sampleRateHz: number, columns: number, rows: number): Spectrogram {
  const fft = new FFT(WINDOW);
  const input = new Float64Array(WINDOW);
  const output = fft.createComplexArray() as number[];
  const hann = Float64Array.from({ length: WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW));
  const bins = WINDOW / 2;
  const db = new Float32Array(columns * rows);
  for (let c = 0; c < columns; c++) {
    const from = Math.round(((c + 0.5) / columns) * samples.length - WINDOW / 2);
    for (let i = 0; i < WINDOW; i++) input[i] = (samples[from + i] ?? 0) * hann[i]!;
    fft.realTransform(output, input as unknown as number[]);
    for (let r = 0; r < rows; r++) {
      const a = Math.floor((r / rows) * bins);
      const b = Math.max(a + 1, Math.floor(((r + 1) / rows) * bins));
      let power = 0;
      for (let k = a; k < b; k++) power = Math.max(power, output[2 * k]! ** 2 + output[2 * k + 1]! ** 2);
      // A sine of full scale has |X| = WINDOW / 4 under a Hann window.
      db[c * rows + r] = 10 * Math.log10(power / (WINDOW / 4) ** 2 + 1e-12);
    }
  }
  return { db, columns, rows, topHz: sampleRateHz / 2 };
}
