/** The drone in the console, in a real browser: a scripted drone that obeys by the shipped token. */
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { CENTRE } from "./fixtures/city.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { type DroneOptions, ScriptedDrone } from "./fixtures/drone.ts";
import { burst, onPage } from "./fixtures/page.ts";
import { offset } from "./geometry.ts";

const desks = consoleSuite("console flight", { map: false });

const [lon, lat] = offset(CENTRE.lat, CENTRE.lon, -330, 250);
const drone = (options: Partial<DroneOptions> = {}) =>
  new ScriptedDrone({ id: "d1", dock: { lat, lon }, incident: burst(), ...options });
const roles = ["pilot"] as const;
const orders = (page: Page) => page.locator("#section-flight .orders");
const phase = (page: Page, words: string) => page.locator(".drone-phase", { hasText: words }).waitFor();

desks(
  "a waiting drone is authorised by two acts: A names what will happen, 1 gives the reason; Esc does nothing",
  async ({ browser, folder }) => {
    const d1 = drone({ phase: "asked" });
    await onPage(browser, folder, { drones: [d1], roles: ["dispatch"] }, async (page) => {
      await phase(page, "Waits for authorisation");
      await page.keyboard.press("a");
      await page.getByText(/^Authorise d1: it opens its dock, takes off and flies 40 m above ground/).waitFor();
      await page.keyboard.press("a");
      await page.keyboard.press("Enter");
      assert.equal(d1.received, [], "neither the same key again nor Enter is the second act");
      await page.keyboard.press("Escape");
      await page.locator(".second").waitFor({ state: "detached" });
      assert.equal(d1.received, []);
      await page.keyboard.press("a");
      await page.keyboard.press("1");
      await phase(page, "On its way");
      const [{ act, by, why, accepted, epoch, seenTickMs }] = d1.received as [(typeof d1.received)[number]];
      assert.equal(
        [act, by, why, accepted, epoch],
        ["authorise", "jd", "Eyes on the scene before officers arrive", true, 7],
      );
      assert.ok(d1.tickMs() - seenTickMs < 5000, "the picture on screen goes with the order");
      await page.locator(".said", { hasText: "Authorise. d1: passed on." }).waitFor();
    });
  },
);

desks("a pilot takes over, keeps it beyond the lease of 5 s, holds, and gives it back", async ({ browser, folder }) => {
  const d1 = drone({ phase: "transit", progress: 0.4 });
  await onPage(browser, folder, { drones: [d1], roles }, async (page) => {
    await page.locator(".control", { hasText: "Autonomy has control" }).waitFor();
    await page.keyboard.press("p");
    await page.getByText("Take d1 over from autonomy? It stops where it is").waitFor();
    assert.equal(d1.received, []);
    await page.getByRole("button", { name: "Take d1 over from autonomy" }).click();
    await page.locator(".control.is-mine", { hasText: "You have control" }).waitFor();
    await phase(page, "Flown by a pilot");
    const since = d1.tickMs();
    const renewals = () => d1.received.filter(({ act, accepted }) => act === "renew" && accepted).length;
    const deadline = Date.now() + 10_000;
    while ((renewals() < 3 || d1.tickMs() - since < 5500) && Date.now() < deadline)
      await new Promise((done) => setTimeout(done, 100));
    assert.ok(renewals() >= 3, `${renewals()} renewals`);
    assert.equal(d1.authority.holder, { kind: "remote", by: "jd" });
    await page.keyboard.press("g");
    await page.locator(".control", { hasText: "Autonomy has control" }).waitFor();
    await page.keyboard.press("h");
    await page.locator(".control", { hasText: "hold called by jd" }).waitFor();
    assert.equal(
      d1.received.filter(({ act }) => act !== "renew").map(({ act, accepted }) => [act, accepted]),
      [
        ["takeover", true],
        ["release", true],
        ["hold", true],
      ],
    );
  });
});

desks("a choice made ready is put away when somebody else takes control meanwhile", async ({ browser, folder }) => {
  const d1 = drone({ phase: "transit", progress: 0.4 });
  await onPage(browser, folder, { drones: [d1], roles }, async (page) => {
    await phase(page, "On its way");
    await page.keyboard.press("p");
    await page.locator(".second").waitFor();
    d1.order("takeover", "maria", {});
    await orders(page).getByText("Not done, take over: taken by maria. Look again.").waitFor();
    await page.keyboard.press("1");
    assert.is(d1.received.filter(({ by }) => by === "jd").length, 0);
    await orders(page).getByRole("button", { name: "Ask maria for it" }).click();
    await page.locator(".control", { hasText: "You asked for it." }).waitFor();
  });
});

desks("the e-stop is one press, by button or Shift and X; X alone is not", async ({ browser, folder }) => {
  const d1 = drone({ phase: "transit", progress: 0.4 });
  await onPage(browser, folder, { drones: [d1], roles: ["dispatch"] }, async (page) => {
    await phase(page, "On its way");
    await page.keyboard.press("x");
    await page.keyboard.press("Shift+X");
    await orders(page).locator(".said", { hasText: "E-stop: hold, then land. d1: stop by jd." }).waitFor();
    assert.equal(
      d1.received.map(({ act }) => act),
      ["stop"],
    );
  });
});

desks.run();
