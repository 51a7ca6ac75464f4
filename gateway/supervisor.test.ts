/** What a dead child's last words come to. */
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { whyOf } from "./supervisor.ts";

const linesOf = (script: string) =>
  spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).stderr.split("\n");
const said = (script: string) => linesOf(script).filter((line) => line.trim() !== "");

test("a package that is not there is named, not the version that Node prints below it", () => {
  const lines = said('import "a-package-of-nobody";');
  assert.match(lines.at(-1) ?? "", /^Node\.js v/);
  assert.match(whyOf(lines) ?? "", /Cannot find package 'a-package-of-nobody'/);
  assert.ok(lines.length <= 20, `${lines.length} lines are kept by the supervisor`);
});

test("an error that nobody caught is told by its message", () => {
  assert.is(whyOf(said('throw new TypeError("no such tank");')), "TypeError: no such tank");
});

test("words without an error are told as they were said last; of nothing said, nothing", () => {
  assert.is(whyOf(["one", "Killed by somebody"]), "Killed by somebody");
  assert.is(whyOf([]), undefined);
});

test.run();
