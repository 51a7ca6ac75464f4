/** The gateway as a console sees it: logged in, with the live connection open and what it said kept. */
import { Fault } from "#contract/errors.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { NodeState } from "#contract/node.ts";
import type { Health, IncidentDetail, LiveEvent } from "#contract/ops-api.ts";

export class OpsClient {
  readonly url: string;
  readonly #cookie: string;
  readonly #listeners = new Set<() => void>();
  readonly #gaveUp = new AbortController();
  #socket: WebSocket | undefined;
  #closed = false;
  readonly nodes = new Map<string, NodeState>();
  readonly incidents = new Map<string, IncidentState>();
  /** Newest flight state of each drone. */
  readonly flights = new Map<string, unknown>();
  /** Newest `control/state` of each drone. */
  readonly controls = new Map<string, unknown>();
  health: Health | undefined;

  constructor(url: string, cookie: string) {
    this.url = url;
    this.#cookie = cookie;
    this.#connect();
  }

  /** Resolves to what `fact` gives once it gives something; looks after every live event. Rejects when this is closed. */
  until<T>(what: string, limitMs: number, fact: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#gaveUp;
      const over = () => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        signal.removeEventListener("abort", closed);
      };
      const closed = () => {
        over();
        reject(new Fault("failed", `closed while it waited for ${what}`));
      };
      const timer = setTimeout(() => {
        over();
        reject(new Fault("failed", `waited ${limitMs / 1000} s for ${what}`));
      }, limitMs);
      const look = () => {
        const found = fact();
        if (found === undefined) return;
        over();
        resolve(found);
      };
      this.#listeners.add(look);
      signal.addEventListener("abort", closed);
      if (signal.aborted) closed();
      else look();
    });
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.url}/api${path}`, { headers: { cookie: this.#cookie } });
    if (!answer.ok) throw new Fault("failed", `GET ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    const headers = { cookie: this.#cookie, "content-type": "application/json", origin: this.url };
    const answer = await fetch(`${this.url}/api${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Fault("failed", `POST ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  detail(incident: string): Promise<IncidentDetail> {
    return this.get(`/incidents/${encodeURIComponent(incident)}`);
  }

  close(): void {
    this.#closed = true;
    this.#gaveUp.abort();
    this.#socket?.close();
  }

  #connect(): void {
    // Node's WebSocket (undici) takes headers; the type of the browser's does not know them.
    const options = { headers: { cookie: this.#cookie, origin: this.url } } as unknown as string[];
    const socket = new WebSocket(`${this.url.replace(/^http/, "ws")}/api/live`, options);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      this.#take(JSON.parse(String(data)) as LiveEvent);
      for (const listener of [...this.#listeners]) listener();
    };
    socket.onclose = () => {
      if (!this.#closed) setTimeout(() => !this.#closed && this.#connect(), 300);
    };
    socket.onerror = () => {};
  }

  #take(event: LiveEvent): void {
    switch (event.type) {
      case "snapshot":
        for (const node of event.nodes) this.nodes.set(node.node, node);
        for (const incident of event.incidents) this.incidents.set(incident.incident, incident);
        this.health = event.health;
        break;
      case "incident":
        this.incidents.set(event.incident.incident, event.incident);
        break;
      case "node":
        this.nodes.set(event.node.node, event.node);
        break;
      case "health":
        this.health = event.health;
        break;
      case "message":
        if (event.channel === "control/state")
          this.controls.set((event.message as { node: string }).node, event.message);
        break;
      case "flight":
        this.flights.set((event.state as { node: string }).node, event.state);
        break;
    }
  }
}

/** Logs in; the session's cookie is kept in memory only. */
export async function openConsole(url: string, user: string, password: string): Promise<OpsClient> {
  const answer = await fetch(`${url}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ user, password }),
  });
  if (!answer.ok) throw new Fault("failed", `log-in of ${user}: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers
    .getSetCookie()
    .map((each) => each.split(";")[0])
    .join("; ");
  return new OpsClient(url, cookie);
}
