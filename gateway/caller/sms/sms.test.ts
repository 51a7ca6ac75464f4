import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { test } from "uvu";
import * as v from "valibot";
import { languages, type SmsView } from "#contract/caller.ts";
import { until } from "../../testing.ts";
import { CallersConfig, type WebhookSms } from "../config.ts";
import { Seal } from "../seal.ts";
import { CallerStore } from "../store.ts";
import { newToken } from "../token.ts";
import { fileSender } from "./file.ts";
import { SmsOutbox } from "./outbox.ts";
import type { SmsOutcome, SmsSender } from "./sender.ts";
import { webhookSender } from "./webhook.ts";
import { smsText } from "./words.ts";

const message = { id: "m1", to: "+15550100199", text: "Testville 112: https://x.example/c/abc" };
const never = new AbortController().signal;

interface Heard {
  method: string | undefined;
  headers: IncomingMessage["headers"];
  body: string;
}

/** A provider that answers with each status in turn, the last one for ever. */
async function provider(statuses: number[], headers: Record<string, string> = {}, refusal = "no such luck, s3cret") {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      heard.push({ method: request.method, headers: request.headers, body });
      const status = statuses[Math.min(heard.length, statuses.length) - 1] ?? 200;
      response.writeHead(status, headers).end(status === 200 ? "{}" : refusal);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/send`;
  return { url, heard, close: () => new Promise((resolve) => server.close(resolve)) };
}

const webhook = (sms: Record<string, unknown>): WebhookSms => {
  const { sms: parsed } = v.parse(CallersConfig, {
    publicUrl: "https://x.example",
    agency: "A",
    sms: { kind: "webhook", ...sms },
  });
  return parsed as WebhookSms;
};

test("JSON by default, with an idempotency key; the secret fills a header", async () => {
  const { url, heard, close } = await provider([200]);
  try {
    const sender = webhookSender(webhook({ url, headers: { Authorization: "Bearer {secret}" } }), "s3cret");
    assert.deepEqual(await sender.send(message, never), { kind: "sent" });
    assert.equal(heard[0]?.method, "POST");
    assert.equal(heard[0]?.headers.authorization, "Bearer s3cret");
    assert.equal(heard[0]?.headers["idempotency-key"], "m1");
    assert.deepEqual(JSON.parse(heard[0]?.body ?? ""), { to: message.to, text: message.text });
  } finally {
    await close();
  }
});

test("a provider that wants a form with its own field names gets one", async () => {
  const { url, heard, close } = await provider([200]);
  try {
    const body = { To: "{to}", From: "112", Body: "{text}", Reference: "tocsin-{id}" };
    await webhookSender(webhook({ url, format: "form", body })).send(message, never);
    assert.equal(heard[0]?.headers["content-type"], "application/x-www-form-urlencoded");
    assert.deepEqual(Object.fromEntries(new URLSearchParams(heard[0]?.body)), {
      To: message.to,
      From: "112",
      Body: message.text,
      Reference: "tocsin-m1",
    });
  } finally {
    await close();
  }
});

test("500 and 429 are tried again, after 7 s where it says so; 400 is refused; no answer is tried again; the secret is not told", async () => {
  const outcomes: SmsOutcome[] = [];
  for (const status of [500, 429, 400]) {
    const { url, close } = await provider([status], { "retry-after": "7" });
    try {
      outcomes.push(await webhookSender(webhook({ url }), "s3cret").send(message, never));
    } finally {
      await close();
    }
  }
  const why = (status: number) => `the provider answered ${status}`;
  assert.deepEqual(outcomes, [
    { kind: "again", why: why(500), afterS: 7 },
    { kind: "again", why: why(429), afterS: 7 },
    { kind: "refused", why: why(400) },
  ]);
  const { url, close } = await provider([200]);
  await close();
  assert.deepEqual(await webhookSender(webhook({ url })).send(message, never), {
    kind: "again",
    why: "the provider cannot be reached (ECONNREFUSED)",
  });
});

test("of a refusal its status and a short error code are kept: never the number, the text, the link's token or the secret that it repeats", async () => {
  const whyOf = async (refusal: unknown) => {
    const { url, close } = await provider([400], {}, typeof refusal === "string" ? refusal : JSON.stringify(refusal));
    try {
      const outcome = await webhookSender(webhook({ url }), "sesame").send(message, never);
      return outcome.kind === "refused" ? outcome.why : outcome.kind;
    } finally {
      await close();
    }
  };
  const bare = "the provider answered 400";
  assert.equal(
    await whyOf({ code: 21211, message: `'${message.to}' is no number: ${message.text}` }),
    `${bare}, code 21211`,
  );
  assert.equal(await whyOf({ error: { code: "INVALID_NUMBER" }, to: message.to }), `${bare}, code INVALID_NUMBER`);
  for (const echo of [
    `bad: ${message.to} ${message.text}`,
    { code: message.to },
    { code: "15550100199" },
    { code: "550100" },
    { code: "abc" },
    { error: "sesame" },
    { error: message.text },
    "null",
    "",
  ])
    assert.equal(await whyOf(echo), bare, JSON.stringify(echo));
});

test("a public address without TLS is refused with its reason, as is an unknown key", () => {
  const faults = (config: unknown) => {
    const { issues = [] } = v.safeParse(CallersConfig, config);
    return issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
  };
  assert.deepEqual(faults({ publicUrl: "http://112.example", agency: "A" }), [
    "publicUrl: must begin with https: phones give no camera to a plain page",
  ]);
  assert.match(faults({ publicUrl: "https://112.example", agency: "A", sms: { kind: "fax" } }).join(), /sms/);
});

test("the file adapter appends a line that only its owner can read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-sms-"));
  try {
    const path = join(folder, "out", "texts.jsonl");
    const sender = fileSender(path);
    await sender.send(message, never);
    await sender.send({ ...message, id: "m2" }, never);
    const lines = readFileSync(path, "utf8").trim().split("\n");
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { id: string }).id),
      ["m1", "m2"],
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal((await fileSender(join(path, "below-a-file")).send(message, never)).kind, "again");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** An outbox in a folder of its own, whose second lasts a millisecond. */
function outboxIn(folder: string, sender: SmsSender, wanted = () => true) {
  const stop = new AbortController();
  const store = new CallerStore(join(folder, "callers.sqlite"));
  const told: SmsView[] = [];
  const outbox = new SmsOutbox(
    {
      store,
      seal: new Seal(Buffer.alloc(32, 1)),
      sender,
      log: pino({ level: "silent" }),
      wanted,
      told: (_, sms) => told.push(sms),
      secondMs: 1,
    },
    stop.signal,
  );
  const close = async () => {
    stop.abort();
    await outbox.idle();
    store.close();
  };
  return { outbox, store, told, close };
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-sms-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("refused twice for the moment, taken at the third try: each is told with its reason, and the wait grows from 2 to 5 s", () =>
  inFolder(async (folder) => {
    let tries = 0;
    const sender: SmsSender = {
      send: async () => (++tries < 3 ? { kind: "again", why: "busy" } : { kind: "sent" }),
    };
    const { outbox, told, close, store } = outboxIn(folder, sender);
    try {
      assert.equal(outbox.add("c1", message.to, message.text).status, "queued");
      await until("the message is sent", () => told.at(-1)?.status === "sent");
      assert.deepEqual(
        told.map(({ status, attempts, why }) => [status, attempts, why]),
        [
          ["queued", 1, "busy; again in 2 s"],
          ["queued", 2, "busy; again in 5 s"],
          ["sent", 3, undefined],
        ],
      );
      assert.equal(store.waitingSms().length, 0);
    } finally {
      await close();
    }
  }));

test("a message that waits is sealed on disk and goes out after a restart; one whose link was revoked meanwhile does not", () =>
  inFolder(async (folder) => {
    const down = outboxIn(folder, { send: async () => ({ kind: "again", why: "down", afterS: 120 }) });
    down.outbox.add("c1", message.to, message.text);
    await until("the first try", () => down.told.length === 1);
    assert.ok(!Buffer.from(down.store.waitingSms()[0]?.sealed ?? []).includes("5550100199"));
    await down.close();
    const sent: string[] = [];
    const up = outboxIn(folder, {
      send: async ({ to }) => {
        sent.push(to);
        return { kind: "sent" };
      },
    });
    await until("the message", () => sent.length === 1);
    assert.deepEqual(sent, [message.to]);
    await up.close();
    const revoked = outboxIn(folder, { send: async () => ({ kind: "sent" }) }, () => false);
    try {
      revoked.outbox.add("c2", message.to, message.text);
      await until("it is given up", () => revoked.told.at(-1)?.status === "failed");
      assert.equal(revoked.told.at(-1)?.why, "the link no longer waits to be opened");
      assert.equal(revoked.outbox.counters.sent, 0);
    } finally {
      await revoked.close();
    }
  }));

test("every language's message holds agency and link, in two text messages at most, three where its alphabet takes UCS-2", () => {
  const url = `https://112.brownsville.example/c/${newToken()}`;
  for (const language of languages) {
    const text = smsText(language, "Brownsville 112", url, 15);
    assert.ok(text.includes("Brownsville 112") && text.endsWith(url), text);
    // Joined messages have 153 characters each in GSM 03.38, or 67 in UCS-2 (3GPP TS 23.040, 9.2.3.24.1).
    const ucs2 = /[^\x20-\x7eéèàùäöüñÄÖÜß¡¿]/.test(text);
    const parts = Math.ceil(text.length / (ucs2 ? 67 : 153));
    assert.ok(parts <= (ucs2 ? 3 : 2), `${language}: ${text.length} characters, ${parts} messages`);
  }
});

test.run();
