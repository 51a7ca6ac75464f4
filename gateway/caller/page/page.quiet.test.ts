/** The quiet ways of the caller page in Chromium: secret mode, knocks on a black screen and on the pad, and the light that betrays. */
import assert from "node:assert/strict";
import { until } from "#gateway/testing.ts";
import { hold, knockOn, onPhone, openLink, phoneSuite, tap } from "./testing.ts";

const WAIT_MS = 25_000;
const test = phoneSuite("caller page, quiet");

test("secret mode says beforehand what it cannot hide; then it is a silent search page whose field writes to the operator", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page) => {
    await openLink(page, "No", "No", "No");
    assert.equal(await page.title(), "Emergency connection");
    await tap(page, "Hide");
    const before = await page.locator("main").innerText();
    assert.match(before, /camera sign stays lit\. We cannot hide it\./);
    assert.match(before, /press and hold the screen for 2 seconds/);
    assert.match(before, /backlight stays on/);
    assert.doesNotMatch(before, /address bar/, "this browser can show it full");
    await tap(page, "Hide now");
    await page.locator(".search").waitFor();
    assert.equal(await page.title(), "Search");
    const looks = await page.locator("body").innerText();
    assert.ok(!/operator|emergency|testville|112|connected|police/i.test(looks), looks);
    await world.operator.ask("POST", `/api/callers/${caller.id}/chat`, { text: "is he armed" });
    await page.locator(".suggestion", { hasText: "is he armed" }).waitFor();
    await page.getByRole("searchbox").fill("yes a knife");
    await page.keyboard.press("Enter");
    await until(
      "the words",
      async () => (await world.operator.view(caller.id)).lastSaid?.text === "yes a knife",
      WAIT_MS,
    );
    assert.equal(await page.getByRole("searchbox").inputValue(), "");
    assert.equal((await world.operator.view(caller.id)).setting?.mode, "secret");
    await hold(page, 1200);
    assert.equal(await page.locator(".search").count(), 1, "1.2 s are no gesture");
    await hold(page, 2300);
    await page.locator(".live").waitFor();
    await until("told", async () => (await world.operator.view(caller.id)).setting?.mode === "normal", WAIT_MS);
  });
  const record = await world.operator.record(caller.incident);
  assert.ok(record.includes("secret mode on: the page is disguised and silent"), record.join(" | "));
  assert.ok(record.includes("secret mode off"));
});

test("on the black screen four knocks are a weapon; nothing is to be seen, one long press ends it", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page) => {
    // As on an iPhone.
    await page.evaluate(() => Object.defineProperty(document, "fullscreenEnabled", { value: false }));
    await openLink(page, "No", "No", "No");
    await tap(page, "Hide");
    await page.getByText("This browser keeps its address bar in sight").waitFor();
    await tap(page, "Hide now");
    await page.locator(".moon").click();
    await page.locator(".dark").waitFor();
    const said = async () => (await world.operator.view(caller.id)).lastSaid?.text;
    await page.touchscreen.tap(195, 500);
    await until("one knock of a finger", async () => (await said()) === "1 knock: yes", WAIT_MS);
    await knockOn(page, ".dark", 4);
    const png = await page.screenshot();
    const brightest = await page.evaluate(
      async (address) => {
        const image = new Image();
        image.src = address;
        await image.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.width, image.height];
        const c = canvas.getContext("2d") as CanvasRenderingContext2D;
        c.drawImage(image, 0, 0);
        return c
          .getImageData(0, 0, image.width, image.height)
          .data.reduce((max, each, i) => (i % 4 === 3 ? max : Math.max(max, each)), 0);
      },
      `data:image/png;base64,${png.toString("base64")}`,
    );
    assert.equal(brightest, 0, "brightest of all pixels");
    await until("four knocks", async () => (await said()) === "4 knocks: there is a weapon", WAIT_MS);
    await hold(page, 2300);
    await page.locator(".live").waitFor();
  });
  assert.ok((await world.operator.record(caller.incident)).includes("the caller knocks, 4 knocks: there is a weapon"));
});

test("the pad counts along and shows what it will mean; three knocks say that the caller cannot speak", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page) => {
    await openLink(page, "No", "No", "No");
    await page.getByRole("tab", { name: "Knock" }).click();
    const pad = page.locator(".pad");
    await knockOn(page, ".pad", 3);
    await pad.getByText("I can't speak").waitFor();
    await until(
      "the knocks",
      async () => (await world.operator.view(caller.id)).lastSaid?.text === "3 knocks: I cannot speak",
      WAIT_MS,
    );
    await pad.getByText("Knock here").waitFor();
  });
});

test("the light is not lit where the camera has none, zoom and second camera neither: the operator is told, and the page says so", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page) => {
    await openLink(page, "No", "Allow", "No");
    await until("what it can", async () => (await world.operator.view(caller.id)).able?.cameras === 1, WAIT_MS);
    const asks = [
      { kind: "torch", on: true },
      { kind: "zoom", factor: 2 },
      { kind: "camera", facing: "front" },
    ];
    for (const ask of asks) await world.operator.ask("POST", `/api/callers/${caller.id}/ask`, ask);
    const answers = async () => (await world.operator.detail(caller.id)).messages.filter(({ kind }) => kind === "done");
    await until("three answers", async () => (await answers()).length === 3, WAIT_MS);
    assert.deepEqual((await answers()).map(({ text }) => text).sort(), [
      "front camera: not done, the phone cannot",
      "torch on: not done, the phone cannot",
      "zoom 2 x: not done, the phone cannot",
    ]);
    await page.getByRole("tab", { name: "More" }).click();
    const more = await page.locator(".more").innerText();
    assert.match(more, /one camera only[\s\S]*cannot switch the phone's light[\s\S]*cannot zoom/);
  });
});

test("a light that the phone has: asked, declined, asked again, lit by the caller's tap, and out in secret mode", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page) => {
    // Chromium's fake camera has no light: this one remembers what it was told.
    await page.addInitScript(() => {
      const lit: boolean[] = [];
      Object.assign(globalThis, { lit });
      const capabilities = MediaStreamTrack.prototype.getCapabilities;
      MediaStreamTrack.prototype.getCapabilities = function () {
        return { ...capabilities.call(this), torch: true } as MediaTrackCapabilities;
      };
      const apply = MediaStreamTrack.prototype.applyConstraints;
      MediaStreamTrack.prototype.applyConstraints = function (constraints) {
        const torch = (constraints?.advanced?.[0] as { torch?: boolean } | undefined)?.torch;
        if (torch === undefined) return apply.call(this, constraints);
        lit.push(torch);
        return Promise.resolve();
      };
    });
    await page.reload();
    await openLink(page, "No", "Allow", "No");
    await until("what it can", async () => (await world.operator.view(caller.id)).able?.torch, WAIT_MS);
    const lit = () => page.evaluate(() => (globalThis as unknown as { lit: boolean[] }).lit);
    const ask = () => world.operator.ask("POST", `/api/callers/${caller.id}/ask`, { kind: "torch", on: true });
    await ask();
    const notice = page.locator(".notice", { hasText: "asks for your phone's light" });
    await notice.getByRole("button", { name: "No" }).click();
    await ask();
    await notice.getByRole("button", { name: "Light on" }).waitFor();
    assert.deepEqual(await lit(), [], "nothing is lit before the tap");
    await notice.getByRole("button", { name: "Light on" }).click();
    await until("lit", async () => (await world.operator.view(caller.id)).setting?.torch, WAIT_MS);
    await tap(page, "Hide");
    await tap(page, "Hide now");
    await until("out", async () => (await lit()).at(-1) === false, WAIT_MS);
    await ask();
    const done = async () => (await world.operator.detail(caller.id)).messages.filter(({ kind }) => kind === "done");
    await until("three answers", async () => (await done()).length === 3, WAIT_MS);
    assert.deepEqual(
      (await done()).map(({ text }) => text),
      ["torch on: not done, the caller declined", "torch on: done", "torch on: not done, not in secret mode"],
    );
    assert.deepEqual(await lit(), [true, false]);
  });
});

test.run();
