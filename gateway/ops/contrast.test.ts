/** Every pair of colours that the console puts on each other, computed after WCAG 2.2 (1.4.3, 1.4.11): words 4.5 : 1, marks and borders 3 : 1. */
import { readFileSync } from "node:fs";
import axe from "axe-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { palettes } from "./map/palette.ts";
import type { Theme } from "./state/preferences.ts";

/** What of axe-core's own reckoning is used; its types leave it out. */
interface Colour {
  parseHexString(hex: string): void;
}
const { Color, getContrast } = (
  axe.commons as unknown as {
    color: { Color: new () => Colour; getContrast(a: Colour, b: Colour): number };
  }
).color;
const colourOf = (hex: string) => {
  const colour = new Color();
  colour.parseHexString(hex);
  return colour;
};
const contrast = (a: string, b: string): number => getContrast(colourOf(a), colourOf(b));

const sheet = readFileSync(new URL("./styles/tokens.css", import.meta.url), "utf8");

/** The colours of a theme by name, as `tokens.css` has them. */
function tokensOf(theme: Theme): Map<string, string> {
  const from = sheet.indexOf(`:root[data-theme="${theme}"]`);
  const block = sheet.slice(from, sheet.indexOf("}", from));
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name!, hex!]));
}

const grounds = ["panel", "raised", "sunken", "accent-ground"];
/** What stands on what; where no ground is named, on all that panels have. */
const words: readonly (readonly [string, ...string[]])[] = [
  ["text", ...grounds, "ground", "warn-ground", "bad-ground"],
  ["soft", ...grounds, "ground"],
  ...["accent", "ok", "warn", "bad", "unreviewed", "confirmed", "escalated", "drone"].map(
    (name) => [name, ...grounds] as const,
  ),
  ["warn", "warn-ground"],
  ["bad", "bad-ground"],
  ["alarm-text", "alarm-ground"],
  ["alarm-act-text", "alarm-act"],
  ...["accent", "ok", "warn", "bad", "soft", "drone", "dismissed", "text"].map((ground) => ["panel", ground] as const),
];
const marks: readonly (readonly [string, ...string[]])[] = [
  ["edge", ...grounds],
  ["focus", ...grounds, "ground"],
  ["dismissed", ...grounds],
  ["node-ok", "panel"],
  ["wave", "sunken"],
  ["onset", "sunken"],
  ["alarm-act", "alarm-ground"],
];

for (const theme of ["light", "dark", "sunlight"] as const) {
  const tokens = tokensOf(theme);
  const short = (pairs: typeof words, least: number) =>
    pairs.flatMap(([name, ...under]) =>
      under
        .map((ground) => ({ pair: `${name} on ${ground}`, is: contrast(tokens.get(name)!, tokens.get(ground)!) }))
        .filter(({ is }) => !(is >= least))
        .map(({ pair, is }) => `${pair}: ${is.toFixed(2)}`),
    );

  test(`${theme}: every word stands out 4.5 : 1 or more, every mark and border 3 : 1`, () => {
    assert.is(tokens.size, 28);
    assert.equal(short(words, 4.5), []);
    assert.equal(short(marks, 3), []);
  });

  test(`${theme}: so do the words, marks and rings of the map, on its ground, its streets and their own halo`, () => {
    const { ground, street, halo, nodes, incidents, streetName, text, streetCase: _, ...single } = palettes[theme];
    const faint: string[] = [];
    const look = (name: string, hex: string, least: number, under: readonly string[]) => {
      for (const one of under)
        if (!(contrast(hex, one) >= least)) faint.push(`${name} ${hex} on ${one}: ${contrast(hex, one).toFixed(2)}`);
    };
    look("text", text, 4.5, [ground, street, halo]);
    look("street name", streetName, 4.5, [ground, street, halo]);
    for (const [name, hex] of Object.entries({ ...nodes, ...incidents, ...single })) look(name, hex, 3, [ground, halo]);
    for (const name of ["ring", "drone", "droneOld"] as const) look(name, single[name], 3, [street]);
    assert.equal(faint, []);
  });
}

test("the ruler measures as WCAG's own examples do: #767676 on white is 4.54, #000000 on white 21", () => {
  assert.is(contrast("#767676", "#ffffff").toFixed(2), "4.54");
  assert.is(contrast("#000000", "#ffffff").toFixed(2), "21.00");
});

test.run();
