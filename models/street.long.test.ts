import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openOnnxClassifier } from "#edge-agent/devices/onnx-classifier.ts";
import { measureStreetNoise } from "./measure/street.ts";

test("24 hours of street noise, quiet night to loud day, without an event: at most two impulses over the threshold, none above 0.6", async () => {
  const shipped = join(import.meta.dirname, "gunshot");
  const versions = readdirSync(shipped).filter((name) => /^\d+$/.test(name));
  const classifier = await openOnnxClassifier(join(shipped, String(Math.max(...versions.map(Number)))));
  const day = await measureStreetNoise(classifier, 24, "long-test");
  await classifier.close();
  assert.ok(day.impulsesPerDay > 1000, `${day.impulsesPerDay} impulses: the ear heard too little to judge`);
  // Before fusion: no other node hears the same chance peak.
  assert.ok(day.falseAlertsPerDay <= 2, `${day.falseAlertsPerDay}, highest probability ${day.highestProbability}`);
  assert.ok(day.highestProbability < 0.6, `highest probability ${day.highestProbability}`);
});

test.run();
