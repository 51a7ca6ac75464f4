/** The publisher's side of RFC 9725 against an HTTP server that answers as relays do. */
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { gatewayHttp, reachesLoopback } from "./gateway-http.ts";
import { openWhip } from "./whip.ts";

async function withServer<T>(listener: RequestListener, use: (base: string) => Promise<T>): Promise<T> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
const never = new AbortController().signal;

test("an offer is posted with its token; the answer, the ICE servers and the session's address come back; it is prolonged and ended there", async () => {
  const seen: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[] = [];
  await withServer(
    (request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      request.on("end", () => {
        seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
        if (request.method !== "POST") return void response.writeHead(request.method === "PATCH" ? 204 : 200).end();
        response.writeHead(201, {
          location: "/video/whip/lamp-3.front/abc",
          "content-type": "application/sdp",
          link: '<turn:turn.example:443?transport=tcp>; rel="ice-server"; username="u"; credential="c", <stun:stun.example>; rel="ice-server"',
        });
        response.end("v=0\r\nanswer");
      });
    },
    async (base) => {
      const session = await openWhip(gatewayHttp(base), "/video/whip/lamp-3.front", "t1", "v=0\r\noffer", never);
      if (!session.ok) throw new Error(session.why);
      assert.is(session.answer, "v=0\r\nanswer");
      assert.equal(session.iceServers, [
        { urls: ["turn:turn.example:443?transport=tcp"], username: "u", credential: "c" },
        { urls: ["stun:stun.example"] },
      ]);
      assert.equal(await session.renew("t2", never), { ok: true });
      await session.end();
    },
  );
  assert.equal(
    seen.map(({ method, url, headers }) => [method, url, headers.authorization]),
    [
      ["POST", "/video/whip/lamp-3.front", "Bearer t1"],
      ["PATCH", "/video/whip/lamp-3.front/abc", "Bearer t2"],
      ["DELETE", "/video/whip/lamp-3.front/abc", "Bearer t2"],
    ],
  );
  assert.is(seen[0]!.headers["content-type"], "application/sdp");
  assert.is(seen[0]!.body, "v=0\r\noffer");
});

for (const [status, kind] of [
  [401, "token"],
  [403, "token"],
  [409, "busy"],
  [406, "refused"],
  [502, "link"],
] as const) {
  test(`a relay that answers ${status} is a refusal of kind ${kind}, with its words`, async () => {
    await withServer(
      (_, response) => response.writeHead(status).end(JSON.stringify({ error: "because", fix: "do this" })),
      async (base) => {
        const refusal = await openWhip(gatewayHttp(base), "/w", "t", "v=0", never);
        assert.ok(!refusal.ok);
        assert.is(refusal.kind, kind);
        assert.match(refusal.why, /because \(do this\)/);
      },
    );
  });
}

test("Retry-After is obeyed; nobody there is a refusal, not a throw", async () => {
  await withServer(
    (_, response) => response.writeHead(503, { "retry-after": "7" }).end("a proxy's page"),
    async (base) => {
      const refusal = await openWhip(gatewayHttp(base), "/w", "t", "v=0", never);
      assert.ok(!refusal.ok && refusal.kind === "link" && refusal.retryAfterS === 7);
    },
  );
  const nobody = await openWhip(gatewayHttp("http://127.0.0.1:1"), "/w", "t", "v=0", never);
  assert.ok(!nobody.ok && nobody.kind === "link");
});

test("the token goes nowhere else: a redirect is not followed, another machine without TLS is not asked", async () => {
  let asked = 0;
  await withServer(
    () => asked++,
    async (elsewhere) => {
      await withServer(
        (_, response) => response.writeHead(307, { location: `${elsewhere}/w` }).end(),
        async (base) => {
          const refusal = await openWhip(gatewayHttp(base), "/w", "t", "v=0", never);
          assert.ok(!refusal.ok && refusal.kind === "refused");
          const other = await openWhip(gatewayHttp(base), `${elsewhere}/w`, "t", "v=0", never);
          assert.ok(!other.ok);
          assert.match(other.why, /no TLS/);
        },
      );
    },
  );
  assert.is(asked, 0);
});

test("a gateway on this machine is reached over loopback", () => {
  assert.ok(
    reachesLoopback("http://127.0.0.1:8080") &&
      reachesLoopback("https://localhost") &&
      reachesLoopback("http://[::1]:1"),
  );
  assert.not.ok(reachesLoopback("https://10.0.0.1") || reachesLoopback("https://localhost.example"));
});

test.run();
