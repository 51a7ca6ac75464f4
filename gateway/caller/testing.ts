/** What tests of the caller link share: a gateway with it in this process, an operator, and a phone without a browser. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CallerDetail, CallerMade, CallerView } from "#contract/caller.ts";
import type { LinkView, PhoneHears, PhoneSay } from "#contract/caller-phone.ts";
import type { IncidentDetail } from "#contract/ops-api.ts";
import type { StreamView } from "#contract/video.ts";
import { parseGatewayConfig } from "../config.ts";
import { type Gateway, startGateway } from "../main.ts";
import { makeConfigText, makeFolder, makeLog, PASSWORD } from "../testing.ts";
import type { Saying } from "./page/say-queue.ts";

export const AGENCY = "Testville 112";
const json = { "content-type": "application/json" };

export interface CallerWorld {
  gateway: Gateway;
  url: string;
  folder: string;
  operator: Operator;
  lines: string[];
  /** The same data, a new process's memory. */
  restart: () => Promise<void>;
  stop: () => Promise<void>;
}

/** @param callers YAML of `callers` beside agency and file adapter; `video` of the relay, which is off without it. */
export async function callerWorld(callers = "", video = "enabled: false"): Promise<CallerWorld> {
  const { folder, remove } = makeFolder();
  const sms = callers.includes("sms:") ? "" : ", sms: { kind: file, path: texts.jsonl }";
  const more = callers ? `, ${callers}` : "";
  const parts = [
    "flows: { enabled: false }",
    `video: { ${video} }`,
    `callers: { agency: "${AGENCY}", emergencyNumber: "112"${sms}${more} }`,
  ];
  const config = parseGatewayConfig(await makeConfigText(folder, parts.join("\n")), join(folder, "gateway.yaml"));
  const { log, lines } = makeLog();
  const gateway = await startGateway(config, log);
  // A page comes back to the address that it knows.
  config.listen.http.port = gateway.ports.http;
  const url = `http://127.0.0.1:${gateway.ports.http}`;
  const world: CallerWorld = {
    gateway,
    url,
    folder,
    operator: new Operator(url),
    lines,
    restart: async () => {
      await world.gateway.close();
      world.gateway = await startGateway(config, log);
    },
    stop: async () => {
      await world.gateway.close();
      remove();
    },
  };
  return world;
}

/** Text messages that the file adapter has written. */
export function textsOf({ folder }: CallerWorld): { to: string; text: string }[] {
  try {
    return readFileSync(join(folder, "texts.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { to: string; text: string });
  } catch {
    return [];
  }
}

/** A logged-in person. */
export class Operator {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();

  constructor(url: string) {
    this.#url = url;
  }

  async cookie(user = "ann"): Promise<string> {
    const known = this.#cookies.get(user);
    if (known) return known;
    const body = JSON.stringify({ user, password: PASSWORD });
    const answer = await fetch(`${this.#url}/api/session`, { method: "POST", headers: json, body });
    const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    this.#cookies.set(user, cookie);
    return cookie;
  }

  async ask(method: string, path: string, body?: unknown, user?: string, headers = {}): Promise<Response> {
    return fetch(this.#url + path, {
      method,
      headers: { ...(body !== undefined && json), cookie: await this.cookie(user), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async make(ask: unknown = {}): Promise<CallerMade & { token: string }> {
    const answer = await this.ask("POST", "/api/callers", ask);
    if (answer.status !== 201) throw new Error(`no link: ${answer.status} ${await answer.text()}`);
    const made = (await answer.json()) as CallerMade;
    return { ...made, token: made.url.split("/").at(-1) ?? "" };
  }

  async detail(id: string): Promise<CallerDetail> {
    return (await (await this.ask("GET", `/api/callers/${id}`)).json()) as CallerDetail;
  }

  async view(id: string): Promise<CallerView> {
    return (await this.detail(id)).caller;
  }

  async incident(id: string): Promise<IncidentDetail> {
    return (await (await this.ask("GET", `/api/incidents/${id}`)).json()) as IncidentDetail;
  }

  /** A stream as consoles see it. */
  async stream(name: string): Promise<StreamView | undefined> {
    const { streams } = (await (await this.ask("GET", "/api/video/streams")).json()) as { streams: StreamView[] };
    return streams.find(({ stream }) => stream === name);
  }

  /** Texts of an incident's record, without who looked. */
  async record(incident: string): Promise<string[]> {
    const { timeline } = await this.incident(incident);
    return timeline.filter(({ kind }) => kind !== "viewed").map(({ text }) => text);
  }
}

/** A phone of its own: one cookie jar. */
export class FakePhone {
  cookie = "";
  readonly #base: string;
  #said = 0;

  constructor(url: string, token: string) {
    this.#base = `${url}/c/${token}`;
  }

  ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const bytes = body instanceof Uint8Array;
    return fetch(this.#base + path, {
      method,
      headers: { ...(body !== undefined && !bytes && json), ...(this.cookie && { cookie: this.cookie }), ...headers },
      ...(body !== undefined && { body: bytes ? Buffer.from(body) : JSON.stringify(body) }),
    });
  }

  async link(): Promise<LinkView> {
    return (await (await this.ask("GET", "/link")).json()) as LinkView;
  }

  /** The tap. @returns the status. */
  async open(language?: string): Promise<number> {
    const answer = await this.ask("POST", "/open", language ? { language } : {});
    const cookie = answer.headers.get("set-cookie");
    if (cookie) this.cookie = cookie.split(";")[0] ?? "";
    await answer.arrayBuffer();
    return answer.status;
  }

  /** With ids and ages, where none are given. */
  dress(...sayings: (Saying & { id?: string; agoS?: number })[]): PhoneSay[] {
    return sayings.map((saying) => ({ id: `said-by-test-${++this.#said}`, agoS: 0, ...saying }) as PhoneSay);
  }

  async say(...sayings: (Saying & { id?: string; agoS?: number })[]): Promise<PhoneHears> {
    const answer = await this.ask("POST", "/say", { says: this.dress(...sayings), heard: 0 });
    if (answer.status !== 200) throw new Error(`not taken: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as PhoneHears;
  }
}
