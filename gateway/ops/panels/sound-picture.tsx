/** Waveform above spectrogram of one sound, on one time axis, the onset marked in both. */
import { useEffect, useRef } from "preact/hooks";
import { peaks, spectrogram, spectrogramPixels } from "../spectrogram.ts";
import { theme } from "../state/preferences.ts";
import type { Sound } from "../wav.ts";

/** Muzzle blasts have little above it, and lamppost microphones less. */
const TOP_HZ = 12_000;

function sized(canvas: HTMLCanvasElement): { c: CanvasRenderingContext2D; width: number; height: number } | undefined {
  const ratio = Math.min(2, devicePixelRatio);
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.round(height * ratio);
  const c = canvas.getContext("2d");
  if (c === null || width === 0) return undefined;
  c.scale(ratio, ratio);
  return { c, width, height };
}

function onsetLine(c: CanvasRenderingContext2D, x: number, height: number, colour: string): void {
  c.strokeStyle = colour;
  c.lineWidth = 1;
  c.setLineDash([3, 3]);
  c.beginPath();
  c.moveTo(Math.round(x) + 0.5, 0);
  c.lineTo(Math.round(x) + 0.5, height);
  c.stroke();
  c.setLineDash([]);
}

export function drawWave(canvas: HTMLCanvasElement, sound: Sound, onsetS: number): void {
  const on = sized(canvas);
  if (on === undefined) return;
  const { c, width, height } = on;
  const style = getComputedStyle(canvas);
  const columns = Math.max(1, Math.floor(width));
  const { low, high } = peaks(sound.samples, columns);
  let loudest = 1e-6;
  for (let i = 0; i < columns; i++) loudest = Math.max(loudest, high[i]!, -low[i]!);
  const scale = (height / 2 - 1) / loudest;
  c.fillStyle = style.color;
  for (let x = 0; x < columns; x++) {
    const top = height / 2 - high[x]! * scale;
    c.fillRect(x, top, 1, Math.max(1, (high[x]! - low[x]!) * scale));
  }
  onsetLine(c, (onsetS / (sound.samples.length / sound.sampleRateHz)) * width, height, style.outlineColor);
}

export function drawSpectrogram(canvas: HTMLCanvasElement, sound: Sound, onsetS: number): void {
  const on = sized(canvas);
  if (on === undefined) return;
  const { c, width, height } = on;
  const {
    width: frames,
    height: bins,
    rgba,
  } = spectrogramPixels(spectrogram(sound.samples, sound.sampleRateHz), TOP_HZ);
  const sheet = document.createElement("canvas");
  sheet.width = frames;
  sheet.height = bins;
  sheet.getContext("2d")?.putImageData(new ImageData(rgba, frames, bins), 0, 0);
  c.imageSmoothingQuality = "high";
  c.drawImage(sheet, 0, 0, width, height);
  onsetLine(c, (onsetS / (sound.samples.length / sound.sampleRateHz)) * width, height, "#ffffff");
  c.font = "10px Inter, sans-serif";
  c.textAlign = "right";
  const topHz = Math.min(TOP_HZ, sound.sampleRateHz / 2);
  const label = `${topHz / 1000} kHz`;
  c.fillStyle = "rgb(0 20 50 / 0.75)";
  c.fillRect(width - c.measureText(label).width - 6, 0, c.measureText(label).width + 6, 13);
  c.fillStyle = "#ffffff";
  c.fillText(label, width - 3, 10);
}

export function SoundPicture({ sound, onsetS, node }: { sound: Sound; onsetS: number; node: string }) {
  const wave = useRef<HTMLCanvasElement>(null);
  const spectrum = useRef<HTMLCanvasElement>(null);
  const lookNow = theme();
  useEffect(() => {
    const draw = () => {
      if (wave.current) drawWave(wave.current, sound, onsetS);
      if (spectrum.current) drawSpectrogram(spectrum.current, sound, onsetS);
    };
    const frame = requestAnimationFrame(draw);
    let width = wave.current?.clientWidth;
    const observer = new ResizeObserver(() => {
      if (wave.current?.clientWidth === width) return;
      width = wave.current?.clientWidth;
      draw();
    });
    if (wave.current) observer.observe(wave.current);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, [sound, onsetS, lookNow]);
  const seconds = (sound.samples.length / sound.sampleRateHz).toFixed(1);
  return (
    <div class="sound-picture">
      <canvas
        ref={wave}
        class="wave"
        role="img"
        aria-label={`Waveform at ${node}, ${seconds} s, onset at ${onsetS.toFixed(2)} s`}
      />
      <canvas ref={spectrum} class="spectrogram" role="img" aria-label={`Spectrogram at ${node}, 0 to 12 kHz`} />
    </div>
  );
}
