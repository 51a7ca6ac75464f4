import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Dock, DockResult } from "../../dock-port.ts";
import { orderDock } from "./dock-orders.ts";

/** A dock of which only the answer counts here. */
function told(answer: () => Promise<DockResult>) {
  const lines: { fields: Record<string, unknown>; words: string }[] = [];
  const log = { warn: (fields: Record<string, unknown>, words: string) => lines.push({ fields, words }) } as never;
  const state = { link: "up", door: "closed", padOccupied: true, stopPressed: false };
  const dock = { state, openDoor: answer, closeDoor: answer, setCharger: answer } as unknown as Dock;
  return { lines, log, dock };
}

test("a refusal is one line: what was asked, why not, and how the dock stood", async () => {
  const { lines, log, dock } = told(async () => ({ ok: false, why: "stopped", detail: "the stop button is pressed" }));
  assert.is((await orderDock(dock, { do: "openDoor" }, log)).ok, false);
  await orderDock(dock, { do: "charger", on: true }, log);
  assert.equal(
    lines.map(({ words }) => words),
    [
      "the dock did not open its door: the stop button is pressed",
      "the dock did not switch its charger on: the stop button is pressed",
    ],
  );
  const stood = { link: "up", door: "closed", padOccupied: true, stopPressed: false };
  assert.equal(lines[0]!.fields, { asked: "openDoor", why: "stopped", ...stood });
});

test("a dock whose port breaks is told of as well; one that does as asked is not", async () => {
  const broken = told(() => Promise.reject(new Error("port closed")));
  assert.is((await orderDock(broken.dock, { do: "closeDoor" }, broken.log)).ok, false);
  assert.match(broken.lines[0]!.words, "the dock did not close its door: Error: port closed");
  const good = told(async () => ({ ok: true }));
  assert.is((await orderDock(good.dock, { do: "closeDoor" }, good.log)).ok, true);
  assert.is(good.lines.length, 0);
});

test.run();
