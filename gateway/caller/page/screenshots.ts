/** Pictures of every state of the caller page, light and dark: `node gateway/caller/page/screenshots.ts FOLDER`. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { callerWorld } from "../testing.ts";
import { knockOn, launchPhone, onPhone, type PhoneOptions, smallPhone, tap, usualPhone } from "./testing.ts";

const usage = "usage: node gateway/caller/page/screenshots.ts [FOLDER]   (build/caller-pictures where none is named)";
const folder = folderOf(process.argv.slice(2));
mkdirSync(folder, { recursive: true });
const world = await callerWorld("", "relay: { addresses: [127.0.0.1] }, record: { enabled: false }");
const browser = await launchPhone();
const { operator } = world;

/** Ends the process where help is asked for or the arguments do not fit. */
function folderOf(args: string[]): string {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    if (positionals.length > 1) throw new Error("one folder is named, not more");
    return positionals[0] ?? "build/caller-pictures";
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(64);
  }
}

async function shots(
  name: string,
  options: PhoneOptions,
  use: (shot: (state: string) => Promise<void>, page: Page, id: string) => Promise<void>,
) {
  const made = await operator.make({ language: "en" });
  await onPhone(browser, made.url, options, async (page) => {
    const shot = async (state: string) => {
      await page.screenshot({ path: join(folder, `${name}-${state}.png`) });
    };
    await use(shot, page, made.caller.id);
  });
}

const tab = (page: Page, name: string) => page.getByRole("tab", { name }).click();

for (const colorScheme of ["light", "dark"] as const) {
  await shots(colorScheme, { colorScheme, viewport: usualPhone }, async (shot, page, id) => {
    await page.getByRole("button", { name: "Connect" }).waitFor();
    await shot("1-start");
    await tap(page, "Connect");
    for (const step of ["2-position", "3-video", "4-voice"]) {
      await page.getByRole("button", { name: "Allow" }).waitFor();
      await shot(step);
      await tap(page, "Allow");
    }
    await page.getByRole("tab", { name: "Answer" }).waitFor();
    await page.waitForTimeout(1500);
    await shot("5-answers");
    await operator.ask("POST", `/api/callers/${id}/ask`, { kind: "question", question: "isThereAWeapon" });
    await page.getByText("Is there a weapon?").waitFor();
    await shot("6-question");
    await tap(page, "I can't speak");
    await page.waitForTimeout(300);
    await tab(page, "Knock");
    await knockOn(page, ".pad", 3);
    await shot("7-knock");
    await page.waitForTimeout(2200);
    await tab(page, "Write");
    await operator.ask("POST", `/api/callers/${id}/chat`, { text: "Stay where you are. A car is two minutes away." });
    await page.getByText("two minutes away").waitFor();
    await page.getByRole("textbox").fill("he is downstairs");
    await tap(page, "Send");
    await page.waitForTimeout(300);
    await shot("8-write");
    await tab(page, "More");
    await page.waitForTimeout(200);
    await shot("9-more");
    await tab(page, "Answer");
    await tap(page, "Hide");
    await shot("10-before-secret");
    await tap(page, "Hide now");
    await page.waitForTimeout(300);
    await shot("11-secret");
    await page.locator(".moon").click();
    await page.waitForTimeout(300);
    await shot("12-dark");
    await page.mouse.move(180, 400);
    await page.mouse.down();
    await page.waitForTimeout(2200);
    await page.mouse.up();
    await page.getByRole("tab", { name: "Answer" }).waitFor();
    await page.context().setOffline(true);
    await tap(page, "Weapon");
    await page.getByText("No connection").waitFor();
    await shot("13-lost");
    await page.context().setOffline(false);
    await page.getByText("No connection").waitFor({ state: "detached" });
    await operator.ask("POST", `/api/callers/${id}/end`, { why: "help is there" });
    await page.getByText("has ended").waitFor();
    await shot("14-ended");
  });
  await shots(
    `${colorScheme}-small`,
    { colorScheme, denied: true, viewport: { ...smallPhone, height: 560 } },
    async (shot, page, id) => {
      await page.getByRole("button", { name: "Connect" }).waitFor();
      await shot("1-start");
      await tap(page, "Connect");
      await tap(page, "Allow");
      await page.getByRole("button", { name: "Go on without" }).waitFor();
      await shot("2-blocked");
      await tap(page, "Go on without");
      for (let i = 2; i <= 3; i++) {
        await page.getByText(`${i} of 3`).waitFor();
        await tap(page, "No");
      }
      await page.locator(".live").waitFor();
      await operator.ask("POST", `/api/callers/${id}/ask`, { kind: "question", question: "areYouSafe" });
      await page.getByText("Are you safe?").waitFor();
      await operator.ask("POST", `/api/callers/${id}/talk`, {});
      await page.getByText("Tap to hear").waitFor();
      await shot("3-question");
      await tab(page, "Knock");
      await shot("4-knock");
      await tab(page, "More");
      await shot("5-more");
    },
  );
}
for (const [locale, open, allow] of [
  ["ar", "اتصال", "أوافق"],
  ["ko-KR", "연결하기", "허용"],
  ["zh-CN", "连接", "允许"],
  ["de-DE", "Verbinden", "Erlauben"],
] as const) {
  await shots(locale, { locale, viewport: smallPhone }, async (shot, page) => {
    await page.getByRole("button", { name: open }).waitFor();
    await shot("start");
    await tap(page, open);
    for (let i = 0; i < 3; i++) {
      await tap(page, allow);
      await page.waitForTimeout(300);
    }
    await page.locator(".answers").waitFor();
    await page.waitForTimeout(800);
    await shot("live");
    await page.locator("#tab-more").click();
    await shot("more");
    await page.locator("#tab-knock").click();
    await shot("knock");
    await page.locator(".hide").click();
    await shot("before-secret");
  });
}
await browser.close();
await world.stop();
