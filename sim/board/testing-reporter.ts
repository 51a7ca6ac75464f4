/**
 * Runs on the board, bundled: says many reports through a node's own bus and outbox, and, once the bus has taken one, its id and time on a port to
 * the host. So the host knows what a node may no longer lose, up to the instant of the power cut.
 *   reporter.mjs NODE BROKER SECRET CA_FILE OUTBOX PORT
 */
import { mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { ulid } from "ulid";
import { shotFixed, shotHeard } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import { MqttBus } from "#edge-agent/devices/mqtt-bus.ts";
import { defaultOutboxLimits } from "#edge-agent/devices/outbox.ts";
import { makeShot } from "#gateway/testing.ts";

const [node, url, secret, caFile, outboxFile, port] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const SITE = "board";
/** A round in so many reports is placed: an incident of its own. */
const FIXED_EVERY = 20;

const now = () => utcOfNs(BigInt(Date.now()) * 1_000_000n + BigInt(Math.floor(Math.random() * 1e6)));
const envelope = () => ({ v: 1 as const, id: ulid(), node, at: now() });
const log = pino({ base: { node } }, pino.destination({ dest: 2, sync: true }));
mkdirSync(dirname(outboxFile), { recursive: true });
const said = openSync(port, "w");
/** The same on the same disk, not forced to it: what is missing here shows that a cut took something. */
const careless = openSync(join(dirname(outboxFile), "careless.log"), "a");
const bus = new MqttBus({
  site: SITE,
  node,
  broker: { url, username: node, secret, caFile, keepaliveS: 5 },
  outboxFile,
  outboxLimits: defaultOutboxLimits,
  will: () => ({ ...envelope(), status: "lost", roles: [] }),
  log,
});

function heard() {
  const scores = { gunshot: 0.9, firework: 0.1, vehicle: 0, impact: 0, glass: 0, other: 0 };
  const sigmas = { toaSigmaS: 0.001, onsetSigmaS: 0.001, clockSigmaS: 0.0001 };
  return { ...envelope(), toa: now(), ...sigmas, scores, probability: 0.9, peakDbFs: -20 };
}

/** Each far from the others, so that none is another's round. */
function fixed() {
  const id = ulid();
  const at = now();
  const place = { lat: 40 + Math.random(), lon: -80 + Math.random() };
  return makeShot({ ...envelope(), id, incident: `i${id}`, time: at, at, node, ...place });
}

for (let n = 1; ; n++) {
  const round = n % FIXED_EVERY === 0 ? fixed() : undefined;
  const shot = round ? undefined : heard();
  if (round) await bus.publish(shotFixed, round);
  if (shot) await bus.publish(shotHeard, shot);
  const line = round ? `fixed ${round.id} ${round.time}\n` : `heard ${shot!.id} ${shot!.toa}\n`;
  writeSync(careless, line);
  writeSync(said, line);
  // Some together in one commit of the disk's, some alone.
  if (Math.random() < 0.7) await pause(80 * Math.random());
}
