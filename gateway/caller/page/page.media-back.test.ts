/** The caller page's picture after a loss: a gateway that restarts, a relay that is killed, and stills where the link is thin. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { until } from "#gateway/testing.ts";
import { onPhone, openLink, phoneSuite, tap } from "./testing.ts";

const WAIT_MS = 30_000;
const test = phoneSuite("caller page, media after a loss", {
  video: "relay: { addresses: [127.0.0.1] }, record: { enabled: false }",
});

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, "utf8");

test("a gateway that restarts, then a relay that is killed: words wait and come once, the picture is back by a new session each time, nobody taps anything", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  const { phone } = caller.streams;
  await onPhone(browser, url, {}, async (page) => {
    await openLink(page, "No", "Allow", "No");
    await until("the stream", async () => (await world.operator.stream(phone))?.live, WAIT_MS);
    await page.locator(".chip", { hasText: "Live picture: on" }).waitFor();
    const back = world.restart();
    await tap(page, "Weapon");
    await page.getByText("No connection").waitFor();
    await page.getByText("1 waiting, nothing is lost").waitFor();
    await back;
    await page.getByText("No connection").waitFor({ state: "detached" });
    await until("the stream again", async () => (await world.operator.stream(phone))?.live, WAIT_MS);
    const { messages } = await world.operator.detail(caller.id);
    assert.deepEqual(
      messages.map(({ kind, text }) => [kind, text]),
      [["answer", "there is a weapon"]],
    );
    await page.locator(".chip", { hasText: "Live picture: on" }).waitFor();
    const [relay] = childrenOf(process.pid).filter((pid) => commandOf(pid).includes("relay/main.ts"));
    assert.ok(relay, "the relay's process");
    process.kill(relay, "SIGKILL");
    await until("its end is known", async () => (await world.operator.stream(phone))?.live !== true, WAIT_MS);
    await until("the stream once more", async () => (await world.operator.stream(phone))?.live, WAIT_MS);
  });
});

test("asked for stills, the phone sends JPEGs and no video, behind a black screen too; asked for video again, the picture moves", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  const { phone } = caller.streams;
  await onPhone(browser, url, {}, async (page) => {
    await openLink(page, "No", "Allow", "No");
    await until("the stream", async () => (await world.operator.stream(phone))?.live, WAIT_MS);
    const ask = (on: boolean) => world.operator.ask("POST", `/api/callers/${caller.id}/ask`, { kind: "stills", on });
    await ask(true);
    await until("two stills", async () => (await world.operator.view(caller.id)).stills >= 2, WAIT_MS);
    await until("no video", async () => (await world.operator.stream(phone))?.live !== true, WAIT_MS);
    const still = await world.operator.ask("GET", `/api/callers/${caller.id}/stills/2`);
    const jpeg = Buffer.from(await still.arrayBuffer());
    const size = await page.evaluate(
      async (address) => {
        const image = new Image();
        image.src = address;
        await image.decode();
        return [image.width, image.height];
      },
      `data:image/jpeg;base64,${jpeg.toString("base64")}`,
    );
    assert.ok((size[0] ?? 0) >= 320 && (size[1] ?? 0) >= 200, `${size}`);
    assert.ok(jpeg.length < 40_000, `${jpeg.length} bytes`);
    await tap(page, "Hide");
    await tap(page, "Hide now");
    await page.locator(".moon").click();
    const { stills } = await world.operator.view(caller.id);
    await until(
      "two more behind the black screen",
      async () => (await world.operator.view(caller.id)).stills >= stills + 2,
      WAIT_MS,
    );
    await ask(false);
    await until("the stream again", async () => (await world.operator.stream(phone))?.live, WAIT_MS);
    const { messages } = await world.operator.detail(caller.id);
    assert.deepEqual(
      messages.filter(({ kind }) => kind === "done").map(({ text }) => text),
      ["stills instead of video: done", "video instead of stills: done"],
    );
  });
});

test.run();
