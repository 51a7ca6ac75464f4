import { test } from "uvu";
import * as assert from "uvu/assert";
import { outputName, PERMITTED, pieces, RATE_HZ, readList } from "./elsewhere.ts";

test("every recording of the list has a licence that permits learning, an author and a name of its own", () => {
  const names = new Set<string>();
  for (const { name, version, suite, sha256, sounds } of readList()) {
    assert.match(sha256, /^[0-9a-f]{64}$/, name);
    assert.ok(version && suite && sounds.length > 0, name);
    for (const sound of sounds) {
      for (const licence of sound.licence.split(" and "))
        assert.ok(PERMITTED.includes(licence), `${sound.path}: ${licence}`);
      assert.ok(sound.attribution.trim() !== "" && sound.label !== "", sound.path);
      assert.ok(["shot", "negative", "apart"].includes(sound.kind), sound.path);
      assert.not(/^\/|(^|\/)\.\.(\/|$)/.test(sound.path), sound.path);
      const file = outputName(name, sound);
      assert.not(names.has(file), file);
      names.add(file);
    }
  }
});

test("100 s become three pieces of 30 s, the last to its end; 31 s stay whole, 45 s lose their end", () => {
  const at = (seconds: number) =>
    pieces(seconds * RATE_HZ).map(({ cut, start, end }) => [cut, start / RATE_HZ, end / RATE_HZ]);
  assert.equal(at(100), [
    [0, 0, 30],
    [1, 35, 65],
    [2, 70, 100],
  ]);
  assert.equal(at(31), [[undefined, 0, 31]]);
  assert.equal(at(45), [[undefined, 0, 30]]);
});

test.run();
