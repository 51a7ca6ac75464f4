/** What a person does or merely looks past in the record, in a real browser; and a status line that does not call a faulty node well. */
import * as assert from "uvu/assert";
import { nodeStates, siteOf } from "./fixtures/city.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { onPage, phone } from "./fixtures/page.ts";

const desks = consoleSuite("console record", { map: false });

desks("a note that was saved gives the keys back: J goes to the next incident, not into the note", async (desk) => {
  await onPage(desk.browser, desk.folder, {}, async (page) => {
    await page.getByRole("button", { name: /^All/ }).click();
    await page.locator("#note-text").waitFor();
    await page.keyboard.press("n");
    await page.locator("#note-text:focus").waitFor();
    await page.keyboard.type("officer is two streets away");
    await page.keyboard.press("Enter");
    await page.getByText("Note added.").waitFor();
    await page.keyboard.press("j");
    await page.locator('.row[aria-selected="true"]', { hasText: "Fireworks" }).waitFor();
    assert.is(await page.locator("#note-text").inputValue(), "");
  });
});

desks(
  "on a phone no sound is fetched, and so none stands on the record as given, before it is in view",
  async (desk) => {
    await onPage(desk.browser, desk.folder, { viewport: phone }, async (page) => {
      const asked: string[] = [];
      page.on("request", (request) => void (request.url().includes("/clips/") && asked.push(request.url())));
      await page.locator(".tabs button", { hasText: "Incident" }).click();
      await page.locator(".arrival").first().waitFor();
      await page.waitForTimeout(800);
      const all = await page.locator(".clip").count();
      assert.ok(all >= 5, `${all} sounds`);
      assert.ok(asked.length < all, `${asked.length} of ${all} were fetched unseen`);
      await page.locator(".clip").last().scrollIntoViewIfNeeded();
      await page.locator(".clip").last().locator(".spectrogram").waitFor();
    });
  },
);

desks("a node that is there and faulty is no green light", async (desk) => {
  await onPage(desk.browser, desk.folder, {}, async (page, gateway) => {
    const light = page.locator(".light", { hasText: "nodes" });
    await light.getByText("11/12", { exact: true }).waitFor();
    for (const node of nodeStates(siteOf(), new Date().toISOString()).slice(0, 2))
      gateway.sayAll({ type: "node", node: { ...node, status: "fault" } });
    await light.getByText("11/12 · 2 faulty").waitFor();
    assert.match((await light.getAttribute("class")) ?? "", /is-warn/);
  });
});

desks.run();
