import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import { defaultOutboxLimits, Outbox, type OutboxEntry, type OutboxReport, type OutboxRow } from "./outbox.ts";

let folder = "";
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-outbox-"));
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

const none: ReadonlySet<number> = new Set();
const entry = (text: string, priority = 5, channel = "shot/heard"): OutboxEntry => ({
  channel,
  topic: `tocsin/test/n1/${channel}`,
  payload: new TextEncoder().encode(text),
  retain: false,
  priority,
});
const texts = (rows: OutboxRow[]) => rows.map((row) => new TextDecoder().decode(row.payload));

function outbox(limits: Partial<typeof defaultOutboxLimits> = {}, file = "outbox.sqlite") {
  const reports: OutboxReport[] = [];
  const box = new Outbox(join(folder, file), { ...defaultOutboxLimits, ...limits }, (report) => reports.push(report));
  return { box, reports };
}

test("high priority goes first, then the oldest; what was sent is gone after a restart", () => {
  const { box } = outbox();
  box.add([entry("clip 1", 2), entry("shot 1", 8), entry("clip 2", 2), entry("shot 2", 8)]);
  assert.equal(texts(box.next(10, none)), ["shot 1", "shot 2", "clip 1", "clip 2"]);
  const [first, second] = box.next(2, none);
  assert.equal(texts(box.next(10, new Set([first!.seq]))), ["shot 2", "clip 1", "clip 2"]);
  box.sent(first!);
  box.sent(second!);
  assert.is(box.counters.rows, 2);
  box.close();
  const again = outbox();
  assert.equal(texts(again.box.next(10, none)), ["clip 1", "clip 2"]);
  again.box.close();
});

test("sqlite forces each commit to the disk", () => {
  const { box } = outbox();
  assert.equal(box.durability, { journal: "wal", synchronous: 2 });
  box.close();
});

test("a full outbox drops the oldest of the lowest priority, and counts it by channel", () => {
  const { box, reports } = outbox({ maxRows: 3 });
  box.add([entry("shot 1", 8), entry("clip 1", 2, "clip/cut"), entry("clip 2", 2, "clip/cut")]);
  box.add([entry("shot 2", 8)]);
  assert.equal(texts(box.next(10, none)), ["shot 1", "shot 2", "clip 2"]);
  box.add([entry("shot 3", 8), entry("shot 4", 8)]);
  assert.equal(texts(box.next(10, none)), ["shot 2", "shot 3", "shot 4"]);
  assert.equal(box.counters.dropped, { "clip/cut": 2, "shot/heard": 1 });
  assert.equal(reports.filter(({ kind }) => kind === "dropping").length, 1, "one line, not one a message");
  box.close();
});

test("bytes are bounded as well: ten of 1000 bytes leave four in 4000", () => {
  const { box } = outbox({ maxBytes: 4000 });
  for (let i = 0; i < 10; i++) box.add([entry(`${i}`.padEnd(1000))]);
  assert.equal(
    texts(box.next(10, none)).map((text) => text.trim()),
    ["6", "7", "8", "9"],
  );
  assert.is(box.counters.bytes, 4000);
  box.add([entry("x".repeat(5000))]);
  assert.is(box.counters.rows, 0, "a message larger than the outbox leaves nothing behind");
  box.close();
});

test("a file that is no database is moved aside, reported, and the agent starts", () => {
  writeFileSync(join(folder, "outbox.sqlite"), "the SD card said this".repeat(500));
  const { box, reports } = outbox();
  box.add([entry("shot 1")]);
  assert.equal(texts(box.next(10, none)), ["shot 1"]);
  assert.is(reports[0]?.kind, "corrupt");
  assert.ok(existsSync(join(folder, "outbox.sqlite.corrupt")));
  box.close();
});

test("a second agent on the same data directory is turned away", () => {
  const { box } = outbox();
  try {
    outbox();
    assert.unreachable();
  } catch (error) {
    assert.instance(error, Fault);
    assert.is((error as Fault).exitCode, 78);
    assert.match((error as Fault).message, "another agent");
  }
  box.close();
});

/** A real file system; only root may mount one. */
function mountSmallDisk(size = "512k"): string | undefined {
  const disk = mkdtempSync(join(folder, "disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk], { stdio: "ignore" });
    return disk;
  } catch {
    return undefined;
  }
}

test("a full disk is reported, not a crash; messages wait in memory and reach the disk when there is room", () => {
  const disk = mountSmallDisk();
  if (!disk) return console.log("skipped: mounting a small disk needs root");
  try {
    const reports: OutboxReport[] = [];
    const limits = { ...defaultOutboxLimits, maxMemoryRows: 3 };
    const box = new Outbox(join(disk, "outbox.sqlite"), limits, (report) => reports.push(report));
    assert.is(box.add([entry("before")]).onDisk, true);
    try {
      writeFileSync(join(disk, "hog"), new Uint8Array(2 ** 20));
      assert.unreachable("the disk was to be full");
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, "ENOSPC");
    }
    assert.is(
      box.add([entry("x".repeat(9000), 8), entry("clip", 2, "clip/cut"), entry("shot 2", 8), entry("shot 3", 8)])
        .onDisk,
      false,
    );
    assert.is(reports[0]?.kind, "disk-failed");
    assert.equal(
      texts(box.next(9, none)).map((text) => text.slice(0, 6)),
      ["xxxxxx", "shot 2", "shot 3", "before"],
    );
    assert.equal(box.counters.dropped, { "clip/cut": 1 });
    rmSync(join(disk, "hog"));
    assert.is(box.add([entry("after", 8)]).onDisk, true);
    assert.equal(
      reports.map(({ kind }) => kind),
      ["disk-failed", "dropping", "disk-works"],
    );
    assert.is(box.counters.inMemory, 0);
    box.close();
    const again = new Outbox(join(disk, "outbox.sqlite"), limits, () => {});
    assert.is(again.counters.rows, 5);
    again.close();
  } finally {
    execFileSync("umount", [disk]);
  }
});

test("what a failed disk takes again is known although nothing waits: it all went over the link", () => {
  const disk = mountSmallDisk();
  if (!disk) return console.log("skipped: mounting a small disk needs root");
  try {
    const kinds: string[] = [];
    const box = new Outbox(join(disk, "outbox.sqlite"), defaultOutboxLimits, ({ kind }) => kinds.push(kind));
    assert.throws(() => writeFileSync(join(disk, "hog"), new Uint8Array(2 ** 20)));
    assert.is(box.add([entry("x".repeat(9000))]).onDisk, false);
    for (const row of box.next(9, none)) box.sent(row);
    assert.is(box.counters.rows, 0);
    assert.is(box.sync(), false, "still full");
    rmSync(join(disk, "hog"));
    assert.is(box.sync(), true);
    assert.equal(kinds, ["disk-failed", "disk-works"]);
    box.close();
  } finally {
    execFileSync("umount", [disk]);
  }
});

test("after a burst the outbox goes on writing on a full disk: over a live link its queue and its log find room where they had it", () => {
  const disk = mountSmallDisk("8m");
  if (!disk) return console.log("skipped: mounting a small disk needs root");
  try {
    const reports: OutboxReport[] = [];
    const box = new Outbox(join(disk, "outbox.sqlite"), defaultOutboxLimits, (report) => reports.push(report));
    const arrive = () => {
      for (const row of box.next(999, none)) box.sent(row);
      box.sync();
    };
    // 400 rows of a page and more in one commit: a log longer than the 256 pages at which it is turned over.
    box.add(Array.from({ length: 400 }, (_, n) => entry(`${n} ${"x".repeat(5000)}`)));
    arrive();
    assert.throws(() => writeFileSync(join(disk, "hog"), new Uint8Array(2 ** 24)));
    for (let n = 0; n < 1000; n++) {
      assert.is(box.add([entry(`full ${n}`)]).onDisk, true);
      arrive();
    }
    assert.equal(reports, []);
    box.close();
  } finally {
    execFileSync("umount", [disk]);
  }
});

/** Adds numbered messages for ever and prints each number once `add` has returned. */
const writer = (file: string) => `
  import { Outbox, defaultOutboxLimits } from ${JSON.stringify(new URL("./outbox.ts", import.meta.url).href)};
  import { writeSync } from "node:fs";
  const box = new Outbox(${JSON.stringify(file)}, defaultOutboxLimits, () => {});
  for (let i = 1; ; i++) {
    box.add([{ channel: "shot/heard", topic: "t", retain: false, priority: 8, payload: new TextEncoder().encode(String(i)) }]);
    writeSync(1, i + "\\n");
  }`;

test("kill -9 in the middle of writing: every message that add had taken is there, in order, and the file is sound", async () => {
  const file = join(folder, "outbox.sqlite");
  let last = 0;
  const child: ChildProcess = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", writer(file)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  for await (const line of createInterface({ input: child.stdout! })) {
    last = Number(line);
    if (last === 200) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  assert.is(child.signalCode, "SIGKILL");
  assert.ok(last >= 200);
  const { box, reports } = outbox();
  const found = texts(box.next(1_000_000, none)).map(Number);
  assert.ok(found.length >= last, `${found.length} of ${last}`);
  assert.equal(
    found,
    Array.from({ length: found.length }, (_, i) => i + 1),
  );
  assert.equal(reports, []);
  box.close();
});

test.run();
