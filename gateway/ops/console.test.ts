import * as assert from "uvu/assert";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { ago, onPage } from "./fixtures/page.ts";

const desks = consoleSuite("console", { map: false });

desks(
  "T takes, C and 1 confirm with the reason; the alarm ends, the record grows, undo is a new entry",
  async ({ browser, folder }) => {
    await onPage(browser, folder, {}, async (page, gateway) => {
      await page.locator(".alarm:not([hidden])").waitFor();
      await page.locator(".arrivals").waitFor();
      await page.keyboard.press("t");
      await page.locator(".alarm").waitFor({ state: "hidden" });
      assert.match(await page.title(), /^Tocsin · Brownsville/);
      await page.locator(".standing", { hasText: "jd has it" }).waitFor();
      await page.keyboard.press("c");
      await page.getByText("Confirm as gunfire. Why?").waitFor();
      await page.keyboard.press("1");
      await page.locator(".standing", { hasText: "Confirmed by jd" }).waitFor();
      assert.equal(gateway.verdicts, [
        { incident: "01K0SHOT8F2A", status: "confirmed", reason: "Clear gunfire on the recording", by: "jd" },
      ]);
      await page.locator(".chain", { hasText: "5 entries" }).waitFor();
      await page.keyboard.press("u");
      await page.keyboard.press("1");
      await page.locator(".chain", { hasText: "6 entries" }).waitFor();
      assert.is(gateway.verdicts.length, 2);
      assert.is(gateway.verdicts[1]?.status, "unreviewed");
    });
  },
);

desks(
  "a reason in one's own words; a verdict on a version that has moved on is refused in words",
  async ({ browser, folder }) => {
    await onPage(browser, folder, {}, async (page, gateway) => {
      await page.locator(".arrivals").waitFor();
      await page.keyboard.press("d");
      await page.keyboard.press("0");
      await page.locator("#reason-text:focus").waitFor();
      await page.keyboard.type("test firing c d e");
      const moved = { ...gateway.incidents.get("01K0SHOT8F2A")!, version: 9 };
      gateway.incidents.set(moved.incident, moved);
      await page.keyboard.press("Enter");
      await page.locator(".said.has-failed", { hasText: "changed while you looked (it was version 1)" }).waitFor();
      assert.equal(gateway.verdicts, []);
      gateway.say({ ...moved, version: 10 });
      await page.getByText("version 10").waitFor();
      await page.keyboard.press("Enter");
      await page.locator(".standing", { hasText: "Dismissed by jd" }).waitFor();
      assert.is(gateway.verdicts[0]?.reason, "test firing c d e");
    });
  },
);

desks("J and K go through the queue; who took an incident is seen by all at once", async ({ browser, folder }) => {
  await onPage(browser, folder, {}, async (page, gateway) => {
    await page.getByRole("button", { name: /^All/ }).click();
    await page.locator('.row[aria-selected="true"]', { hasText: "3 rounds" }).waitFor();
    await page.keyboard.press("j");
    await page.locator("#panel-incident", { hasText: "Incident WORK" }).waitFor();
    await page.keyboard.press("k");
    await page.locator("#panel-incident", { hasText: "Incident 8F2A" }).waitFor();
    const known = gateway.incidents.get("01K0SHOT8F2A")!;
    gateway.say({ ...known, version: 2, takenBy: { by: "maria", at: ago(0) } });
    await page.locator(".row", { hasText: "maria has it" }).waitFor();
    await page.locator(".alarm").waitFor({ state: "hidden" });
  });
});

desks("the alarm names the key T only while T takes what it tells of", async ({ browser, folder }) => {
  await onPage(browser, folder, {}, async (page, gateway) => {
    const take = page.locator(".alarm-take");
    await page.locator(".arrivals").waitFor();
    assert.match(await take.innerText(), /Take\s*T/);
    const known = gateway.incidents.get("01K0SHOT8F2A")!;
    gateway.say({ ...known, incident: "01K0SHOTNEW1", version: 1, firedAt: ago(0) });
    await page.locator(".alarm-more", { hasText: "+ 1 more" }).waitFor();
    await page.locator("#panel-incident", { hasText: "Incident 8F2A" }).waitFor();
    assert.equal(await take.innerText(), "Take", "the chosen one is another: T would take that");
    await page.locator(".alarm-what").click();
    await page.locator("#panel-incident", { hasText: "Incident NEW1" }).waitFor();
    assert.match(await take.innerText(), /Take\s*T/);
  });
});

desks("somebody else's verdict ends the choice of a reason, and says who it was", async ({ browser, folder }) => {
  await onPage(browser, folder, {}, async (page, gateway) => {
    await page.locator(".arrivals").waitFor();
    await page.keyboard.press("c");
    await page.getByText("Confirm as gunfire. Why?").waitFor();
    const verdict = { status: "dismissed" as const, by: "maria", at: ago(0), reason: "Fireworks" };
    gateway.say({ ...gateway.incidents.get("01K0SHOT8F2A")!, version: 2, status: "dismissed", verdict });
    await page.locator(".said.has-failed", { hasText: "maria said dismissed (Fireworks) while you chose" }).waitFor();
    await page.keyboard.press("1");
    assert.equal(gateway.verdicts, []);
  });
});

desks.run();
