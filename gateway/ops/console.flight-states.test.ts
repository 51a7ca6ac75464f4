/** The drone in the console, in a real browser: what it says when something was refused, is old, or is missing. */
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { CENTRE } from "./fixtures/city.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { type DroneOptions, ScriptedDrone } from "./fixtures/drone.ts";
import { burst, onPage } from "./fixtures/page.ts";
import { passedChecks } from "./fixtures/preflight-checks.ts";
import { offset } from "./geometry.ts";

const desks = consoleSuite("console flight states", { map: false });

const [lon, lat] = offset(CENTRE.lat, CENTRE.lon, -330, 250);
const drone = (options: Partial<DroneOptions> = {}) =>
  new ScriptedDrone({ id: "d1", dock: { lat, lon }, incident: burst(), ...options });
const roles = ["pilot"] as const;
const orders = (page: Page) => page.locator("#section-flight .orders");
const phase = (page: Page, words: string) => page.locator(".drone-phase", { hasText: words }).waitFor();

desks("what the drone refuses is said in its own words", async ({ browser, folder }) => {
  const d1 = drone({ phase: "onScene", progress: 1.3 });
  await onPage(browser, folder, { drones: [d1], roles: ["dispatch"] }, async (page) => {
    await phase(page, "On scene");
    d1.order("land", "maria", {});
    await page.locator(".control", { hasText: "landing called by maria" }).waitFor();
    await page.keyboard.press("b");
    await orders(page)
      .locator(".said.has-failed", { hasText: "Not done, return. d1: maria has called land, which is stronger." })
      .waitFor();
    assert.match(
      await orders(page).locator("#orders-refused").innerText(),
      /Take over: needs the role pilot, you are dispatch/,
    );
  });
});

desks(
  "a drone that falls silent is greyed with the age of what is shown; what may still help can be pressed",
  async ({ browser, folder }) => {
    const d1 = drone({ phase: "transit", progress: 0.4 });
    await onPage(browser, folder, { drones: [d1], roles }, async (page) => {
      await phase(page, "On its way");
      assert.is(await page.locator(".drone.is-old").count(), 0);
      d1.silent = true;
      await page.locator(".drone.is-old", { hasText: /Last heard [4-9] s ago/ }).waitFor();
      assert.is(await page.locator(".drone-eta").count(), 0);
      const filter = await page.locator(".drone-facts").evaluate((element) => getComputedStyle(element).filter);
      assert.is(filter, "grayscale(1)");
      assert.is(await orders(page).getByRole("button", { name: "Land here" }).isDisabled(), true);
      await orders(page).getByRole("button", { name: "Return" }).click();
      await orders(page).locator(".said.has-failed", { hasText: "d1: the drone did not answer within 3 s" }).waitFor();
      d1.silent = false;
      await page.locator(".drone.is-old").waitFor({ state: "detached" });
      await page.locator(".drone-eta", { hasText: /^ETA \d+ s$/ }).waitFor();
    });
  },
);

desks(
  "a refused flight says which checks failed; another drone is sent by two acts, and V says that no camera is there",
  async ({ browser, folder }) => {
    const d1 = drone();
    d1.refused = true;
    d1.why = "preflight: wind (14.2 m/s, 10 m/s allowed)";
    d1.preflight = passedChecks.map((one) =>
      one.check === "wind" ? { ...one, ok: false, detail: "14.2 m/s, 10 m/s allowed" } : one,
    );
    await onPage(browser, folder, { drones: [d1], roles: ["dispatch"] }, async (page) => {
      const section = page.locator("#section-flight");
      await section.getByText("d1 did not fly.").waitFor();
      assert.match(
        await section.locator(".checks").first().innerText(),
        /Wind\s+failed:\s+14\.2 m\/s, 10 m\/s allowed/,
      );
      await section.getByText("Preflight: 11 of 12 passed").waitFor();
      await page.keyboard.press("v");
      await page.getByText("No camera, drone, robot or caller is there for this incident.").waitFor();
      await section.getByRole("button", { name: "Send a drone" }).click();
      await section.getByText(/^Send a drone to Blake Ave near/).waitFor();
      await page.keyboard.press("0");
      await page.locator("#flight-reason:focus").waitFor();
      await page.keyboard.type("person lies there");
      await page.keyboard.press("Enter");
      await phase(page, "On its way");
      assert.equal(
        d1.received.map(({ act, why }) => [act, why]),
        [["send", "person lies there"]],
      );
    });
  },
);

desks("a site without drones has no drone section", async ({ browser, folder }) => {
  await onPage(browser, folder, {}, async (page) => {
    await page.locator(".arrivals").waitFor();
    assert.is(await page.locator("#section-flight").count(), 0);
  });
});

desks.run();
