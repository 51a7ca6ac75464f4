/** A robot's agent and a gateway as processes of their own: patrol, event, call for backup, a crew's yes, a record whose chain holds. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { hashSecret } from "#gateway/credentials.ts";
import { makeCity } from "#sim/city.ts";
import { Crew } from "./crew.ts";
import { openConsole } from "./ops-client.ts";
import { Processes } from "./processes.ts";
import {
  backupConfig,
  buildRobotFirmware,
  CREW,
  crewAt,
  followRobot,
  ROBOT,
  robotNodes,
  robotRoles,
  startPatrolWorld,
} from "./robot.ts";

/** Half a minute on a quiet machine; with every core taken the emulated chip falls behind and the robot stands still at times. */
const LIMIT_MS = 180_000;

test("the robot finds who fell, the gateway calls the nearest car, the crew says yes, the robot goes and reports; the chain holds", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-robot-"));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })];
  try {
    const firmware = buildRobotFirmware(folder);
    if ("why" in firmware) {
      console.log(`skipped: ${firmware.why}`);
      return;
    }
    const city = makeCity(11, { nodes: 4, density: 0.4, tall: 0 });
    const world = await startPatrolWorld(city, 11, firmware.hexPath);
    undo.push(() => world.close());
    const processes = new Processes(folder);
    undo.push(() => processes.stop());
    const secrets = new Map(robotNodes.map(({ id }) => [id, randomBytes(12).toString("base64url")]));
    const { site } = city.site;
    const gatewayFile = join(folder, "gateway.yaml");
    writeFileSync(
      gatewayFile,
      stringify({
        site,
        dataDir: join(folder, "gateway"),
        listen: { mqtt: { port: 0 }, http: { port: 0 } },
        nodes: await Promise.all(
          robotNodes.map(async (node) => ({ ...node, secretHash: await hashSecret(secrets.get(node.id)!, 10) })),
        ),
        users: [{ name: "ann", roles: ["dispatch", "pilot"], passwordHash: await hashSecret("a password", 10) }],
        flows: { enabled: false },
        backup: backupConfig,
      }),
    );
    const gateway = processes.start("gateway", ["gateway", "--config", gatewayFile, "--json"]);
    const ports = await gateway.line<{ mqtt: number; http: number }>(({ type }) => type === "listening");
    const agentFile = join(folder, "r1.yaml");
    writeFileSync(
      agentFile,
      stringify({
        site,
        node: ROBOT,
        broker: { url: `mqtt://127.0.0.1:${ports.mqtt}`, secret: secrets.get(ROBOT) },
        dataDir: join(folder, ROBOT),
        clock: { source: "system" },
        roles: robotRoles(world),
      }),
    );
    const crew = await Crew.start({
      mqttPort: ports.mqtt,
      site,
      name: CREW,
      secret: secrets.get(CREW)!,
      at: crewAt(city),
      speedMps: 200,
    });
    undo.push(() => crew.close());
    const agent = processes.start(ROBOT, ["agent", "--config", agentFile, "--json"]);
    await agent.line(({ type }) => type === "ready");
    const ops = await openConsole(`http://127.0.0.1:${ports.http}`, "ann", "a password");
    undo.push(() => ops.close());

    const { fault, incident, ...summary } = await followRobot(ops, world, city, LIMIT_MS);
    console.log(JSON.stringify(summary));
    assert.is(fault, undefined);
    for (const [fact, is] of Object.entries(summary)) assert.is.not(is, false, fact);
    assert.ok(summary.poseErrorM <= summary.poseBoundM + 0.5, `${summary.poseErrorM} m of ${summary.poseBoundM} m`);
    assert.is(crew.calls.filter(({ over }) => over === undefined).length, 1);
    const { timeline, chain } = await ops.detail(incident!);
    assert.ok(chain.ok);
    const { text, data } = timeline[0]!;
    assert.not.match(text, /rules/, "the revision of the rules is a fact for machines");
    assert.match(JSON.stringify(data), /"ruleRevision":"street-1"/);
    const record = timeline.map(({ kind, by }) => `${kind} ${by}`);
    for (const entry of [`opened ${ROBOT}`, `backup ${ROBOT}`, `backup ${CREW}`, "backup ann"])
      assert.ok(record.includes(entry), `${entry} in ${record.join(", ")}`);
  } finally {
    for (const each of undo.reverse()) await each();
  }
});

test.run();
