/** The list of recordings from other projects' packages (elsewhere.json) and what their copies are called. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const RATE_HZ = 16_000;
/** Longer sounds are kept in pieces of this length, evenly spread, at most so many. */
const PIECE_S = 30;
const MOST_PIECES = 10;

/** Licences under which a recording may be learned from; authors stand in the list and, of what a model learned from, in its card (`data`). */
export const PERMITTED: readonly string[] = ["CC0-1.0", "public-domain", "CC-BY-3.0", "CC-BY-4.0", "MIT", "WTFPL"];

export interface Sound {
  /** In the unpacked package, containers unpacked too. */
  path: string;
  label: string;
  /** `apart`: explosions and the like, neither shots nor plainly something else. */
  kind: "shot" | "negative" | "apart";
  licence: string;
  attribution: string;
}

export interface Package {
  name: string;
  suite: string;
  version: string;
  sha256: string;
  /** Archives in the package: unpacked to `into`. */
  containers?: { path: string; into: string; kind: "gresource" | "c4group" | "zip" | "soundfont" | "liero" }[];
  sounds: Sound[];
}

interface Row {
  label: string;
  kind: Sound["kind"];
  licence: string;
  attribution: string;
  paths: string[];
}

/** In the file sounds that have all but the path in common stand together. */
export function readList(): Package[] {
  const text = readFileSync(join(import.meta.dirname, "elsewhere.json"), "utf8");
  const packages = JSON.parse(text) as (Omit<Package, "sounds"> & { sounds: Row[] })[];
  return packages.map((each) => ({
    ...each,
    sounds: each.sounds.flatMap(({ paths, ...row }) => paths.map((path) => ({ path, ...row }))),
  }));
}

/** A sound's pieces in samples; a short one is one piece without a number. */
export function pieces(length: number): { cut?: number; start: number; end: number }[] {
  const piece = PIECE_S * RATE_HZ;
  if (length <= piece + 2 * RATE_HZ) return [{ start: 0, end: length }];
  const count = Math.min(MOST_PIECES, Math.floor(length / piece));
  if (count === 1) return [{ start: 0, end: piece }];
  const step = (length - piece) / (count - 1);
  return Array.from({ length: count }, (_, cut) => {
    const start = Math.floor(cut * step);
    return { cut, start, end: start + piece };
  });
}

/** `kind__label__package__path.wav`, the path without its first folders and at most 70 characters of it. */
export function outputName(from: string, sound: Sound, cut?: number): string {
  const stem = sound.path
    .replace(/\.\w+$/, "")
    .replace(/^(usr\/share\/games\/|usr\/share\/|_x\/)/, "")
    .replace(/[^A-Za-z0-9.+-]/g, "_")
    .slice(-70);
  return `${sound.kind}__${sound.label}__${from}__${stem}${cut === undefined ? "" : `__cut${cut}`}.wav`;
}
