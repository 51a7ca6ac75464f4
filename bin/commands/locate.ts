/** `tocsin locate`: places shots from arrivals, one JSON a line. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { Fault, whyNoJson, whyUnread } from "#contract/errors.ts";
import { Arrival } from "#contract/shot.ts";
import { Id, nsOfUtc } from "#contract/units.ts";
import { finalLocaliser, type LocaliserOptions } from "#core/localise/localiser.ts";
import type { Shot } from "#core/localise/shot-record.ts";
import { TokenBucket } from "#edge-agent/roles/token-bucket.ts";
import { type Command, printJson, say } from "../command.ts";
import { readSite } from "../site-file.ts";

/** Recorded data bring their own names of nodes and may number their arrivals. */
const ArrivalLine = v.object({
  ...Arrival.entries,
  id: v.union([Id, v.pipe(v.number(), v.transform(String))], "id: must be 1 to 64 of A-Z a-z 0-9 . _ : -"),
  node: Id,
});

/** Arrivals of one node at once, and a second after them: a machine gun's rounds with three echoes each; more is a fault or an attack. */
const NODE_BURST = 600;
const NODE_PER_SECOND = 60;
/** A time so far ahead of all others is believed no further: it would use up what its node may still say. */
const FUTURE_S = 5;
/** Nodes named that said too much. */
const MOST_NAMED = 5;
/** Nodes that are told apart. */
const MOST_NODES = 200_000;

/** Faulty lines told one by one; after that they are only counted. */
const MOST_TOLD = 50;

export const command: Command = {
  summary: "place shots from arrivals, one JSON a line",
  help: `
usage: tocsin locate [--site FILE] [--json] [options] [ARRIVALS]

Reads arrivals in time order, one JSON a line, from ARRIVALS or stdin:
  {"id", "node", "toa", "toaSigmaS", lat?, lon?, altM?, posSigmaM?, airTempC?, probability?, peakDbSpl?, snrDb?,
   bearingDeg? or bearingsDeg?: [a, b], bearingSigmaDeg?, echoProbability?,
   shockWave?: {leadS, sigmaS, bearingDeg?, bearingSigmaDeg?}}
and writes one line per shot, final versions only.

  --site FILE            nodes and air of the site, YAML or JSON; needed where arrivals carry no position
  --json                 one JSON object a line; otherwise one line of text per shot
  --speed auto           the given air temperature is believed unless far more arrivals fit with another speed of sound
  --speed given          the given air temperature is believed
  --speed solve          the speed of sound is solved for in every shot
  --propagation-ms MS    what walls and gusts add to travel times, one sigma (default: the site's, else 0)
  --max-range-m M        how far a shot is heard (default 1200)

How many arrivals are in no shot is told on stderr, and why what may have been one is none. A bad line is told with its number
and skipped; exit 65 only if no line was good. Of a node that says more than ${NODE_BURST} at once and ${NODE_PER_SECOND} a second
after that, the rest is left out and counted.`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        site: { type: "string" },
        json: { type: "boolean", default: false },
        speed: { type: "string", default: "auto" },
        "propagation-ms": { type: "string" },
        "max-range-m": { type: "string" },
      },
    });
    if (positionals.length > 1) throw new Fault("usage", "ARRIVALS: give one file, or none to read stdin");
    const options = optionsOf(values.speed, values["propagation-ms"], values["max-range-m"]);
    const localiser = finalLocaliser(values.site === undefined ? {} : await readSite(values.site, say), options);
    const file = positionals[0];
    const input = file === undefined || file === "-" ? process.stdin : createReadStream(file);
    let lineNumber = 0;
    let good = 0;
    let bad = 0;
    let flood = 0;
    const flooding = new Set<string>();
    let newestS: number | undefined;
    const limits = new Map<string, TokenBucket>();
    const passes = ({ node, toa }: Arrival) => {
      let limit = limits.get(node);
      if (!limit) {
        limit = new TokenBucket(NODE_BURST, NODE_PER_SECOND);
        if (limits.size < MOST_NODES) limits.set(node, limit);
      }
      const toaS = Number(nsOfUtc(toa)) * 1e-9;
      const atS = Math.min(toaS, (newestS ?? toaS) + FUTURE_S);
      newestS = Math.max(newestS ?? atS, atS);
      return limit.take(atS);
    };
    const told = (why: string) => {
      bad++;
      if (bad <= MOST_TOLD) say(`line ${lineNumber}: ${why}; skipped`);
      else if (bad === MOST_TOLD + 1) say("more bad lines follow; they are counted only");
    };
    let placed = 0;
    let unsolved = 0;
    const tellUnsolved = () => {
      for (const { time, nodes, why } of localiser.unsolved()) {
        unsolved++;
        if (unsolved <= MOST_TOLD) say(`unsolved at ${time} (${nodes.join(", ")}): ${why}`);
        else if (unsolved === MOST_TOLD + 1) say("more is unsolved; it is counted only");
      }
    };
    const print = (shots: Shot[], tookMs: number) => {
      for (const shot of shots) {
        placed += shot.arrivals.length;
        shot.solvedMs = Math.round((tookMs / shots.length) * 1000) / 1000;
        if (values.json) printJson(shot);
        else process.stdout.write(`${inWords(shot)}\n`);
      }
    };
    try {
      for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
        lineNumber++;
        if (line.trim() === "") continue;
        const arrival = arrivalOf(line);
        if (typeof arrival === "string") {
          told(arrival);
          continue;
        }
        if (values.site === undefined && [arrival.lat, arrival.lon, arrival.altM].includes(undefined)) {
          told("lat, lon, altM: are missing; give them with the arrival, or --site FILE with the node's place");
          continue;
        }
        if (!passes(arrival)) {
          flood++;
          if (flooding.size < MOST_NAMED) flooding.add(arrival.node);
          continue;
        }
        const startMs = performance.now();
        const { shots, refused } = localiser.push(arrival);
        if (refused !== undefined) {
          told(refused);
          continue;
        }
        good++;
        print(shots, performance.now() - startMs);
        tellUnsolved();
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOENT" || code === "EISDIR" || code === "EACCES")
        throw new Fault("input", `ARRIVALS ${file}: ${whyUnread(error)}`, { cause: error });
      throw error;
    }
    const startMs = performance.now();
    print(localiser.flush(), performance.now() - startMs);
    tellUnsolved();
    if (good > 0 && placed === 0)
      say(
        `no shot: ${good} arrivals of ${limits.size} nodes fit no place better than chance would; look at the nodes' places, their clocks and airTempC`,
      );
    else if (good > placed)
      say(`${good - placed} of ${good} arrivals are in no shot: echoes, other sounds, or unsolved`);
    if (unsolved > MOST_TOLD) say(`${unsolved} times arrivals that may have been a shot were unsolved`);
    if (flood > 0)
      say(
        `${flood} arrivals left out: ${[...flooding].join(", ")} said more than ${NODE_BURST} at once and ${NODE_PER_SECOND} a second`,
      );
    if (bad > 0) say(`${bad} of ${bad + good} lines were bad and skipped`);
    if (good === 0) throw new Fault("input", "no line was a good arrival; see --help for the fields of one");
    return 0;
  },
};

function optionsOf(speed: string, propagationMs: string | undefined, maxRangeM: string | undefined): LocaliserOptions {
  if (speed !== "auto" && speed !== "given" && speed !== "solve")
    throw new Fault("usage", `--speed: must be auto, given or solve, not '${speed}'`);
  const number = (name: string, text: string | undefined, high: number): number | undefined => {
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === "" || !(value >= 0 && value <= high))
      throw new Fault("usage", `${name}: must be 0 to ${high}, not '${text}'`);
    return value;
  };
  const ms = number("--propagation-ms", propagationMs, 100);
  const range = number("--max-range-m", maxRangeM, 10_000);
  return {
    speed,
    ...(ms === undefined ? {} : { propagationSigmaS: ms / 1000 }),
    ...(range === undefined ? {} : { maxRangeM: Math.max(range, 50) }),
  };
}

/** The arrival of a line, or why it is none. */
function arrivalOf(line: string): Arrival | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    return whyNoJson(line, error);
  }
  if (json === null || typeof json !== "object" || Array.isArray(json)) return "must be a JSON object";
  const toa = (json as { toa?: unknown }).toa;
  if (typeof toa === "string" && toa.endsWith("+00:00")) json = { ...json, toa: `${toa.slice(0, -6)}Z` };
  const nullsDropped = Object.fromEntries(Object.entries(json as object).filter(([, value]) => value !== null));
  const result = v.safeParse(ArrivalLine, nullsDropped);
  if (!result.success) return faultsOf(result.issues).join("; ");
  // 30 February is taken for 2 March.
  const day = result.output.toa.slice(0, 10);
  if (new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day) return `toa: there is no such day as ${day}`;
  return result.output as Arrival;
}

function inWords(shot: Shot): string {
  const { semiMajorM, semiMinorM, azimuthDeg } = shot.ellipse95;
  return [
    `${shot.time}  ${shot.lat.toFixed(7)}, ${shot.lon.toFixed(7)}`,
    `95 % within ${semiMajorM.toFixed(1)} x ${semiMinorM.toFixed(1)} m at ${azimuthDeg.toFixed(0)} deg`,
    `${shot.nodesUsed.length} nodes, ${shot.rejected.length} arrivals rejected`,
    `probability ${shot.probability.toFixed(2)}`,
    ...(shot.unverified ? ["unverified"] : []),
    ...(shot.alternatives?.length ? [`${shot.alternatives.length} other place(s) fit`] : []),
    shot.incident,
  ].join("  ");
}
