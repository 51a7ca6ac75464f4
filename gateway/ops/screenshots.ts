/**
 * Pictures of the console: `node gateway/ops/screenshots.ts [folder [part of a name]]`. Without a folder those that the manual shows go to
 * `docs/pictures`; a folder gets all there are, to be looked at.
 */
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildConsole } from "#gateway/build-console.ts";
import { launchBrowser } from "./fixtures/browser.ts";
import { consoleShots, earlier } from "./fixtures/console-shots.ts";
import { fakeGateway } from "./fixtures/fake-gateway.ts";
import { startCameras } from "./fixtures/field-scenes.ts";
import { fieldShots } from "./fixtures/field-shots.ts";
import { burst, signIn } from "./fixtures/page.ts";
import type { Shot } from "./fixtures/pose.ts";

const [given, only = ""] = process.argv.slice(2);
const folder = given ?? fileURLToPath(new URL("../../docs/pictures/", import.meta.url));
/** In README.md and docs/console.md. */
const inManual = [
  "live",
  "live-light",
  "console-light",
  "console-two-places",
  "console-lost-link",
  "drone-dark",
  "caller-light",
  "matches-light",
  "robot-stopped-dark",
  "phone-queue",
  "phone-map",
  "phone-live",
];
/** A picture larger than this has no place in the repository. */
const LIMIT_BYTES = 400_000;
const TRIES = 3;

await mkdir(folder, { recursive: true });
const built = await mkdtemp(join(tmpdir(), "tocsin-pictures-"));
const browser = await launchBrowser({ webrtc: true });

async function take({ name, look, pose, signedOut, drones: makeDrones, field: makeField, cameras }: Shot) {
  const drones = makeDrones?.();
  const gateway = await fakeGateway({
    folder: built,
    incidents: [burst(), ...earlier],
    ...(drones && { drones }),
    ...(makeField && { field: makeField(), relay: cameras === true }),
    roles: ["pilot", "dispatch"],
  });
  const context = await browser.newContext(look);
  const field = await browser.newContext();
  try {
    if (cameras) await startCameras(field, gateway);
    const page = await context.newPage();
    page.setDefaultTimeout(90_000);
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
    await field.close();
    await gateway.close();
  }
}

/** A picture that fails is tried again, as the machine may have been busy; one that fails always does not keep the others back. */
async function tryToTake(shot: Shot): Promise<void> {
  for (let left = TRIES; left > 0; left--) {
    try {
      return await take(shot);
    } catch (cause) {
      const [why] = (cause as Error).message.split("\n");
      process.stderr.write(`${shot.name}: ${why}${left > 1 ? "; again" : ""}\n`);
    }
  }
  process.exitCode = 1;
}

try {
  await buildConsole(built, { minify: false });
  for (const shot of [...fieldShots, ...consoleShots])
    if (shot.name.includes(only) && (given !== undefined || inManual.includes(shot.name))) await tryToTake(shot);
} finally {
  await browser.close();
  await rm(built, { recursive: true, force: true });
}
