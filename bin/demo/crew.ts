/** A pretend patrol car with a terminal: says where it is and whether it is free, answers a call for backup, drives there. */
import { connectAsync, type MqttClient } from "mqtt";
import { ulid } from "ulid";
import { type BackupCall, type BackupReply, backupAnswer, backupCall, backupUnit } from "#contract/backup.ts";
import { topicOf } from "#contract/topics.ts";
import { utcOfNs } from "#contract/units.ts";
import { distanceM, type LatLon } from "#core/handoff/local.ts";

const SAYS_EVERY_MS = 10_000;
const READS_MS = 1500;
/** While it drives its place is old at once. */
const DRIVING_SAYS_EVERY_MS = 1000;

export interface CrewOptions {
  mqttPort: number;
  site: string;
  name: string;
  secret: string;
  at: LatLon;
  /** Along the straight line: the demo has no streets to drive. */
  speedMps: number;
}

export class Crew {
  readonly calls: BackupCall[] = [];
  readonly #options: CrewOptions;
  readonly #client: MqttClient;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #answered = new Set<string>();
  #at: LatLon;
  /** The call that it goes to or is at. */
  #goesTo: string | undefined;
  #closed = false;

  private constructor(options: CrewOptions, client: MqttClient) {
    this.#options = options;
    this.#client = client;
    this.#at = options.at;
  }

  static async start(options: CrewOptions): Promise<Crew> {
    const { mqttPort, name, secret, site } = options;
    const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
      clientId: name,
      username: name,
      password: secret,
    });
    const crew = new Crew(options, client);
    client.on("message", (_topic, payload) => crew.#called(JSON.parse(payload.toString()) as BackupCall));
    await client.subscribeAsync(topicOf(backupCall, site, name), { qos: 1 });
    await crew.#here();
    crew.#timers.add(setInterval(() => void crew.#here(), SAYS_EVERY_MS));
    return crew;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#client.endAsync(true);
  }

  #called(call: BackupCall): void {
    this.calls.push(call);
    if (call.over !== undefined) {
      if (this.#goesTo !== call.call) return;
      this.#goesTo = undefined;
      void this.#here();
      return;
    }
    if (this.#answered.has(call.call)) return;
    this.#answered.add(call.call);
    this.#later(READS_MS, async () => {
      if (this.#goesTo !== undefined) return this.#answer(call.call, "declined", "at another call");
      this.#goesTo = call.call;
      await this.#answer(call.call, "accepted", "on our way");
      await this.#drive(call.call, call.place);
    });
  }

  /** A step at a time, until it is there or nobody needs to come any more. */
  async #drive(call: string, place: LatLon): Promise<void> {
    if (this.#goesTo !== call) return;
    const leftM = distanceM(this.#at, place);
    const stepM = (this.#options.speedMps * DRIVING_SAYS_EVERY_MS) / 1000;
    const share = Math.min(1, stepM / leftM);
    const { lat, lon } = this.#at;
    this.#at = { lat: lat + share * (place.lat - lat), lon: lon + share * (place.lon - lon) };
    await this.#here();
    if (share === 1) await this.#answer(call, "onScene", "we are there");
    else this.#later(DRIVING_SAYS_EVERY_MS, () => this.#drive(call, place));
  }

  #later(ms: number, what: () => Promise<void>): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void what().catch((error: unknown) => {
        if (!this.#closed) throw error;
      });
    }, ms);
    this.#timers.add(timer);
  }

  async #answer(call: string, answer: BackupReply, text: string): Promise<void> {
    const { site, name } = this.#options;
    const message = { ...this.#envelope(), call, unit: name, answer, text };
    await this.#client.publishAsync(topicOf(backupAnswer, site, name), JSON.stringify(message), { qos: 1 });
  }

  async #here(): Promise<void> {
    const { site, name } = this.#options;
    const status = this.#goesTo === undefined ? "available" : "busy";
    const message = { ...this.#envelope(), ...this.#at, posSigmaM: 8, status };
    const options = { qos: 1 as const, retain: true };
    await this.#client.publishAsync(topicOf(backupUnit, site, name), JSON.stringify(message), options);
  }

  #envelope() {
    const at = utcOfNs(BigInt(Date.now()) * 1_000_000n);
    return { v: 1 as const, id: ulid(), node: this.#options.name, at };
  }
}
