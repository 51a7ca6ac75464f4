/** The flows' own connection to the broker: incidents in, notices and acknowledgements out. */
import { connect, type MqttClient } from "mqtt";
import { ulid } from "ulid";
import { type BackupCall, backupCall } from "#contract/backup.ts";
import { type Channel, type MessageOf, parseMessage } from "#contract/channel.ts";
import { type IncidentState, incidentState } from "#contract/incident.ts";
import { filterOf, parseTopic, topicOf } from "#contract/topics.ts";
import { utcOfNs } from "#contract/units.ts";

/** What an incident's notices and acknowledgements carry besides the envelope. */
type Body<C extends Channel> = Omit<MessageOf<C>, "v" | "id" | "node" | "at">;

/** What our nodes find as `RED.settings.tocsin`. */
export interface Link {
  readonly connected: boolean;
  readonly timeZone: string;
  readonly webhookUrl: string | undefined;
  /** Resolves when the broker has it. */
  publish<C extends Channel>(channel: C, body: Body<C>): Promise<void>;
  /** @returns a function that ends it. */
  onIncident(listener: (state: IncidentState) => void): () => void;
  /** Calls for backup, each with the unit that is asked. */
  onBackup(listener: (unit: string, call: BackupCall) => void): () => void;
  onConnected(listener: (connected: boolean) => void): () => void;
}

/** Messages that may wait for the broker; the gateway is on this machine, so that more means that something is wrong. */
const MAX_WAITING = 1_000;

export interface LinkOptions {
  site: string;
  timeZone: string;
  mqtt: { host: string; port: number; user: string; secret: string };
  webhookUrl?: string | undefined;
  onBroken: (text: string) => void;
}

export class MqttLink implements Link {
  readonly timeZone: string;
  readonly webhookUrl: string | undefined;
  readonly #site: string;
  readonly #user: string;
  readonly #client: MqttClient;
  readonly #incidents = new Set<(state: IncidentState) => void>();
  readonly #calls = new Set<(unit: string, call: BackupCall) => void>();
  readonly #links = new Set<(connected: boolean) => void>();
  #waiting = 0;

  constructor({ site, timeZone, mqtt: { host, port, user, secret }, webhookUrl, onBroken }: LinkOptions) {
    this.#site = site;
    this.#user = user;
    this.timeZone = timeZone;
    this.webhookUrl = webhookUrl;
    this.#client = connect({
      host,
      port,
      clientId: user,
      username: user,
      password: secret,
      // The broker keeps what comes while this process is restarted.
      clean: false,
      keepalive: 20,
      reconnectPeriod: 1_000,
    });
    this.#client.on("connect", () => {
      const filters = [filterOf(incidentState, site), filterOf(backupCall, site)];
      this.#client.subscribe(filters, { qos: 1 }, (error) => error && onBroken(error.message));
      for (const listener of this.#links) listener(true);
    });
    this.#client.on("close", () => {
      for (const listener of this.#links) listener(false);
    });
    this.#client.on("error", (error) => onBroken(error.message));
    this.#client.on("message", (topic, payload) => {
      const { channel, node } = parseTopic(topic) ?? {};
      if (channel === backupCall.name && node !== undefined) {
        const called = parseMessage(backupCall, payload);
        if (!called.ok) onBroken(`call for backup not understood: ${called.faults[0]}`);
        else for (const listener of this.#calls) listener(node, called.message);
        return;
      }
      const parsed = parseMessage(incidentState, payload);
      if (!parsed.ok) onBroken(`incident not understood: ${parsed.faults[0]}`);
      else for (const listener of this.#incidents) listener(parsed.message);
    });
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  async publish<C extends Channel>(channel: C, body: Body<C>): Promise<void> {
    if (this.#waiting >= MAX_WAITING) throw new Error(`${MAX_WAITING} messages wait for the broker already`);
    const message = {
      v: 1,
      id: ulid(),
      node: this.#user,
      at: utcOfNs(BigInt(Date.now()) * 1_000_000n),
      ...body,
    };
    const payload = JSON.stringify(message);
    // A message that the broker would turn away is said to the technician, at the node that made it.
    const parsed = parseMessage(channel, payload);
    if (!parsed.ok) throw new Error(parsed.faults.join("; "));
    this.#waiting++;
    try {
      await this.#client.publishAsync(topicOf(channel, this.#site, this.#user), payload, { qos: 1 });
    } finally {
      this.#waiting--;
    }
  }

  onIncident(listener: (state: IncidentState) => void): () => void {
    this.#incidents.add(listener);
    return () => this.#incidents.delete(listener);
  }

  onBackup(listener: (unit: string, call: BackupCall) => void): () => void {
    this.#calls.add(listener);
    return () => this.#calls.delete(listener);
  }

  onConnected(listener: (connected: boolean) => void): () => void {
    this.#links.add(listener);
    return () => this.#links.delete(listener);
  }

  close(): Promise<void> {
    return this.#client.endAsync();
  }
}
