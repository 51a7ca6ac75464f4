import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { keepingLog, until } from "./bus-suite.ts";
import {
  type HostSync,
  hostSyncReader,
  parseAdjtimex,
  parseChrony,
  parseTimedatectl,
  readHostSync,
} from "./host-sync.ts";
import { type NodeTime, openTime } from "./node-time.ts";

// `chronyc -c tracking` of chrony 4.3: first locked to a server, then just started.
const locked =
  "C0248F97,ntp.example,2,1795000000.123,0.000012,-0.000020,0.000450,12.3,0.001,0.05,0.012000,0.000900,64.2,Normal\n";
const started =
  "00000000,,0,0.000000,0.000000,0.000000,0.000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised\n";

test("chrony: a third of offset + dispersion + half the delay, 2.304 ms here", () => {
  const sync = parseChrony(locked)!;
  assert.is(sync.synchronised, true);
  assert.ok(Math.abs(sync.sigmaS! - (0.000012 + 0.0009 + 0.006) / 3) < 1e-12);
  assert.is(parseChrony(started)!.synchronised, false);
  assert.is(parseChrony("506 Cannot talk to daemon"), undefined);
});

test("the kernel: STA_UNSYNC (64) is no time, else its own estimate", () => {
  assert.equal(parseAdjtimex("   status: 8257\n esterror: 150\n"), {
    synchronised: false,
    by: "kernel",
    from: "kernel: not synchronised",
  });
  assert.equal(parseAdjtimex("   status: 8193\n esterror: 150\n"), {
    synchronised: true,
    sigmaS: 150e-6,
    by: "kernel",
    from: "kernel",
  });
  assert.is(parseAdjtimex("nonsense"), undefined);
});

test("the kernel without a figure of whoever corrects it gives none; what it may have wandered since grows with its maxerror", () => {
  // 1 s of maxerror is 2000 s at the 500 ppm by which the kernel widens it.
  const sync = parseAdjtimex("   status: 8193\n maxerror: 1000000\n esterror: 0\n")!;
  assert.is(sync.sigmaS, undefined);
  assert.is(sync.correctedAgoS, 2000);
  assert.ok(Math.abs(sync.wanderS! - 0.02) < 1e-12);
});

test("systemd says yes without a figure: 20 ms is assumed", () => {
  assert.equal(parseTimedatectl("NTPSynchronized=yes\n"), {
    synchronised: true,
    sigmaS: 0.02,
    by: "systemd",
    from: "timedatectl",
  });
  assert.is(parseTimedatectl("NTPSynchronized=no")?.synchronised, false);
});

test("who is not installed is passed over; where nobody answers, there is no time and the reasons are told", async () => {
  const missing = Object.assign(new Error("spawn ENOENT"), { code: "ENOENT" });
  const sync = await readHostSync(async (program) => {
    if (program !== "timedatectl") throw missing;
    return "NTPSynchronized=yes";
  });
  assert.is(sync.from, "timedatectl");
  const none = await readHostSync(async () => {
    throw missing;
  });
  assert.is(none.synchronised, false);
  assert.match(
    none.from,
    "chronyc: is not installed; adjtimex: is not installed; perl: is not installed; timedatectl: is not installed",
  );
});

test("who answered is asked alone from then on: three programs at first, then one; all anew once that one fails, and after 60 answers", async () => {
  const asked: string[] = [];
  let here = ["perl", "timedatectl"];
  const read = hostSyncReader(async (program) => {
    asked.push(program);
    if (!here.includes(program)) throw Object.assign(new Error("spawn ENOENT"), { code: "ENOENT" });
    return program === "perl" ? "status: 1\nmaxerror: 1\nesterror: 7\n" : "NTPSynchronized=yes";
  });
  const askedIn = async (reads: number) => {
    asked.length = 0;
    for (let k = 0; k < reads; k++) await read();
    return asked.join(" ");
  };
  assert.is(await askedIn(2), "chronyc adjtimex perl perl");
  here = ["timedatectl"];
  assert.is(await askedIn(1), "perl chronyc adjtimex perl timedatectl");
  assert.is(await askedIn(59), Array(59).fill("timedatectl").join(" "));
  assert.is(await askedIn(1), "chronyc adjtimex perl timedatectl");
});

test("a chrony that fails once is asked again the next time, and the kernel meanwhile", async () => {
  let isIll = false;
  const read = hostSyncReader(async (program) => {
    if (program === "chronyc" && !isIll) return locked;
    if (program === "adjtimex") return "status: 1\nmaxerror: 1\nesterror: 7\n";
    throw new Error("506 Cannot talk to daemon");
  });
  const by: unknown[] = [];
  for (isIll of [false, false, true, false, false]) by.push((await read()).by);
  assert.equal(by, ["chrony", "chrony", "kernel", "chrony", "chrony"]);
});

test("without the tool the kernel is asked by Perl: this machine's own status and both errors, as the kernel has them", async () => {
  if (!existsSync("/usr/bin/perl")) return console.log("skipped: no perl here");
  const asked: string[] = [];
  const sync = await readHostSync(async (program, args) => {
    asked.push(program);
    if (program !== "perl") throw Object.assign(new Error("spawn ENOENT"), { code: "ENOENT" });
    const said = execFileSync(program, [...args], { encoding: "utf8" });
    assert.match(said, /^status: \d+\nmaxerror: \d+\nesterror: \d+\n$/);
    const [status, most] = said.match(/\d+/g)!.map(Number);
    // NTP_PHASE_LIMIT: the kernel lets no error grow beyond 16 s; of the status 16 bits are in use.
    assert.ok(most! <= 16_000_000 && status! < 2 ** 16, said);
    return said;
  });
  assert.is(sync.by, "kernel");
  assert.equal(asked, ["chronyc", "adjtimex", "perl"]);
});

test("a clock that is trusted by configuration has the sigma that it gives; one by NTP has no time before it is known to be good", () => {
  const stop = new AbortController();
  const lines: string[] = [];
  const trusted = openTime({ source: "system", sigmaS: 0.25 }, keepingLog(lines), stop.signal);
  assert.equal(trusted.now()!.clock, { source: "system", synchronised: true, sigmaS: 0.25 });
  assert.ok(Math.abs(Number(trusted.now()!.utcNs) / 1e6 - Date.now()) < 50);
  const ntp = openTime({ source: "ntp" }, keepingLog(lines), stop.signal);
  assert.is(ntp.now(), undefined);
  assert.is(ntp.ofMonotonicNs(process.hrtime.bigint()), undefined);
  stop.abort();
});

/** A host whose wall clock can be stepped, disciplined by somebody whose words a test gives. */
function pretend(sync: HostSync) {
  const host = {
    aheadMs: 0,
    sync,
    glanceMs: 5,
    clocks: {
      wallMs: () => Math.floor(Number(process.hrtime.bigint()) / 1e6 + host.aheadMs),
      monotonicNs: () => process.hrtime.bigint(),
    },
    readSync: async () => host.sync,
  };
  return host;
}

/** By how much UTC is ahead of the monotonic clock, at one and the same instant of it. */
const aheadS = (time: NodeTime) => Number(time.ofMonotonicNs(10n ** 12n)!.utcNs - 10n ** 12n) / 1e9;

test("a step of 2.5 s is followed at once, counted, and widens the sigma by itself until the clock was measured anew", async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  const host = pretend({ synchronised: true, sigmaS: 3e-4, from: "chrony: a", measurement: "1795000000.1" });
  const time = openTime({ source: "ntp" }, keepingLog(lines), stop.signal, host);
  try {
    await until("the clock to be known", () => time.now() !== undefined);
    const sigmaS = () => time.now()!.clock.sigmaS;
    assert.is(sigmaS(), 1e-3);
    host.aheadMs = 2500;
    await until("the step to be seen", () => time.steps === 1);
    assert.ok(Math.abs(sigmaS() - 2.5) < 0.01, `${sigmaS()}`);
    assert.ok(Math.abs(aheadS(time) - 2.5) < 0.01, `${aheadS(time)}`);
    host.sync = { ...host.sync, measurement: "1795000064.2" };
    host.aheadMs = 2400;
    await until("chrony's correction to be seen", () => time.steps === 2);
    await until("the doubt to be over", () => sigmaS() === 1e-3);
    assert.match(lines.join("\n"), "the host's clock was stepped");
  } finally {
    stop.abort();
  }
});

test("by the kernel a doubt ends with the next correction; of a host that says nothing 20 ms are assumed", async () => {
  const stop = new AbortController();
  const host = pretend({ synchronised: true, from: "kernel", correctedAgoS: 100, wanderS: 1e-3 });
  const time = openTime({ source: "ntp" }, keepingLog([]), stop.signal, host);
  try {
    await until("the clock to be known", () => time.now() !== undefined);
    const sigmaS = () => time.now()!.clock.sigmaS;
    assert.ok(Math.abs(sigmaS() - Math.hypot(0.02, 1e-3)) < 1e-9, `${sigmaS()}`);
    host.aheadMs = -3000;
    await until("the step to be seen", () => time.steps === 1);
    assert.ok(Math.abs(sigmaS() - 3) < 0.01, `${sigmaS()}`);
    host.sync = { synchronised: true, from: "kernel", correctedAgoS: 0, wanderS: 0 };
    host.aheadMs = 0;
    await until("the doubt to be over", () => sigmaS() === 0.02);
  } finally {
    stop.abort();
  }
});

const timesyncd: HostSync = { synchronised: true, sigmaS: 0.02, by: "systemd", from: "timedatectl" };

test("a board boots without time and timesyncd steps it by 3 hours: it is as good as any at once, even if stepped while it is asked", async () => {
  for (const isAskedBefore of [true, false]) {
    const stop = new AbortController();
    const host = pretend({ synchronised: false, by: "systemd", from: "timedatectl: not synchronised" });
    let asked = 0;
    host.readSync = async () => {
      asked += 1;
      if (isAskedBefore) return host.sync;
      host.aheadMs = 10_800_000;
      return timesyncd;
    };
    const time = openTime({ source: "ntp" }, keepingLog([]), stop.signal, host);
    try {
      await until("the host to have been asked", () => asked > 0);
      if (isAskedBefore) {
        assert.is(time.now(), undefined);
        host.sync = timesyncd;
        host.aheadMs = 10_800_000;
      }
      await until("the step to be seen", () => time.steps === 1);
      await until("the clock to be known", () => time.now() !== undefined);
      assert.is(time.now()!.clock.sigmaS, 0.02);
      assert.ok(Math.abs(aheadS(time) - 10_800) < 0.01, `${aheadS(time)}`);
    } finally {
      stop.abort();
    }
  }
});

test("what chrony measured in the seconds before a step that nobody had asked of yet ends no doubt; what it measures next does", async () => {
  const stop = new AbortController();
  const host = pretend(parseChrony(locked)!);
  let asked = 0;
  host.readSync = async () => {
    asked += 1;
    return host.sync;
  };
  const time = openTime({ source: "ntp" }, keepingLog([]), stop.signal, host);
  try {
    await until("the clock to be known", () => time.now() !== undefined);
    const good = time.now()!.clock.sigmaS;
    host.sync = { ...host.sync, measurement: "1795000064.2" };
    host.aheadMs = 2500;
    await until("the host to be asked of the step", () => time.steps === 1 && asked === 2);
    assert.ok(Math.abs(time.now()!.clock.sigmaS - 2.5) < 0.01, `${time.now()!.clock.sigmaS}`);
    host.sync = { ...host.sync, measurement: "1795000128.3" };
    host.aheadMs = 0;
    await until("chrony's correction to be seen", () => time.steps === 2 && asked === 3);
    assert.is(time.now()!.clock.sigmaS, good);
  } finally {
    stop.abort();
  }
});

test.run();
