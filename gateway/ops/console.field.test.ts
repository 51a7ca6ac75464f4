/** Robots, backup and callers in a real browser: every dangerous act is two, every bound and age is said, an emergency stop is not overlooked. */
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { incidentOf } from "./fixtures/city.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { emptyField } from "./fixtures/fake-field.ts";
import { callerOf, unitsOf, wordsOfCaller } from "./fixtures/field-samples.ts";
import { ago, burst, onPage } from "./fixtures/page.ts";
import { ScriptedRobot } from "./fixtures/scripted-robot.ts";

const desks = consoleSuite("console field", { map: false });

const field = () => ({ ...emptyField(), robots: [new ScriptedRobot("robot-1", -70, 30)], units: unitsOf() });
const told = (one: ReturnType<typeof field>) => one.received.map(({ path, body }) => [path, body]);
const section = (page: Page, id: string) => page.locator(`#section-${id}`);

desks(
  "a robot says how sure it is of its place, is paused and goes on; its latched stop is shown big and nothing moves it",
  async ({ browser, folder }) => {
    const all = field();
    const robot = all.robots[0]!;
    await onPage(browser, folder, { field: all }, async (page) => {
      await page.getByRole("button", { name: "Field" }).click();
      const card = page.locator(".robot");
      await card.getByText("On patrol").waitFor();
      await card.getByText("within 2 m").waitFor();
      await card.getByText("2 people").waitFor();
      await card.getByRole("button", { name: "Pause" }).click();
      await card.getByText("Stands still, told to").waitFor();
      await card.getByRole("button", { name: "Go on with patrol" }).click();
      await card.getByText("On patrol").waitFor();
      assert.equal(
        told(all).map(([path]) => path),
        ["/robots/robot-1/hold", "/robots/robot-1/resume"],
      );
      assert.type((all.received[0]!.body as { seenTickMs?: number }).seenTickMs, "number");
      robot.gnss = { state: "lost", ageS: 34 };
      await card.getByText("no satellites for 34 s: the bound grows").waitFor();
      await card.getByText("within 9 m").waitFor();
      robot.latched = true;
      await card.locator(".estop", { hasText: "EMERGENCY STOP" }).waitFor();
      assert.ok(await card.getByRole("button", { name: "Go on with patrol" }).isDisabled());
      await page.locator(".works-stop").waitFor();
      robot.silent = true;
      await card.getByText(/Last heard \d+ s ago/).waitFor();
    });
  },
);

desks(
  "backup is called by two acts; who was asked, who answered and what comes next is seen; a robot goes when a person sends it",
  async ({ browser, folder }) => {
    const all = field();
    await onPage(browser, folder, { field: all }, async (page) => {
      const here = section(page, "backup");
      // On a desk of 1440 x 900 the first sound is seen without scrolling while backup and a caller's link are but offers.
      await section(page, "callers").getByRole("button", { name: "Send a link to a caller …" }).waitFor();
      await here.getByRole("button", { name: "Call for backup …" }).waitFor();
      const sound = await page.locator(".spectrogram").first().boundingBox();
      assert.ok(sound!.y + sound!.height <= 900, JSON.stringify(sound));
      await here.getByRole("button", { name: "Call for backup …" }).click();
      await here.getByText(/Call for backup to .*The nearest of 1 available unit is asked first/).waitFor();
      await page.keyboard.press("Enter");
      assert.equal(told(all), [], "Enter is not the second act");
      await here.getByRole("button", { name: "Weapon seen or heard" }).click();
      await here.locator(".call.is-calling", { hasText: "Car 12 asked, no answer yet" }).waitFor();
      await here.getByText(/ring 1 of 3; the next is asked in \d+ s/).waitFor();
      await here.locator(".is-declined", { hasText: "Car 7 said no: with a prisoner" }).waitFor();
      await here.getByText("Not asked: 1").click();
      await here.getByText("Car 3 off duty").waitFor();
      await here.getByRole("button", { name: "Send robot robot-1 …" }).click();
      await here.getByText("It touches and follows nobody.").waitFor();
      await here.getByRole("button", { name: "Nearest to the place" }).click();
      await here.locator(".asked", { hasText: "robot-1 comes" }).waitFor();
      await here.getByRole("button", { name: "Heard by radio …" }).click();
      await here.getByRole("button", { name: "Comes Car 12" }).click();
      await here.locator(".call.is-acknowledged", { hasText: "Somebody comes" }).waitFor();
      await here.getByRole("button", { name: "Cancel call …" }).click();
      await here.getByRole("button", { name: "False alarm" }).click();
      await here.getByText("Cancelled", { exact: true }).waitFor();
      await here.getByRole("button", { name: "Call for backup …" }).waitFor();
      assert.equal(
        told(all).map(([path]) => path),
        [
          `/incidents/${burst().incident}/backup`,
          "/backup/call-1/robot",
          "/backup/call-1/answer",
          "/backup/call-1/cancel",
        ],
      );
    });
  },
);

desks(
  "a link goes to a caller by two acts that name the number; what they allow, say and knock is there at once",
  async ({ browser, folder }) => {
    const all = field();
    await onPage(browser, folder, { field: all }, async (page, gateway) => {
      const here = section(page, "callers");
      await here.getByRole("button", { name: "Send a link to a caller …" }).click();
      await here.getByLabel("Number of the caller").fill("555 0199");
      await here.getByText("With its country code").waitFor();
      assert.ok(await here.locator('button[type="submit"]').isDisabled());
      await here.getByLabel("Number of the caller").fill("+1 (555) 010-0199");
      await page.keyboard.press("Enter");
      await here.getByText("Send a text message with a link to +15550100199?").waitFor();
      await page.keyboard.press("Enter");
      assert.equal(told(all), [], "Enter is not the second act");
      await here.getByRole("button", { name: "Send to +15550100199" }).click();
      await here.getByText(/The link waits to be opened/).waitFor();
      assert.equal((all.received[0]!.body as { phone: string }).phone, "+15550100199");

      const incident = burst().incident;
      all.messages.push(...wordsOfCaller());
      const opened = callerOf(incident);
      all.callers = [opened];
      gateway.sayAll({ type: "caller", caller: opened });
      await here.getByText("The phone is connected").waitFor();
      await here.locator(".caller-last", { hasText: "there is a weapon" }).waitFor();
      await here.getByText("within 18 m as the phone says").waitFor();
      const message = { ...wordsOfCaller()[5]!, seq: 7, text: "I am hiding", orElse: ["somebody is hurt"] };
      gateway.sayAll({ type: "message", channel: "caller/said", message: { incident, caller: opened.id, message } });
      await here.locator(".caller-said .is-knock", { hasText: "unclear; or else: somebody is hurt" }).waitFor();
      gateway.sayAll({ type: "caller", caller: { ...opened, lastSaid: { at: message.at, text: "I am hiding" } } });
      await here.locator(".caller-last", { hasText: "I am hiding unclear; or else: somebody is hurt" }).waitFor();
      await here.getByLabel("Write to the caller").fill("Two minutes");
      await page.keyboard.press("Enter");
      await here.locator(".is-operator", { hasText: "Two minutes" }).waitFor();
      await here.getByText("Questions that one tap").click();
      await here.getByRole("button", { name: "Can you get out?" }).click();
      await here.getByRole("button", { name: "Torch" }).click();
      await here.getByRole("button", { name: "Closer" }).click();
      await here.getByRole("button", { name: "Front camera" }).click();
      const asks = () => all.received.filter(({ path }) => path.endsWith("/ask")).map(({ body }) => body);
      const deadline = Date.now() + 20_000;
      while (asks().length < 4 && Date.now() < deadline) await page.waitForTimeout(50);
      assert.equal(asks(), [
        { kind: "question", question: "canYouGetOut" },
        { kind: "torch", on: true },
        { kind: "zoom", factor: 2 },
        { kind: "camera", facing: "front" },
      ]);
      gateway.sayAll({
        type: "caller",
        caller: { ...opened, setting: { ...opened.setting!, mode: "secret", hearing: false } },
      });
      await here.getByText("SECRET MODE", { exact: true }).waitFor();
      await here.getByText("The phone is in secret mode: it makes no sound.").waitFor();
      assert.ok(await here.getByRole("button", { name: "Torch" }).isDisabled(), "no light in secret mode");
      await here.getByRole("button", { name: "End …" }).click();
      await here.getByRole("button", { name: "Crew is with the caller" }).click();
      await here.getByText("Ended: Crew is with the caller").waitFor();
    });
  },
);

desks(
  "a link that is sent to nobody is shown at the desk that made it, wherever the page went, until it is opened",
  async ({ browser, folder }) => {
    const all = field();
    await onPage(browser, folder, { field: all }, async (page, gateway) => {
      const caller = incidentOf({ id: "01K0CALLER01", firedAt: ago(1) });
      gateway.say({ ...caller, kind: "caller", rounds: [] });
      await page.getByRole("button", { name: "Field" }).click();
      await page.getByRole("button", { name: "New caller link …" }).click();
      await page.getByRole("button", { name: "Make a link …" }).click();
      await page.getByRole("button", { name: "Make the link" }).click();
      const here = section(page, "callers");
      const address = here.getByText("https://gateway.example/c/Kq3tYbV7");
      await address.waitFor();
      await here.getByText("Sent to nobody: read it out or copy it.").waitFor();
      await page.keyboard.press("j");
      await address.waitFor({ state: "detached" });
      await page.keyboard.press("k");
      await address.waitFor();
      gateway.sayAll({ type: "caller", caller: { ...all.callers[0]!, state: "open" } });
      await address.waitFor({ state: "detached" });
    });
  },
);

desks.run();
