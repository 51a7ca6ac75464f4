/** The caller page in Chromium with a fake camera and a phone's screen: from the link to its end, in every state that a caller may meet. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { until } from "#gateway/testing.ts";
import { FakePhone } from "../testing.ts";
import { brownsville, onPhone, openLink, phoneSuite, tap } from "./testing.ts";

const WAIT_MS = 25_000;
const test = phoneSuite("caller page");

test("it says who asks, what for and what happens to it, before any tap; looking and reloading opens nothing", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page) => {
    await page.getByRole("heading", { name: "Testville 112 asks to see where you are" }).waitFor();
    const text = await page.locator("main").innerText();
    assert.match(
      text,
      /Nothing is sent before you allow it[\s\S]*recorded as evidence[\s\S]*no sound until you turn sound on/,
    );
    assert.match(text, /Valid for 15 more minutes, on one phone only/);
    await page.reload();
    await page.getByRole("button", { name: "Connect" }).waitFor();
    assert.equal((await world.operator.view(caller.id)).state, "waiting");
  });
});

test("all three refused: the camera is never asked for, and answers still come through", async ({ world, browser }) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page) => {
    await page.evaluate(() => {
      const media = navigator.mediaDevices;
      const asked = { count: 0 };
      Object.assign(globalThis, { asked });
      const real = media.getUserMedia.bind(media);
      media.getUserMedia = (constraints) => {
        asked.count++;
        return real(constraints);
      };
    });
    await openLink(page, "No", "No", "No");
    assert.equal(await page.evaluate(() => (globalThis as unknown as { asked: { count: number } }).asked.count), 0);
    assert.match(await page.locator(".chips").innerText(), /No picture[\s\S]*Voice: off[\s\S]*Position: off/);
    await tap(page, "I'm hiding");
    await page.getByText("✓ received").waitFor();
    const view = await until("the answer", async () => {
      const now = await world.operator.view(caller.id);
      return now.lastSaid ? now : undefined;
    });
    assert.equal(view.lastSaid?.text, "I am hiding");
    assert.deepEqual(view.consent, { video: "refused", voice: "refused", position: "refused" });
    assert.equal(view.position, undefined);
  });
});

test("position allowed: the operator gets it with the phone's 18 m, the caller sees them; stopped, none comes any more", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page, context) => {
    await openLink(page, "Allow", "No", "No");
    await page.locator(".chip", { hasText: "within 18 m" }).waitFor();
    await until("the position", async () => (await world.operator.view(caller.id)).position, WAIT_MS);
    const { position } = await world.operator.view(caller.id);
    assert.deepEqual(
      [position?.lat, position?.lon, position?.accuracyM],
      [brownsville.latitude, brownsville.longitude, 18],
    );
    await page.getByRole("tab", { name: "More" }).click();
    await page.locator(".switch", { hasText: "Stop position" }).click();
    await until(
      "withdrawn",
      async () => (await world.operator.view(caller.id)).consent.position === "withdrawn",
      WAIT_MS,
    );
    await context.setGeolocation({ latitude: 40.7, longitude: -73.9, accuracy: 5 });
    await page.waitForTimeout(500);
    assert.equal((await world.operator.view(caller.id)).position, undefined);
  });
});

test("a browser that denies the position: the page says what to do, goes on without it, and the record has it as withdrawn", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, { denied: true }, async (page) => {
    await tap(page, "Connect");
    await tap(page, "Allow");
    await page.getByText("The browser does not give the position.").waitFor();
    await tap(page, "Go on without");
    await page.getByText("2 of 3").waitFor();
    await until(
      "withdrawn",
      async () => (await world.operator.view(caller.id)).consent.position === "withdrawn",
      WAIT_MS,
    );
  });
});

test("expired, revoked, unknown, and open on another phone: each says so, and offers to call 112", async ({
  world,
  browser,
}) => {
  const { operator } = world;
  const [expired, revoked, taken] = [await operator.make(), await operator.make(), await operator.make()];
  const db = new DatabaseSync(join(world.folder, "callers.sqlite"));
  const link = JSON.stringify({ openUntilMs: Date.now() - 1 });
  db.prepare("UPDATE caller SET link = ? WHERE id = ?").run(link, expired.caller.id);
  db.close();
  await operator.ask("POST", `/api/callers/${revoked.caller.id}/end`, { why: "wrong number" });
  assert.equal(await new FakePhone(world.url, taken.token).open(), 200);
  for (const [url, words] of [
    [expired.url, "This link has expired"],
    [revoked.url, "This link was withdrawn"],
    [taken.url, "Open on another phone"],
  ] as const) {
    await onPhone(browser, url, {}, async (page) => {
      await page.getByRole("heading", { name: words }).waitFor();
      assert.equal(await page.getByRole("link", { name: "Call 112" }).getAttribute("href"), "tel:112");
      assert.equal(await page.getByRole("button").count(), 0);
    });
  }
  await onPhone(browser, `${world.url}/c/${"x".repeat(24)}`, {}, async (page) => {
    await page.getByRole("heading", { name: "This link is not known" }).waitFor();
  });
});

test("the second device is turned away at its tap, while the first goes on also after a reload", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (second) => {
    await second.getByRole("button", { name: "Connect" }).waitFor();
    await onPhone(browser, url, {}, async (first) => {
      await openLink(first, "No", "No", "No");
      await tap(second, "Connect");
      await second.getByRole("heading", { name: "Open on another phone" }).waitFor();
      await first.reload();
      await first.locator(".live").waitFor();
      await tap(first, "Yes");
      await until("the answer", async () => (await world.operator.view(caller.id)).lastSaid?.text === "yes", WAIT_MS);
    });
  });
});

test("link lost: three words are kept and shown as waiting; back, they come once and in order, with how long they waited", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page, context) => {
    await openLink(page, "No", "No", "No");
    await until("consent", async () => (await world.operator.view(caller.id)).consent.voice === "refused", WAIT_MS);
    await context.setOffline(true);
    await tap(page, "Weapon");
    await tap(page, "No");
    await page.getByRole("tab", { name: "Write" }).click();
    await page.getByRole("textbox").fill("two men, one rifle");
    await tap(page, "Send");
    await page.getByText("No connection").waitFor();
    await page.getByText("3 waiting, nothing is lost").waitFor();
    await page.waitForTimeout(2500);
    await context.setOffline(false);
    await page.getByText("No connection").waitFor({ state: "detached" });
    await until("three messages", async () => (await world.operator.detail(caller.id)).messages.length >= 3, WAIT_MS);
    const { messages } = await world.operator.detail(caller.id);
    assert.deepEqual(
      messages.map(({ text }) => text),
      ["there is a weapon", "no", "two men, one rifle"],
    );
    assert.ok((messages[0]?.heldS ?? 0) >= 2, `held ${messages[0]?.heldS} s`);
    assert.equal(await page.locator(".line", { hasText: "✓ received" }).count(), 3);
  });
});

test("the page speaks the browser's language, another where it is chosen, and Arabic from right to left", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make({ language: "de" });
  await onPhone(browser, url, { locale: "ko-KR" }, async (page) => {
    await page.getByRole("button", { name: "연결하기" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "ko");
    await page.getByRole("combobox").selectOption("ar");
    await page.getByRole("button", { name: "اتصال" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("dir"), "rtl");
    await tap(page, "اتصال");
    await page.getByText("1 من 3").waitFor();
    await until("told", async () => (await world.operator.view(caller.id)).language === "ar", WAIT_MS);
  });
  const german = await world.operator.make({ language: "de" });
  await onPhone(browser, german.url, { locale: "fi-FI" }, async (page) => {
    await page.getByRole("button", { name: "Verbinden" }).waitFor();
  });
});

test("the caller ends it with a second tap; nothing more is sent, and the link does not open again", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page) => {
    await openLink(page, "Allow", "Allow", "No");
    await page.getByRole("tab", { name: "More" }).click();
    await tap(page, "End connection");
    await page.getByText("The link will not open again.").waitFor();
    await page.getByRole("button", { name: "End", exact: true }).click();
    await page.getByRole("heading", { name: "The connection has ended" }).waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0, "nothing is left on the phone");
    await page.reload();
    await page.getByRole("heading", { name: "The connection has ended" }).waitFor();
    assert.equal((await world.operator.view(caller.id)).why, "the caller ended it");
  });
});

test.run();
