/**
 * Whether the host's clock is disciplined, and how well, from whoever disciplines it:
 * chrony (`chronyc -c tracking`), else the kernel's own state (adjtimex(2): the tool of that name, or Perl, which every Debian has), else
 * systemd's yes or no.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const exec = promisify(execFile);

export interface HostSync {
  synchronised: boolean;
  /** One sigma; undefined where nobody says. */
  sigmaS?: number;
  /** What it may have wandered besides, since it was corrected last. */
  wanderS?: number;
  /** How long ago it was corrected last, by the monotonic clock. */
  correctedAgoS?: number;
  /** Changes whenever whoever disciplines the clock has measured it anew. */
  measurement?: string;
  /** By how much it found the clock ahead then, seconds, where it has put it right by a step and not by slewing. */
  steppedBackS?: number;
  /** Who said so; undefined where nobody did. */
  by?: "chrony" | "kernel" | "systemd";
  /** In words, or why nobody did. */
  from: string;
}

export type RunProgram = (program: string, args: readonly string[]) => Promise<string>;

const runProgram: RunProgram = async (program, args) => {
  const { stdout } = await exec(program, args, { timeout: 2000, env: { ...process.env, LC_ALL: "C" } });
  return stdout;
};

/** adjtimex(2) has a number of its own on each architecture: that of Perl is that of Node beside it. */
const ADJTIMEX: Partial<Record<NodeJS.Architecture, number>> = {
  x64: 159,
  arm64: 171,
  riscv64: 171,
  loong64: 171,
  arm: 124,
  ia32: 124,
  ppc64: 124,
  s390x: 124,
};

/**
 * Says what the kernel says, in the words of `adjtimex --print`. A mode of 0 asks and sets nothing, which takes no right (adjtimex(2)).
 * `struct timex` begins with the mode and four long integers: offset, frequency, the largest error and the estimated one; then the status.
 */
const ASK_KERNEL = `
  my $timex = pack("x512");
  syscall($ARGV[0] + 0, $timex) >= 0 or die "adjtimex: $!\n";
  my (undef, undef, undef, $most, $estimated, $status) = unpack("I x![l!] l!4 i", $timex);
  print "status: $status\nmaxerror: $most\nesterror: $estimated\n";
`;

const ASKED = [
  ["chronyc", ["-c", "tracking"], parseChrony],
  ["adjtimex", ["--print"], parseAdjtimex],
  ["perl", ["-e", ASK_KERNEL, String(ADJTIMEX[process.arch] ?? -1)], parseAdjtimex],
  ["timedatectl", ["show", "--property=NTPSynchronized"], parseTimedatectl],
] as const;
/** All are asked anew after so many answers of one: chrony may have been installed since, and says more than the kernel. */
const ANEW_AFTER = 60;

/** Asks each in turn; never rejects. Unsynchronised where nobody answers. */
export const readHostSync = (run: RunProgram = runProgram): Promise<HostSync> => hostSyncReader(run)();

/**
 * As `readHostSync`, for whoever asks often: who found the clock synchronised is asked alone, until they do no more.
 * Only where whoever comes before is not installed: a chrony that fails once is asked again the next time.
 */
export function hostSyncReader(run: RunProgram = runProgram): () => Promise<HostSync> {
  let alone: (typeof ASKED)[number] | undefined;
  let answers = 0;
  return async () => {
    if (alone && answers < ANEW_AFTER) {
      const { sync } = await firstOf([alone], run);
      answers++;
      if (sync?.synchronised) return sync;
    }
    const { sync, by, areOthersMissing, reasons } = await firstOf(ASKED, run);
    alone = sync?.synchronised && areOthersMissing ? by : undefined;
    answers = 1;
    return sync ?? { synchronised: false, from: reasons.join("; ") };
  };
}

interface Answer {
  sync?: HostSync;
  by?: (typeof ASKED)[number];
  /** Those before are not installed. */
  areOthersMissing: boolean;
  /** Why those before said nothing. */
  reasons: string[];
}

async function firstOf(asked: readonly (typeof ASKED)[number][], run: RunProgram): Promise<Answer> {
  const reasons: string[] = [];
  let areOthersMissing = true;
  for (const by of asked) {
    const [program, args, parse] = by;
    try {
      const sync = parse(await run(program, args));
      if (sync) return { sync, by, areOthersMissing, reasons };
      areOthersMissing = false;
      reasons.push(`${program} says nothing of use`);
    } catch (error) {
      const { code, message, stderr, stdout } = error as NodeJS.ErrnoException & { stderr?: string; stdout?: string };
      areOthersMissing &&= code === "ENOENT";
      // The daemon's own words stand on either.
      const words = (stderr || stdout || message).trim().split("\n")[0];
      reasons.push(`${program}: ${code === "ENOENT" ? "is not installed" : words}`);
    }
  }
  return { areOthersMissing, reasons };
}

/**
 * Fields of `chronyc -c tracking` (chronyc(1)): 0 reference, 1 name, 2 stratum, 3 reference time, 4 system time offset, 5 last offset,
 * 6 RMS offset, 7 frequency, 8 residual, 9 skew, 10 root delay, 11 root dispersion, 12 update interval, 13 leap status.
 * The error is bounded by offset + dispersion + delay / 2; a third of that bound is taken for one sigma, the measured RMS offset at least.
 */
export function parseChrony(text: string): HostSync | undefined {
  const fields = text.trim().split(",");
  if (fields.length < 14) return undefined;
  const lastOffsetS = Number(fields[5]);
  const [offsetS, rmsS, delayS, dispersionS] = [4, 6, 10, 11].map((i) => Math.abs(Number(fields[i]))) as [
    number,
    number,
    number,
    number,
  ];
  const synchronised = fields[13] !== "Not synchronised" && Number(fields[2]) > 0 && fields[0] !== "7F7F0101";
  if (!synchronised || !Number.isFinite(offsetS + rmsS + delayS + dispersionS))
    return { synchronised: false, by: "chrony", from: "chrony: not synchronised" };
  return {
    synchronised,
    sigmaS: Math.max(rmsS, (offsetS + dispersionS + delayS / 2) / 3),
    by: "chrony",
    from: `chrony: ${fields[1]}`,
    measurement: fields[3]!,
    ...(Math.abs(lastOffsetS) > 10 * offsetS && { steppedBackS: lastOffsetS }),
  };
}

/** By how much the kernel widens `maxerror` each second since somebody corrected the clock (NTP_ADJTIME(3)). */
const MAXERROR_GROWS = 500e-6;
/** What a board's crystal, corrected for its usual rate, wanders with the temperature. */
const WANDERS = 1e-5;

/**
 * `status` carries STA_UNSYNC (0x40); `esterror` is the estimate, in microseconds, of whoever corrects the clock. Not everybody gives one:
 * systemd-timesyncd and phc2sys leave 0, which is no figure.
 */
export function parseAdjtimex(text: string): HostSync | undefined {
  const value = (name: string) => {
    const match = new RegExp(`\\b${name}:\\s*(-?\\d+)`).exec(text);
    return match ? Number(match[1]) : undefined;
  };
  const [status, errorUs, mostUs] = [value("status"), value("esterror"), value("maxerror")];
  if (status === undefined || errorUs === undefined) return undefined;
  if (status & 0x40) return { synchronised: false, by: "kernel", from: "kernel: not synchronised" };
  const correctedAgoS = mostUs === undefined ? undefined : mostUs / 1e6 / MAXERROR_GROWS;
  return {
    synchronised: true,
    ...(errorUs > 0 && { sigmaS: errorUs / 1e6 }),
    ...(correctedAgoS !== undefined && { correctedAgoS, wanderS: correctedAgoS * WANDERS }),
    by: "kernel",
    from: "kernel",
  };
}

/** A yes without a figure: what timesyncd reaches against internet servers is assumed, 20 ms. */
export function parseTimedatectl(text: string): HostSync | undefined {
  const match = /NTPSynchronized=(yes|no)/.exec(text);
  if (!match) return undefined;
  return match[1] === "yes"
    ? { synchronised: true, sigmaS: 0.02, by: "systemd", from: "timedatectl" }
    : { synchronised: false, by: "systemd", from: "timedatectl: not synchronised" };
}
