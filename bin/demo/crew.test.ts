import { once } from "node:events";
import { createServer } from "node:net";
import { Aedes } from "aedes";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { BackupAnswer, BackupUnit } from "#contract/backup.ts";
import { backupCall } from "#contract/backup.ts";
import { topicOf } from "#contract/topics.ts";
import { distanceM } from "#core/handoff/local.ts";
import { Crew } from "./crew.ts";

test("a car that says it is there has driven there and is busy until nobody needs to come any more", async () => {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  const mqttPort = (server.address() as { port: number }).port;
  const answers: string[] = [];
  const said: BackupUnit[] = [];
  let heard = () => {};
  broker.on("publish", ({ topic, payload }) => {
    if (topic.endsWith("backup/unit")) said.push(JSON.parse(payload.toString()) as BackupUnit);
    if (topic.endsWith("backup/answer")) answers.push((JSON.parse(payload.toString()) as BackupAnswer).answer);
    heard();
  });
  const until = (fact: () => boolean) =>
    new Promise<void>((resolve) => {
      heard = () => fact() && resolve();
      heard();
    });
  // 0.005 degrees of latitude: 555 m, three steps of 200 m.
  const place = { lat: 40.005, lon: -80, ellipse95: { semiMajorM: 5, semiMinorM: 5, azimuthDeg: 0 } };
  const crew = await Crew.start({
    mqttPort,
    site: "s",
    name: "car-1",
    secret: "",
    at: { lat: 40, lon: -80 },
    speedMps: 200,
  });
  const call = (over?: string) => {
    const payload = Buffer.from(JSON.stringify({ call: "c1", place, ...(over !== undefined && { over }) }));
    const packet = { topic: topicOf(backupCall, "s", "car-1"), payload, qos: 1, retain: false, dup: false } as const;
    return new Promise<void>((resolve, reject) =>
      broker.publish({ cmd: "publish", ...packet }, (error) => (error ? reject(error) : resolve())),
    );
  };
  try {
    assert.equal([said[0]!.status, said[0]!.lat], ["available", 40]);
    await call();
    await until(() => answers.includes("onScene"));
    assert.equal(answers, ["accepted", "onScene"]);
    const offM = said.map((each) => Math.round(distanceM(each, place) / 10) * 10);
    assert.equal(offM, [560, 360, 160, 0]);
    assert.equal(
      said.map(({ status }) => status),
      ["available", "busy", "busy", "busy"],
    );
    await call("others are there");
    await until(() => said.at(-1)!.status === "available");
    assert.is(Math.round(distanceM(said.at(-1)!, place)), 0, "it stays where it is");
  } finally {
    await crew.close();
    await new Promise<void>((resolve) => broker.close(resolve));
    server.close();
  }
});

test.run();
