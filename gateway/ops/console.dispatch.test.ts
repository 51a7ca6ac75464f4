/** From the console's keys to a drone in the air: gateway, agent, mavsdk_server and MAVLink real; vehicle and dock pretended. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { controlState } from "#contract/control.ts";
import { flightState } from "#contract/flight.ts";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { filterOf } from "#contract/topics.ts";
import { movedBy } from "#core/handoff/local.ts";
import { Rig, serverThere } from "#edge-agent/roles/fly/testing.ts";
import { dockAt } from "#edge-agent/roles/fly/testing-config.ts";
import { startGateway } from "#gateway/main.ts";
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
} from "#gateway/testing.ts";
import { chromiumPath, launchBrowser } from "./fixtures/browser.ts";

const real = suite("console and a real drone");
const at = (eastM: number, northM: number) => movedBy(dockAt, { eastM, northM });
const fence = [at(-300, -300), at(300, -300), at(300, 300), at(-300, 300)];
const dispatch = { drones: [{ id: "d1", laneHeightM: 20 }], onSceneS: 30, fence: { keepIn: fence }, policy: {} };

real(
  "a pilot authorises with A and 1, takes over with P and 1, gives back with G, and calls it home with B",
  async () => {
    const { folder, remove } = makeFolder();
    const config = await makeConfig(folder, `flows: { enabled: false }\ndispatch: ${JSON.stringify(dispatch)}`);
    const gateway = await startGateway(config, makeLog().log);
    const port = gateway.ports.mqtt;
    const rig = new Rig({
      gateway: { port, site: SITE, node: "d1", secret: secretOf("d1") },
      flight: { onSceneS: 40 },
    });
    const ear = await joinBroker(port, "pam", { password: PASSWORD });
    ear.on("message", (topic, payload) => rig.hear(topic, payload));
    await ear.subscribeAsync([filterOf(flightState, SITE), filterOf(controlState, SITE)]);
    const tri = await joinBroker(port, "tri");
    const browser = await launchBrowser();
    try {
      await rig.start();
      await rig.available();
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      page.setDefaultTimeout(30_000);
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      await page.goto(`http://127.0.0.1:${gateway.ports.http}/`);
      await page.getByLabel("Name").fill("pam");
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByRole("button", { name: "Sign in" }).click();
      await publishShot(tri, makeShot({ id: "i1-s1", incident: "i1", ...at(45, 10) }));

      const phase = (words: string) => page.locator(".drone-phase", { hasText: words }).waitFor();
      const control = (words: string) => page.locator(".control", { hasText: words }).waitFor();
      await phase("Waits for authorisation");
      await page.keyboard.press("a");
      await page.getByText(/^Authorise d1: it opens its dock, takes off and flies 20 m above ground/).waitFor();
      await page.keyboard.press("1");
      await phase("On scene");
      await page.getByText(/^Preflight: all \d+ checks passed$/).waitFor();
      await page.keyboard.press("p");
      await page.keyboard.press("1");
      await control("You have control");
      await phase("Flown by a pilot");
      await page.keyboard.press("g");
      await control("Autonomy has control");
      await phase("On scene");
      await page.keyboard.press("b");
      await phase("Comes home");
      await page.locator(".entry.is-flight", { hasText: "comes home" }).waitFor({ state: "attached" });
      await rig.home();
      await page.getByText("No drone is out for this incident.").waitFor();

      const detail = (await page.evaluate(async () => (await fetch("/api/incidents/i1")).json())) as IncidentDetail;
      const acts = detail.timeline.filter(({ kind, by }) => kind === "flight" && by === "pam").map(({ text }) => text);
      for (const act of ["authorises the flight", "takes over", "gives control back", "orders it home"])
        assert.ok(
          acts.some((text) => text.startsWith(`pam ${act} (d1): `)),
          `no '${act}' of pam's on the record: ${acts.join(" | ")}`,
        );
      assert.equal(
        acts.filter((text) => /refused/.test(text)),
        [],
      );
      assert.is(detail.chain.ok, true);
      assert.equal(faults, []);
    } finally {
      await browser.close();
      await ear.endAsync();
      await tri.endAsync();
      await rig.stop();
      await gateway.close();
      remove();
    }
  },
);

if (chromiumPath() === undefined || !serverThere) {
  process.stdout.write("console.dispatch.test: skipped, it needs Chromium and mavsdk_server (npm run setup)\n");
} else real.run();
