/** Writes the README's pictures of the console: `node gateway/ops/screenshots.ts [folder]`, default `docs/pictures`. */
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { buildConsole } from "#gateway/build-console.ts";
import { launchBrowser } from "./fixtures/browser.ts";
import { incidentOf } from "./fixtures/city.ts";
import { fakeGateway } from "./fixtures/fake-gateway.ts";
import { startCameras } from "./fixtures/field-scenes.ts";
import { fieldShots } from "./fixtures/field-shots.ts";
import { ago, burst, desk, phone, signIn } from "./fixtures/page.ts";
import { fleet, type Shot, settled, show } from "./fixtures/pose.ts";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../docs/pictures/", import.meta.url));
/** A picture larger than this has no place in the repository. */
const LIMIT_BYTES = 400_000;

const earlier = [
  incidentOf({
    id: "01K0TWOPLACE",
    firedAt: ago(260),
    rounds: 1,
    probability: 0.71,
    eastM: -320,
    northM: 120,
    semiMajorM: 11,
    twoPlaces: true,
    takenBy: "jd",
  }),
  incidentOf({
    id: "01K0FIREWORK",
    firedAt: ago(402),
    status: "dismissed",
    rounds: 2,
    probability: 0.34,
    eastM: 300,
    northM: 260,
    semiMajorM: 6,
    reason: "Fireworks",
  }),
  incidentOf({
    id: "01K0CONFIRMD",
    firedAt: ago(5400),
    status: "confirmed",
    rounds: 7,
    probability: 0.995,
    eastM: -180,
    northM: -260,
    semiMajorM: 4,
    reason: "Casings found",
    takenBy: "maria",
  }),
  incidentOf({
    id: "01K0ESCALATE",
    firedAt: ago(9200),
    status: "escalated",
    rounds: 12,
    probability: 0.99,
    eastM: 380,
    northM: -220,
    semiMajorM: 3,
    reason: "Crowd or school near",
  }),
  incidentOf({
    id: "01K0BACKFIRE",
    firedAt: ago(12_900),
    status: "dismissed",
    rounds: 1,
    probability: 0.22,
    eastM: 80,
    northM: 330,
    semiMajorM: 9,
    reason: "Vehicle backfire",
  }),
];

const toDrone = async (page: Page) => {
  await settled(page);
  await page.keyboard.press("t");
  await page.waitForTimeout(300);
  await page.keyboard.press("f");
  await page.waitForTimeout(600);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
};

const shots: Shot[] = [
  ...fieldShots,
  {
    name: "drone-light",
    look: { viewport: desk },
    drones: () => fleet("transit", 0.3),
    pose: toDrone,
  },
  {
    name: "drone-dark",
    look: { viewport: desk, colorScheme: "dark" },
    drones: () => fleet("onScene", 1.3),
    pose: async (page) => {
      await toDrone(page);
      await page.keyboard.press("p");
      await page.waitForTimeout(400);
    },
  },
  {
    name: "drone-lost",
    look: { viewport: desk },
    drones: () => fleet("transit", 0.55),
    pose: async (page, _, drones) => {
      await toDrone(page);
      drones[0]!.silent = true;
      await page.locator(".drone.is-old").waitFor();
      await page.waitForTimeout(6000);
    },
  },
  {
    name: "phone-drone",
    look: { viewport: phone, deviceScaleFactor: 2 },
    drones: () => fleet("transit", 0.3),
    pose: async (page) => {
      await show("Incident")(page);
      await page.keyboard.press("t");
      await page.waitForTimeout(300);
      await page.keyboard.press("f");
      await page.waitForTimeout(500);
    },
  },
  { name: "console-light", look: { viewport: desk }, pose: settled },
  {
    name: "console-dark",
    look: { viewport: desk, colorScheme: "dark" },
    pose: async (page) => {
      await settled(page);
      await page.keyboard.press("r");
      await page.waitForTimeout(1200);
    },
  },
  {
    name: "console-reason",
    look: { viewport: desk },
    pose: async (page) => {
      await settled(page);
      await page.keyboard.press("t");
      await page.waitForTimeout(400);
      await page.keyboard.press("c");
      await page.waitForTimeout(400);
    },
  },
  {
    name: "console-two-places",
    look: { viewport: desk, colorScheme: "dark" },
    pose: async (page) => {
      await settled(page);
      await page.keyboard.press("t");
      await page.waitForTimeout(400);
      await page.keyboard.press("j");
      await page.waitForTimeout(1800);
    },
  },
  {
    name: "console-lost-link",
    look: { viewport: desk },
    pose: async (page, gateway) => {
      await settled(page);
      gateway.cut();
      await page.locator(".link-banner:not([hidden])").waitFor();
      await page.waitForTimeout(3000);
    },
  },
  {
    name: "console-help",
    look: { viewport: desk },
    pose: async (page) => {
      await settled(page);
      await page.keyboard.press("?");
    },
  },
  {
    name: "console-sunlight",
    look: { viewport: desk },
    pose: async (page) => {
      await settled(page);
      await page.getByRole("button", { name: "jd" }).click();
      await page.getByText("Sunlight").click();
      await page.waitForTimeout(1500);
    },
  },
  {
    name: "console-login",
    look: { viewport: desk },
    signedOut: true,
    pose: async (page) => page.getByLabel("Name").waitFor(),
  },
  { name: "phone-queue", look: { viewport: phone, deviceScaleFactor: 2 }, pose: show("Queue") },
  { name: "phone-map", look: { viewport: phone, deviceScaleFactor: 2, colorScheme: "dark" }, pose: show("Map") },
  { name: "phone-incident", look: { viewport: phone, deviceScaleFactor: 2 }, pose: show("Incident") },
];

await mkdir(folder, { recursive: true });
const built = await mkdtemp(join(tmpdir(), "tocsin-pictures-"));
const browser = await launchBrowser({ webrtc: true });
const only = process.argv[3];
try {
  await buildConsole(built, { minify: false });
  for (const { name, look, pose, signedOut, drones: makeDrones, field: makeField, cameras } of shots) {
    if (only !== undefined && !name.includes(only)) continue;
    const drones = makeDrones?.();
    const gateway = await fakeGateway({
      folder: built,
      incidents: [burst(), ...earlier],
      ...(drones && { drones }),
      ...(makeField && { field: makeField(), relay: cameras === true }),
      roles: ["pilot", "dispatch"],
    });
    const stopCameras = cameras ? await startCameras(browser, gateway) : undefined;
    const context = await browser.newContext(look);
    try {
      const page = await context.newPage();
      page.on("pageerror", (error) => process.stderr.write(`page: ${error.message}\n`));
      if (signedOut) await page.goto(gateway.url);
      else await signIn(page, gateway.url);
      await pose(page, gateway, drones ?? []);
      const file = join(folder, `${name}.png`);
      await page.screenshot({ path: file });
      const { size } = await stat(file);
      process.stdout.write(`${name}.png ${Math.round(size / 1000)} kB${size > LIMIT_BYTES ? " TOO LARGE" : ""}\n`);
      if (size > LIMIT_BYTES) process.exitCode = 1;
    } finally {
      await context.close();
      await stopCameras?.();
      await gateway.close();
    }
  }
} finally {
  await browser.close();
  await rm(built, { recursive: true, force: true });
}
