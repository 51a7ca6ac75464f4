/** What the operating system refuses a command, in the words that it says on standard error. */
import assert from "node:assert/strict";
import { mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import { runCommand } from "./run-command.ts";

/** Exit status and standard error of a command that does `act`. */
async function said(act: () => void): Promise<[number, string]> {
  const { write } = process.stderr;
  let text = "";
  process.stderr.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof write;
  try {
    const run = async () => {
      act();
      return 0;
    };
    const load = async () => ({ command: { summary: "", help: "", run } });
    return [await runCommand({ try: { summary: "", load } }, ["try"]), text];
  } finally {
    process.stderr.write = write;
  }
}

const refused = (code: string, syscall: string) => () => {
  throw Object.assign(new Error(`${code}: ${syscall}`), { code, syscall, path: "x.json" });
};

test("a refused open says neither reading nor writing where it may have been either", async () => {
  for (const code of ["EACCES", "EPERM"])
    assert.deepEqual(await said(refused(code, "open")), [1, `tocsin try: x.json: no right to open it (${code})\n`]);
  assert.deepEqual(await said(refused("EROFS", "open")), [1, "tocsin try: x.json: no right to write it (EROFS)\n"]);
  assert.deepEqual(await said(refused("ENOSPC", "open")), [1, "tocsin try: x.json: the disk is full (ENOSPC)\n"]);
  assert.deepEqual(await said(refused("EACCES", "scandir")), [1, "tocsin try: x.json: no right to read it (EACCES)\n"]);
  assert.deepEqual(await said(refused("EACCES", "mkdir")), [1, "tocsin try: x.json: no right to write it (EACCES)\n"]);
});

test("what is not there, to read from or to write into, is said of the system's own errors", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-command-"));
  try {
    const file = join(folder, "none", "x.json");
    for (const flags of ["r", "w"])
      assert.deepEqual(await said(() => void openSync(file, flags)), [
        1,
        `tocsin try: ${file}: there is no such file or folder\n`,
      ]);
    const [, list] = await said(() => void readdirSync(join(folder, "none")));
    assert.equal(list, `tocsin try: ${join(folder, "none")}: there is no such file\n`);
    const [, write] = await said(() => void openSync(folder, "w"));
    assert.equal(write, `tocsin try: ${folder}: is a folder, not a file\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
