/** The console in a real browser, against a scripted gateway: its alarm, and what it says when something is missing. */
import * as assert from "uvu/assert";
import { incidentOf, nodeStates, siteOf } from "./fixtures/city.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { ago, burst, onPage } from "./fixtures/page.ts";

const desks = consoleSuite("console states", { map: false });

desks("the alarm sounds, repeats until taken, and can be tried", async ({ browser, folder }) => {
  await onPage(browser, folder, { incidents: [] }, async (page, gateway) => {
    await page.getByText("Nothing waits for you.").waitFor();
    await page.evaluate(() => {
      const starts: number[] = [];
      Object.assign(globalThis, { starts });
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (when?: number) {
        starts.push(when ?? 0);
        start.call(this, when);
      };
    });
    const tones = () => page.evaluate(() => (globalThis as unknown as { starts: number[] }).starts.length);
    await page.getByRole("button", { name: "jd" }).click();
    await page.getByRole("button", { name: "Test the alarm" }).click();
    await page.waitForFunction(() => (globalThis as unknown as { starts: number[] }).starts.length === 8);
    gateway.say(burst());
    await page.locator(".alarm:not([hidden])").waitFor();
    assert.match((await page.locator("#favicon").getAttribute("href"))!, /^data:image\/svg/);
    await page.waitForFunction(() => (globalThis as unknown as { starts: number[] }).starts.length >= 24, undefined, {
      timeout: 12_000,
    });
    await page.locator(".alarm-take").click();
    await page.locator(".alarm").waitFor({ state: "hidden" });
    const heard = await tones();
    assert.is(heard % 8, 0);
    assert.is(await page.locator("#favicon").getAttribute("href"), "./favicon.svg");
  });
});

desks(
  "a lost link greys the picture, says since when, and comes back by itself with what was missed",
  async ({ browser, folder }) => {
    await onPage(browser, folder, {}, async (page, gateway) => {
      await page.locator(".arrivals").waitFor();
      gateway.cut();
      await page.locator('.console[data-link="lost"]').waitFor();
      const banner = page.locator(".link-banner");
      assert.match(
        await banner.innerText(),
        /Link lost\s+since \d\d:\d\d:\d\d E[SD]T\s+· the picture below is \d+ s old/,
      );
      assert.is(await page.locator("#panel-map").evaluate((map) => getComputedStyle(map).filter), "grayscale(1)");
      assert.match(await page.title(), /^LINK LOST/);
      gateway.say(incidentOf({ id: "01K0WHILEOUT", firedAt: ago(1), rounds: 5 }));
      gateway.back();
      await page.locator('.console[data-link="live"]').waitFor();
      await page.locator(".row", { hasText: "5 rounds" }).waitFor();
      assert.is(await page.locator("#panel-map").evaluate((map) => getComputedStyle(map).filter), "none");
    });
  },
);

desks(
  "a page that is loaded by somebody signed in asks once who is there and opens one line, before its own code has come",
  async ({ browser, folder }) => {
    await onPage(browser, folder, {}, async (page) => {
      const asked: string[] = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      page.on("websocket", (line) => asked.push(new URL(line.url()).pathname));
      // The code comes late: line and answer are there before it.
      await page.route("**/main.js", async (route) => {
        await page.waitForFunction(() => {
          const { tocsinEarly } = globalThis as { tocsinEarly?: { said: { atMs: number }[] } };
          // When it came stands beside each: the gateway's clock is told from that.
          return tocsinEarly?.said.some(({ atMs }) => Math.abs(Date.now() - atMs) < 60_000);
        });
        await route.continue();
      });
      await page.reload();
      await page.locator('.console[data-link="live"]').waitFor();
      await page.locator(".row", { hasText: "3 rounds" }).waitFor();
      const times = (path: string) => asked.filter((each) => each === path).length;
      assert.equal([times("/api/session"), times("/api/live")], [1, 1], asked.join(" "));
      assert.is(await page.evaluate(() => "tocsinEarly" in globalThis), false);
    });
  },
);

desks(
  "the legend leads to the lost node, whose card says what it last said and how long ago",
  async ({ browser, folder }) => {
    await onPage(browser, folder, {}, async (page) => {
      await page.getByRole("button", { name: "1 lost" }).click();
      const card = page.locator(".node-card");
      assert.match(await card.innerText(), /n09\s+lost[\s\S]*Said\s+\d+ s ago[\s\S]*pps, ± 40 µs/);
      await page.keyboard.press("Escape");
      await card.waitFor({ state: "detached" });
    });
  },
);

desks(
  "an open incident older than the first 200 is found, and never does the queue say that nothing waits",
  async ({ browser, folder }) => {
    const old = incidentOf({ id: "01K0OLDOPEN1", firedAt: ago(900_000), rounds: 9, takenBy: "maria" });
    const done = Array.from({ length: 450 }, (_, i) =>
      incidentOf({ id: `01K0DONE${i}`, firedAt: ago(1000 + i * 60), status: "dismissed", rounds: 1 }),
    );
    await onPage(browser, folder, { incidents: [...done, old] }, async (page) => {
      await page.locator(".row", { hasText: "9 rounds" }).waitFor();
      assert.is(await page.getByText("Nothing waits").count(), 0);
      await page.getByRole("button", { name: "All 451" }).click();
      await page.locator(".row", { hasText: "1 round" }).first().waitFor();
      await page.waitForFunction(() => {
        const rows = document.querySelector(".rows")!;
        rows.scrollTop = rows.scrollHeight;
        return rows.scrollHeight === 451 * 88;
      });
      await page.locator('.row[aria-posinset="451"]', { hasText: "9 rounds" }).waitFor();
      // The reader sets letters half as large again: the rows grow, none lies on another, and the one at the top stays there.
      const read = () =>
        page.locator(".rows").evaluate((rows) => {
          const topPx = rows.getBoundingClientRect().top;
          const boxes = [...rows.querySelectorAll(".row")].map((row) => row.getBoundingClientRect());
          const seen = [...rows.querySelectorAll(".row")].find((row) => row.getBoundingClientRect().bottom > topPx + 1);
          const apart = boxes.slice(1).map((box, i) => Math.round(box.top - boxes[i]!.bottom));
          return { first: seen?.getAttribute("aria-posinset"), heightPx: boxes[0]!.height, apart: [...new Set(apart)] };
        });
      await page.locator(".rows").evaluate((rows) => (rows.scrollTop = 200 * 88));
      await page.locator('.row[aria-posinset="201"]').waitFor();
      assert.equal(await read(), { first: "201", heightPx: 88, apart: [0] });
      await page.evaluate(() => (document.documentElement.style.fontSize = "24px"));
      await page.waitForFunction(() => document.querySelector(".rows")!.scrollTop === 200 * 132);
      await page.locator('.row[aria-posinset="206"]').waitFor();
      assert.equal(await read(), { first: "201", heightPx: 132, apart: [0] });
    });
  },
);

desks("twelve rounds within 140 m: no round's words run out of its box", async ({ browser, folder }) => {
  const many = incidentOf({ id: "01K0SHOT8F2A", firedAt: ago(19), rounds: 12, probability: 0.995, semiMajorM: 140 });
  await onPage(browser, folder, { incidents: [many] }, async (page) => {
    await page.locator(".round").nth(11).waitFor();
    const widths = await page
      .locator(".round")
      .evaluateAll((boxes) => boxes.map((box) => [box.scrollWidth - box.clientWidth, box.getClientRects()[0]!.right]));
    const edge = await page.locator("#section-rounds").evaluate((element) => element.getBoundingClientRect().right);
    assert.is(widths.length, 12);
    for (const [over, right] of widths)
      assert.ok(over! <= 0 && right! <= edge - 16, `${over} px over, ${right} of ${edge}`);
  });
});

desks("a session that ended leads to the login page, which says that nothing was lost", async ({ browser, folder }) => {
  await onPage(browser, folder, {}, async (page, gateway) => {
    await page.locator(".arrivals").waitFor();
    await page.context().clearCookies();
    gateway.cut();
    gateway.back();
    await page.getByText("Your session ended. Sign in again; nothing was lost.").waitFor();
    await page.getByLabel("Name").fill("jd");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("do not belong together").waitFor();
  });
});

desks(
  "without WebGL the same streets, nodes and bound are drawn plainly, and the console says so",
  async ({ browser, folder }) => {
    await onPage(browser, folder, {}, async (page) => {
      await page.getByText("This browser has no WebGL 2, so the map is drawn plainly.").waitFor();
      await page.locator(".flat-place").waitFor();
      assert.is(await page.locator(".flat-street").count(), 15);
      assert.match(await page.locator(".flat-map svg").first().innerHTML(), /within 3 m/);
    });
  },
);

desks(
  "a technician is shown what waits and is told why it is for others to take and to judge",
  async ({ browser, folder }) => {
    const event = { ...burst(), kind: "event" as const, rounds: [], probability: 1, what: "somebody on the ground" };
    await onPage(browser, folder, { incidents: [event], roles: ["technician"] }, async (page) => {
      const alarm = page.locator(".alarm:not([hidden])");
      await alarm.waitFor();
      assert.match(await alarm.innerText(), /Somebody on the ground\s+probability not measured/);
      assert.ok(await page.locator(".alarm-take").isDisabled());
      await alarm.locator(".alarm-what").click();
      assert.ok(await page.getByRole("button", { name: "Confirm" }).isDisabled());
      await page.getByText("To judge an incident needs the role dispatch or reviewer, you are technician.").waitFor();
      await page.keyboard.press("c");
      await page.getByText("Nothing done: it needs the role dispatch or reviewer, you are technician.").waitFor();
      assert.is(await page.locator(".reasons").count(), 0);
    });
  },
);

desks(
  "where the only node is lost a light says so, and none says that its clock is well",
  async ({ browser, folder }) => {
    await onPage(browser, folder, { nodes: 1 }, async (page, gateway) => {
      const light = (level: string, hasText: string) => page.locator(`.light.is-${level}`, { hasText }).waitFor();
      await light("ok", "nodes 1/1");
      const [node] = nodeStates(siteOf(1), ago(0));
      gateway.sayNode({ ...node!, status: "lost" });
      await light("bad", "nodes 0/1");
      await light("unknown", "clocks");
    });
  },
);

desks.run();
