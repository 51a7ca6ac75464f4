/** A pretend patrol car with a terminal: says where it is, answers a call for backup, drives there. */
import { connectAsync, type MqttClient } from "mqtt";
import { ulid } from "ulid";
import { type BackupCall, type BackupReply, backupAnswer, backupCall, backupUnit } from "#contract/backup.ts";
import { topicOf } from "#contract/topics.ts";
import { utcOfNs } from "#contract/units.ts";

const SAYS_EVERY_MS = 10_000;
const READS_MS = 1500;

export interface CrewOptions {
  mqttPort: number;
  site: string;
  name: string;
  secret: string;
  at: { lat: number; lon: number };
  /** Until it is there, whatever the distance: the demo has no streets to drive. */
  drivesS: number;
}

export class Crew {
  readonly calls: BackupCall[] = [];
  readonly #options: CrewOptions;
  readonly #client: MqttClient;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #answered = new Set<string>();

  private constructor(options: CrewOptions, client: MqttClient) {
    this.#options = options;
    this.#client = client;
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
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#client.endAsync(true);
  }

  #called(call: BackupCall): void {
    this.calls.push(call);
    if (call.over !== undefined || this.#answered.has(call.call)) return;
    this.#answered.add(call.call);
    this.#later(READS_MS, () => this.#answer(call.call, "accepted", "on our way"));
    this.#later(READS_MS + this.#options.drivesS * 1000, () => this.#answer(call.call, "onScene", "we are there"));
  }

  #later(ms: number, what: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void what();
    }, ms);
    this.#timers.add(timer);
  }

  async #answer(call: string, answer: BackupReply, text: string): Promise<void> {
    const { site, name } = this.#options;
    const message = { ...this.#envelope(), call, unit: name, answer, text };
    await this.#client.publishAsync(topicOf(backupAnswer, site, name), JSON.stringify(message), { qos: 1 });
  }

  async #here(): Promise<void> {
    const { site, name, at } = this.#options;
    const message = { ...this.#envelope(), ...at, posSigmaM: 8, status: "available" };
    const options = { qos: 1 as const, retain: true };
    await this.#client.publishAsync(topicOf(backupUnit, site, name), JSON.stringify(message), options);
  }

  #envelope() {
    const at = utcOfNs(BigInt(Date.now()) * 1_000_000n);
    return { v: 1 as const, id: ulid(), node: this.#options.name, at };
  }
}
