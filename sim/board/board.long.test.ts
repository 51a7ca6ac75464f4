/**
 * A gateway and a node as the guides install them, on Debian with systemd and chrony in two virtual machines, whose power is cut.
 * What the machine lacks for that is said, and nothing is tested then.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Rng } from "../rng.ts";
import { type Board, hasKvm } from "./board.ts";
import { boardsLack } from "./board-image.ts";
import { carelessIn, filesIn, type Held, heldByGateway, heldByNode, readClips } from "./testing-crash-state.ts";
import { District } from "./testing-district.ts";

/** Power cuts. */
const STATES = 30;
const SEED = 20261123;

const AGENT = "tocsin-agent@lamp-01";
const say = (text: string) => console.log(`  ${text}`);
const rng = new Rng(SEED);
const random = () => rng.uniform();
/** A cache that had written nothing, some of it in any order, or all. */
const keepsAny = () => {
  const share = [0, 0.5, 1][Math.floor(3 * random())]!;
  return () => random() < share;
};

/** Asks again until the script ends well. Patient: an emulated machine takes ten times as long. @returns what it wrote. */
async function until(board: Board, what: string, script: string, withinS = 240): Promise<string> {
  const end = performance.now() + 1000 * withinS;
  for (;;) {
    const { code, out } = await board.run(script);
    if (code === 0) return out;
    if (performance.now() > end) throw new Error(`waited ${withinS} s for ${what}: ${out}`);
    await pause(1000);
  }
}
const says = (unit: string, text: string) =>
  `journalctl -b -u ${unit} --no-pager -o cat | grep -F '${text}' | tail -1 | grep .`;

async function installed({ hub, lamp }: District): Promise<void> {
  const install = (program: string, args: string, files: string) => `
set -e
cd /root
mv pack-${program} /opt/tocsin
# The first run makes the group and names what is missing; then it is placed and the second one starts it.
! /opt/tocsin/systemd/install.sh ${args} || exit 1
install -o root -g tocsin -m 0640 ${files} /etc/tocsin/
/opt/tocsin/systemd/install.sh ${args}`;
  await Promise.all([
    hub.does("cp /opt/board/time-server.conf /etc/chrony/conf.d/ && systemctl restart chrony"),
    hub.does(install("gateway", "gateway gateway.yaml", "gateway.pem gateway.key"), 600),
    lamp.does(
      `${install("agent", "agent lamp-01 lamp-01.yaml", "lamp-01.secret gateway-ca.pem")}
systemctl enable --now board-journal board-reporter board-shots`,
      600,
    ),
  ]);
}

const lack = await boardsLack();
let district: District;

function boards(): void {
  test.before(async () => {
    district = await District.make(say);
    say(hasKvm() ? "booting" : "booting, emulated: no processor that virtualises");
    await Promise.all([district.hub.powerOn(), district.lamp.powerOn()]);
    say("installing as docs/gateway.md and docs/node.md say");
    await installed(district);
  });
  test.after(() => district?.close());

  test("chrony finds the time: the agent connects, stamps, and what it heard arrives", async () => {
    const { hub, lamp, taken } = district;
    await lamp.does("cp /opt/board/time.sources /etc/chrony/sources.d/ && chronyc reload sources");
    await until(lamp, "chrony", "chronyc -c tracking | grep -q ',Normal$'");
    await until(lamp, "the link", says(AGENT, "connected to the broker"));
    const end = performance.now() + 240_000;
    const first = () => [...taken].find(([, { by }]) => by === "lamp-01");
    while (!first() && performance.now() < end) await pause(500);
    const [id, { time }] = first() ?? ["nothing", { time: "was stamped" }];
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 600_000, `${time}: by the true clock`);
    await until(hub, "the first report", `${STORED} | grep -F '${id} ${time}'`);
  });

  test(`what ${STATES} power cuts leave: every report taken is with the node or the gateway, read by their own code; a gateway starts on it, and no clip is unreadable`, async () => {
    const { hub, lamp, link, taken, folder, gatewayYaml } = district;
    say(`${taken.size} reports so far`);
    let [lost, missed, reports, inOutbox, clips] = [0, 0, 0, 0, 0];
    for (let n = 0; n < STATES; n++) {
      // Half of the time the link is down, so that outboxes fill; it comes and goes between the cuts.
      if (random() < 0.5) link.cut();
      else link.mend();
      await pause(300 + 3000 * random());
      // One instant for both machines.
      const known = new Map(taken);
      const images = { lamp: join(folder, "lamp.fork"), hub: join(folder, "hub.fork") };
      lost += lamp.disks[1]!.fork(images.lamp, keepsAny());
      lost += hub.disks[1]!.fork(images.hub, keepsAny());
      const [node, gateway] = [join(folder, "lamp.files"), join(folder, "hub.files")];
      try {
        await filesIn(images.lamp, node);
        await filesIn(images.hub, gateway);
        const held: Held = await heldByGateway(join(gateway, "gateway"), gatewayYaml);
        for (const name of ["lamp-01", "lamp-02"]) {
          const waiting = await heldByNode(join(node, name));
          inOutbox += waiting.size;
          for (const [id, time] of waiting) held.set(id, time);
        }
        const kept = await readClips(join(node, "lamp-01", "listen"));
        assert.is(kept.unreadable, 0, `cut ${n}: of ${kept.clips} clips`);
        clips += kept.clips;
        const mine = [...known];
        reports = mine.length;
        const gone = mine.filter(([id, { time }]) => held.get(id) !== time);
        assert.equal(gone.slice(0, 5), [], `cut ${n}: ${gone.length} of ${mine.length} reports are lost or altered`);
        const careless = carelessIn(join(node, "lamp-02", "careless.log"));
        missed += mine.filter(([id, { by }]) => by === "lamp-02" && !careless.has(id)).length;
      } finally {
        for (const path of [node, gateway, ...Object.values(images)]) rmSync(path, { recursive: true, force: true });
      }
    }
    link.mend();
    say(
      `${reports} reports by the last cut, ${inOutbox} found in outboxes, ${lost} unflushed sectors lost, ${missed} careless lines missing, ${clips} clips read`,
    );
    assert.ok(lost > 0 && missed > 0, "a cut that takes nothing proves nothing");
    assert.ok(inOutbox > 0, "nothing stood in an outbox at a cut: the gateway alone was tried");
    assert.ok(clips > 0, "no clip was on the disk at a cut");
  });
}

const STORED = "/opt/tocsin/node_modules/node/bin/node /opt/board/stored.mjs";

if (lack) {
  console.log(`skipped: no board is booted: ${lack}`);
  test.skip("boards", () => undefined);
} else boards();

test.run();
