/** From a shot on the bus to a drone over it and home again: gateway, agent, mavsdk_server and MAVLink, all real; vehicle and dock pretended. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { controlState } from "#contract/control.ts";
import { flightState } from "#contract/flight.ts";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { filterOf } from "#contract/topics.ts";
import { movedBy } from "#core/handoff/local.ts";
import { Rig, serverThere } from "#edge-agent/roles/fly/testing.ts";
import { dockAt } from "#edge-agent/roles/fly/testing-config.ts";
import { startGateway } from "../main.ts";
import {
  joinBroker,
  makeConfig,
  makeFolder,
  makeLog,
  makeShot,
  PASSWORD,
  publishShot,
  SITE,
  secretOf,
  until,
} from "../testing.ts";

const dispatch = suite("dispatch with a real drone");
const at = (eastM: number, northM: number) => movedBy(dockAt, { eastM, northM });
const fence = [at(-300, -300), at(300, -300), at(300, 300), at(-300, 300)];

/** One city for all: each test begins with its drone in the dock. */
async function makeCity(policy: string): Promise<World> {
  const { folder, remove } = makeFolder();
  const dispatchYaml = `flows: { enabled: false }\ndispatch: ${JSON.stringify({ drones: [{ id: "d1", laneHeightM: 20 }], onSceneS: 5, fence: { keepIn: fence } }).slice(0, -1)}, "policy": ${policy} }`;
  const config = await makeConfig(folder, dispatchYaml);
  const gateway = await startGateway(config, makeLog().log);
  const { port } = { port: gateway.ports.mqtt };
  const rig = new Rig({ gateway: { port, site: SITE, node: "d1", secret: secretOf("d1") }, flight: { onSceneS: 40 } });
  const pilot = await joinBroker(port, "pam", { password: PASSWORD });
  pilot.on("message", (topic, payload) => rig.hear(topic, payload));
  await pilot.subscribeAsync([filterOf(flightState, SITE), filterOf(controlState, SITE)]);
  const base = `http://127.0.0.1:${gateway.ports.http}`;
  const cookies = new Map<string, string>();
  const call = async (user: string, path: string, body?: unknown) => {
    if (!cookies.has(user)) {
      const answer = await fetch(`${base}/api/session`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user, password: PASSWORD }),
      });
      cookies.set(user, (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "");
    }
    const answer = await fetch(base + path, {
      headers: { cookie: cookies.get(user)!, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const tri = await joinBroker(port, "tri");
  const fire = (incident: string, over: Parameters<typeof makeShot>[0] = {}) =>
    publishShot(tri, makeShot({ id: `${incident}-s1`, incident, ...at(45, 10), ...over }));
  const close = async () => {
    await pilot.endAsync();
    await tri.endAsync();
    await rig.stop();
    await gateway.close();
    remove();
  };
  try {
    await rig.start();
    await rig.available();
    return { rig, call, fire, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface World {
  rig: Rig;
  call: (user: string, path: string, body?: unknown) => Promise<{ status: number; body: Record<string, unknown> }>;
  fire: (incident: string, over?: Parameters<typeof makeShot>[0]) => Promise<unknown>;
  close: () => Promise<void>;
}

let world: World;

if (!serverThere) console.log("skipped: no mavsdk_server; run: npm run setup");
else {
  dispatch.before(async () => {
    world = await makeCity('{ "automatic": {} }');
  });
  dispatch.after(() => world?.close());

  dispatch(
    "a shot at 97 % sends the drone by itself, a pilot takes it and gives it back, and the record tells all",
    async () => {
      const { rig, call, fire } = world;
      await fire("i1");
      await rig.phase("onScene");
      const { epoch } = rig.control!;
      const picture = () => ({ epoch: rig.control!.epoch, seenTickMs: rig.control!.tickMs });
      assert.is((await call("ann", "/api/drones/d1/takeover", { epoch })).status, 403);
      assert.is((await call("pam", "/api/drones/d1/takeover", { epoch: epoch - 1 })).status, 409);
      const accepted = async (user: string, path: string, body: unknown) => {
        const answer = await call(user, path, body);
        assert.is(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
      };
      await accepted("pam", "/api/drones/d1/takeover", picture());
      await rig.phase("piloted");
      // The two reports come on channels of their own: the new epoch may be told after the new phase.
      await rig.until("pam's screen shows the new epoch", () => rig.control?.holder.kind === "remote");
      const to = { ...at(20, 30), heightM: 22 };
      await accepted("pam", "/api/drones/d1/goto", { ...picture(), to });
      const beyond = await call("pam", "/api/drones/d1/goto", { ...picture(), to: { ...at(900, 0), heightM: 22 } });
      assert.is(beyond.status, 409);
      assert.match(String(beyond.body.error), /outside the geofence/);
      await accepted("pam", "/api/drones/d1/release", picture());
      await rig.phase("onScene");
      await accepted("ann", "/api/drones/d1/return", {});
      await rig.home();

      const detail = (await call("ann", "/api/incidents/i1")).body as unknown as IncidentDetail;
      const flight = detail.timeline.filter(({ kind }) => kind === "flight");
      const hops = flight.flatMap(({ data }) =>
        (data as { hop?: string }).hop ? [data as { hop: string; at: string }] : [],
      );
      for (const hop of [
        "received",
        "authorised",
        "opening",
        "arm",
        "climbing",
        "onScene",
        "piloted",
        "returning",
        "closing",
        "charging",
      ]) {
        assert.is(hops.filter((one) => one.hop === hop).length > 0, true, `no ${hop} on the record`);
      }
      assert.ok(
        flight.some(({ text }) => /pam has control/.test(text)),
        "the change of hands is on the record",
      );
      assert.ok(
        flight.some(({ by, text }) => by === "pam" && /^pam takes over \(\S+\): refused, /.test(text)),
        "the refused takeover is on the record",
      );
      assert.is(detail.chain.ok, true);
      const ms = (hop: string) => Date.parse(hops.find((one) => one.hop === hop)!.at);
      const alertedMs = Date.parse(detail.incident.alertedAt);
      const doorMs = ms("arming") - ms("opening");
      console.log(`alert to arm ${ms("arm") - alertedMs} ms, of it door ${doorMs} ms`);
      assert.ok(ms("arm") >= alertedMs);
    },
  );

  dispatch("an unverified fix waits for a person; dismissed, the drone goes back without having flown", async () => {
    const { rig, call, fire } = world;
    await rig.available();
    const flown = rig.vehicle.truth.armings;
    await fire("i2", { unverified: true, ...at(-60, 120) });
    await rig.phase("asked");
    const detail = (await call("ann", "/api/incidents/i2")).body as unknown as IncidentDetail;
    const verdict = { status: "dismissed", reason: "firework", version: detail.incident.version };
    assert.is((await call("ann", "/api/incidents/i2/verdict", verdict)).status, 200);
    await rig.phase("docked");
    assert.is(rig.vehicle.truth.armings, flown);

    await fire("i3", { unverified: true, ...at(-100, 150) });
    await rig.phase("asked");
    const sent = await call("ann", "/api/incidents/i3/flight", { why: "two callers confirm" });
    assert.is(sent.status, 200, JSON.stringify(sent.body));
    await rig.phase("climbing");
    await until("the record names who authorised it", async () => {
      const { timeline } = (await call("ann", "/api/incidents/i3")).body as unknown as IncidentDetail;
      return timeline.some(({ kind, by, text }) => kind === "flight" && by === "ann" && /authorise/.test(text));
    });
    assert.is(rig.state!.authorisation!.by, "ann");
    assert.is((await call("ann", "/api/drones/d1/stop", {})).status, 200);
    await rig.phase("landing");
  });
}

dispatch.run();
