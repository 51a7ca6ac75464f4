/** Viewers that reach the relay by a TURN server alone: Debian's coturn, with the credentials that the gateway makes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import { closeClients, publish, watch } from "../relay/clients.testing.ts";
import { makeWorld, type World } from "../relay/testing.ts";
import { until } from "../testing.ts";
import { type Coturn, hasCoturn, TURN_SECRET as SECRET, startCoturn } from "./coturn.testing.ts";
import { iceServersFor, openIceServers, turnCredential } from "./ice.ts";

const WAIT_MS = 30_000;

const test = suite("credentials for TURN");

test("a credential names the instant at which it ends, and is what coturn's secret makes of it", () => {
  // Reckoned with: printf '14400:ann' | openssl dgst -sha1 -hmac 'a secret of sixteen or more' -binary | base64
  const { username, credential } = turnCredential(SECRET, "ann", 0);
  assert.equal(username, "14400:ann");
  const { stdout } = spawnSync("openssl", ["dgst", "-sha1", "-hmac", SECRET, "-binary"], { input: username });
  if (stdout.length > 0) assert.equal(credential, stdout.toString("base64"));
});

test("the secret itself is told to nobody, and servers with credentials stand in no open header", () => {
  const servers = [
    { urls: ["turn:turn.example:443?transport=tcp"], secret: SECRET },
    { urls: ["stun:stun.example:3478"] },
  ];
  assert.equal(JSON.stringify(iceServersFor(servers, "ann")).includes(SECRET), false);
  assert.deepEqual(openIceServers(servers), [{ urls: ["stun:stun.example:3478"] }]);
});

test.run();

interface Context {
  world: World;
  coturn: Coturn;
}
const turn = suite<Context>("coturn", {} as Context);

turn.before(async (context) => {
  context.coturn = await startCoturn();
  context.world = await makeWorld();
});
turn.after.each(closeClients);
turn.after(async ({ world, coturn }) => {
  await Promise.all([coturn?.close(), world?.close()]);
});

for (const transport of ["udp", "tcp"]) {
  turn(
    `a viewer behind TURN over ${transport.toUpperCase()} gets the picture through it`,
    async ({ world, coturn: { port } }) => {
      const stream = `lamp-${transport}.front`;
      const { sign } = world.signer;
      const servers = iceServersFor(
        [{ urls: [`turn:127.0.0.1:${port}?transport=${transport}`], secret: SECRET }],
        "ann",
      );
      const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }));
      const viewer = await watch(world.base, stream, await sign({ act: "view", stream }), { turn: servers });
      await Promise.all([publisher.connected, viewer.connected]);
      await until("the viewer", () => world.relay.streams.get(stream)?.viewers.size === 1, WAIT_MS);
      publisher.picture(true, 5, 1_000);
      await until("five packets", () => viewer.packets.length === 5, WAIT_MS);
      const pair = viewer.peer.iceTransports[0]?.getSelectedCandidatePair();
      assert.match(pair?.local.candidate ?? "", /typ relay/);
    },
  );
}

turn("coturn gives nothing to a credential of another secret", async ({ world, coturn: { port } }) => {
  const stream = "lamp-wrong.front";
  const servers = iceServersFor(
    [{ urls: [`turn:127.0.0.1:${port}?transport=tcp`], secret: "some other secret of mine" }],
    "eve",
  );
  const viewer = await watch(world.base, stream, await world.signer.sign({ act: "view", stream }), {
    turn: servers,
  }).catch((error: Error) => error);
  const candidates = viewer instanceof Error ? "" : (viewer.peer.localDescription?.sdp ?? "");
  assert.doesNotMatch(candidates, /typ relay/);
});

if (!hasCoturn) {
  process.stdout.write("turn.test: skipped, no coturn here (apt-get install coturn)\n");
  suite("coturn").run();
} else turn.run();
