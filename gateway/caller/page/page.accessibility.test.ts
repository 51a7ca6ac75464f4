/** What axe-core finds in every state of the caller page, light and dark: nothing. Targets are large, and on a small phone all of them in reach. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { onPhone, phoneSuite, smallPhone, tap } from "./testing.ts";

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const test = phoneSuite("caller page, accessibility");

async function check(page: Page, state: string): Promise<void> {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations, passes } = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    });
    return {
      passed: passes.length,
      lines: violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`)),
    };
  });
  assert.ok(found.passed >= 8, `${state}: only ${found.passed} rules applied`);
  assert.deepEqual(found.lines, [], state);
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`no violation of WCAG 2.2 A and AA that axe-core can find, from the start to the end (${colorScheme})`, async ({
    world,
    browser,
  }) => {
    const { caller, url } = await world.operator.make();
    await onPhone(browser, url, { colorScheme, bypassCSP: true }, async (page) => {
      await page.getByRole("button", { name: "Connect" }).waitFor();
      await check(page, "start");
      await tap(page, "Connect");
      await page.getByText("1 of 3").waitFor();
      await check(page, "asked for consent");
      for (const answer of ["Allow", "Allow", "No"]) {
        await tap(page, answer);
        await page.waitForTimeout(150);
      }
      await page.locator(".live").waitFor();
      await world.operator.ask("POST", `/api/callers/${caller.id}/ask`, { kind: "question", question: "areYouSafe" });
      await page.getByText("Are you safe?").waitFor();
      for (const tab of ["Answer", "Knock", "Write", "More"]) {
        await page.getByRole("tab", { name: tab }).click();
        if (tab === "Answer") await tap(page, "Yes");
        await check(page, tab);
      }
      await tap(page, "Hide");
      await check(page, "before secret mode");
      await tap(page, "Hide now");
      await check(page, "secret mode");
      await page.keyboard.press("Escape");
      await page.locator(".live").waitFor();
      await world.operator.ask("POST", `/api/callers/${caller.id}/end`, { why: "over" });
      await page.getByRole("heading", { name: "The connection has ended" }).waitFor();
      await check(page, "ended");
    });
  });
}

for (const locale of ["en-US", "de-DE", "ar"]) {
  test(`on 360 x 560 pixels all six answers, hiding and the tabs are on the screen, none below 48 px, nothing to scroll (${locale})`, async ({
    world,
    browser,
  }) => {
    const { caller, url } = await world.operator.make();
    await onPhone(browser, url, { locale, viewport: { ...smallPhone, height: 560 } }, async (page) => {
      await page.locator(".primary").click();
      for (let i = 1; i <= 3; i++) {
        await page.getByText(new RegExp(`^${i} \\D+ 3$`)).waitFor();
        await page.locator(".big:not(.primary)").click();
      }
      await page.locator(".live").waitFor();
      await world.operator.ask("POST", `/api/callers/${caller.id}/ask`, { kind: "question", question: "areYouSafe" });
      await page.locator(".last-operator").waitFor();
      const boxes = await page.evaluate(() =>
        [...document.querySelectorAll(".answers button, .hide, .tabs button")].map((button) => {
          const { left, top, right, bottom } = button.getBoundingClientRect();
          const inside = button as HTMLElement;
          return { text: inside.innerText, left, top, right, bottom, cut: inside.scrollWidth > inside.clientWidth + 1 };
        }),
      );
      assert.equal(boxes.length, 11);
      const wrong = boxes.filter(
        ({ left, top, right, bottom, cut }) =>
          cut || left < 0 || right > 360 || top < 0 || bottom > 560 || right - left < 48 || bottom - top < 48,
      );
      assert.deepEqual(wrong, []);
      const panel = await page.locator(".tab-panel").evaluate((each) => each.scrollHeight - each.clientHeight);
      assert.ok(panel <= 1, `${panel} px to scroll`);
    });
  });
}

test.run();
