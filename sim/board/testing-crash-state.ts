/** What a power cut left on a board's disk, read on this machine by the code that would start on it. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pino } from "pino";
import { EncryptedClipStore } from "#edge-agent/devices/clip-store.ts";
import { defaultOutboxLimits, Outbox, type OutboxReport } from "#edge-agent/devices/outbox.ts";
import { parseGatewayConfig } from "#gateway/config.ts";
import { IncidentRecord } from "#gateway/incidents/record.ts";
import { startGateway } from "#gateway/main.ts";
import { execute } from "./board.ts";

/** Id of a report -> its time. */
export type Held = Map<string, string>;

/** Takes all files out of an ext4 image, after what its own journal mends at a mount. @throws where that is not enough. */
export async function filesIn(image: string, folder: string): Promise<string> {
  mkdirSync(folder);
  // 1: mended. More: a person would be asked.
  await execute("e2fsck", ["-p", image]).catch((error: { code?: number; stdout?: string }) => {
    if (error.code !== 1) throw new Error(`e2fsck ended with ${error.code}: ${error.stdout}`);
  });
  await execute("debugfs", ["-R", `rdump / ${folder}`, image], { maxBuffer: 2 ** 26 });
  return folder;
}

/** What a node still has to say. @throws where an agent could not start on it. */
export async function heldByNode(dataDir: string): Promise<Held> {
  const held: Held = new Map();
  const reports: OutboxReport[] = [];
  const outbox = new Outbox(join(dataDir, "outbox.sqlite"), defaultOutboxLimits, (report) => reports.push(report));
  try {
    for (const { payload } of outbox.next(1e6, new Set())) {
      const { id, toa, time } = JSON.parse(Buffer.from(payload).toString()) as {
        id: string;
        toa?: string;
        time?: string;
      };
      held.set(id, (toa ?? time)!);
    }
  } finally {
    outbox.close();
  }
  if (reports.length > 0) throw new Error(`${dataDir}: ${JSON.stringify(reports)}`);
  return held;
}

/** Gets every clip, as the role that listens does for whoever asks. */
export async function readClips(folder: string): Promise<{ clips: number; unreadable: number }> {
  const log = pino({ level: "silent" });
  const store = new EncryptedClipStore({ folder, keepS: 1e9, maxBytes: 2 ** 30, nowS: () => undefined, log });
  try {
    const { clips } = store.counters;
    for (const name of readdirSync(join(folder, "clips"))) await store.get(name.replace(/^\d+-|\.clip$/g, ""));
    return { clips, unreadable: store.counters.clipsUnreadable };
  } finally {
    await store.close();
  }
}

/** Starts a gateway on its folder, lets it say again what it said, ends it. @throws where it does not start, or its records are not whole. */
export async function heldByGateway(dataDir: string, configText: string): Promise<Held> {
  const text = configText
    .replace(/^dataDir:.*$/m, `dataDir: ${dataDir}`)
    .replace(
      /^listen:.*$/m,
      "listen: { mqtt: { port: 0 }, http: { port: 0 } }\nflows: { enabled: false }\nvideo: { enabled: false }",
    );
  const gateway = await startGateway(
    parseGatewayConfig(text, join(dataDir, "gateway.yaml")),
    pino({ level: "silent" }),
  );
  await gateway.close();
  const db = new DatabaseSync(join(dataDir, "incidents.sqlite"), { readOnly: true });
  try {
    const whole = new IncidentRecord(db).verifyAll();
    if (!whole.ok) throw new Error(`the chain is broken: ${JSON.stringify(whole.broken)}`);
    const { quick_check: check } = db.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
    if (check !== "ok") throw new Error(`incidents.sqlite: ${check}`);
    const held: Held = new Map();
    const messages = db.prepare("SELECT message FROM heard UNION ALL SELECT message FROM unlikely").all();
    for (const { message } of messages as { message: string }[]) {
      const { id, toa, time } = JSON.parse(message) as { id: string; toa?: string; time?: string };
      held.set(id, (toa ?? time)!);
    }
    for (const { known } of db.prepare("SELECT known FROM incident").all() as { known: string }[])
      for (const { id, time } of (JSON.parse(known) as { shots: { id: string; time: string }[] }).shots)
        held.set(id, time);
    return held;
  } finally {
    db.close();
  }
}

/** Ids of a plain file that nobody forced to the disk. */
export function carelessIn(file: string): Set<string> {
  return new Set(
    readFileSync(file, "latin1")
      .split("\n")
      .map((line) => line.split(" ")[1] ?? ""),
  );
}
