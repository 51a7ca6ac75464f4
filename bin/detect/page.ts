/** The same as a page that needs nothing from elsewhere: a picture and a table for each file. */
import { type SoundClass, soundClasses } from "#contract/shot.ts";
import type { Detection, HeardFile } from "./hear-file.ts";
import { type PictureSize, pictureOf } from "./picture.ts";

export function pageOf(files: readonly HeardFile[], model: string, threshold: number): string {
  const sections = files.map((file) => section(file, threshold)).join("\n");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What the detector heard</title>
<style>
  :root { color-scheme: light dark; --ground: #f6f8fb; --ink: #1d2533; --dim: #56637a; --shot: #b3261e; --cell: #e7ecf4; --bar: #b9c8e4; }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #0f141e; --ink: #e2e8f0; --dim: #9aa8bf; --shot: #ff8a80; --cell: #181f2c; --bar: #3b4a66; }
  }
  body { margin: 0 auto; padding: 1.5rem; max-width: 76rem; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
  h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin-top: 2rem; overflow-wrap: anywhere; }
  img { width: 100%; height: auto; border-radius: 4px; }
  .scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th, td { padding: 0.15rem 0.7rem; text-align: right; white-space: nowrap; } th { color: var(--dim); font-weight: 500; }
  @media (max-width: 50rem) {
    body { padding: 1rem; } th, td { padding: 0.15rem 0.4rem; } td.class { min-width: 3.5rem; }
  }
  tr.shot td { color: var(--shot); } td.class { min-width: 5rem; background: linear-gradient(90deg, var(--bar) var(--p), var(--cell) var(--p)); }
</style>
<h1>What the detector heard</h1>
<p>Model ${escaped(model)}; a gunshot from probability ${threshold}: red, its line through the whole picture. Other impulses have a short yellow line. Echoes are marked, never dropped.</p>
${sections}
</html>
`;
}

/** What is asked first stands first: on a telephone the rest is scrolled to. */
const [shot, ...others] = soundClasses;

function section(heard: HeardFile, threshold: number): string {
  const png = (size: PictureSize) =>
    `data:image/png;base64,${Buffer.from(pictureOf([heard], threshold, size)).toString("base64")}`;
  const shots = heard.detections.filter(({ gunshot }) => gunshot).length;
  const lengthS = (heard.samples.length / heard.sampleRateHz).toFixed(2);
  const count = heard.detections.length;
  const of = heard.channels > 1 ? `channel ${heard.channel} of 0 to ${heard.channels - 1}: ` : "";
  const words = `${of}${count} ${count === 1 ? "impulse" : "impulses"} in ${lengthS} s, gunshots: ${shots}`;
  const remarks = heard.remarks.map((remark) => `<p>The file: ${escaped(remark)}</p>`).join("\n");
  const heads = ["", "Onset s", shot, "Echo", "SNR dB", "Sigma ms", "Peak dBFS", ...others].map(
    (head) => `<th>${head}</th>`,
  );
  return `<h2>${escaped(heard.file)}</h2>
<p>${words}</p>
${remarks}
<picture><source media="(max-width: 40rem)" srcset="${png("narrow")}"><img alt="Waveform and spectrogram of ${escaped(heard.file)}: ${words}" src="${png("wide")}"></picture>
<div class="scroll"><table><thead><tr>${heads.join("")}</tr></thead><tbody>${heard.detections.map(row).join("")}</tbody></table></div>`;
}

function row(detection: Detection): string {
  const { onsetS, onsetSigmaS, snrDb, peakDbFs, echoProbability, scores, gunshot } = detection;
  const bar = (name: SoundClass) =>
    `<td class="class" style="--p:${(100 * scores[name]).toFixed(0)}%">${scores[name].toFixed(3)}</td>`;
  const cell = (text: string) => `<td>${text}</td>`;
  const cells = [
    cell(gunshot ? "gunshot" : ""),
    cell(onsetS.toFixed(5)),
    bar(shot),
    cell(echoProbability.toFixed(2)),
    cell(snrDb.toFixed(1)),
    cell((onsetSigmaS * 1000).toFixed(3)),
    cell(peakDbFs.toFixed(1)),
    ...others.map(bar),
  ];
  return `<tr${gunshot ? ' class="shot"' : ""}>${cells.join("")}</tr>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
