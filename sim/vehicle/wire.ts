/** MAVLink 2 over UDP, as a vehicle's telemetry radio: it can be cut, made lossy and made late. https://mavlink.io/en/guide/serialization.html */
import { createSocket, type Socket } from "node:dgram";
import {
  common,
  type MavLinkData,
  type MavLinkPacket,
  MavLinkPacketParser,
  type MavLinkPacketRegistry,
  MavLinkPacketSplitter,
  MavLinkProtocolV2,
  minimal,
  standard,
} from "node-mavlink";

const registry: MavLinkPacketRegistry = { ...minimal.REGISTRY, ...standard.REGISTRY, ...common.REGISTRY };

/** A message as it came in, with who sent it. */
export interface Received {
  message: MavLinkData;
  name: string;
  systemId: number;
  componentId: number;
}

export interface Radio {
  /** Nothing passes, either way. */
  down: boolean;
  /** Share of packets lost, each way, 0 to 1. */
  loss: number;
  /** Delay each way, milliseconds. */
  delayMs: number;
}

export class Wire {
  readonly radio: Radio = { down: false, loss: 0, delayMs: 0 };
  readonly counters = { sent: 0, received: 0, cut: 0 };
  readonly #socket: Socket = createSocket("udp4");
  readonly #splitter = new MavLinkPacketSplitter();
  readonly #protocols = new Map<number, MavLinkProtocolV2>();
  readonly #host: string;
  readonly #port: number;
  readonly #systemId: number;
  readonly #random: () => number;
  #sequence = 0;
  #closed = false;

  /** Sends to `host:port`, where the ground listens; answers come back to our own port. */
  constructor(options: {
    host: string;
    port: number;
    systemId: number;
    random: () => number;
    onMessage: (received: Received) => void;
  }) {
    this.#host = options.host;
    this.#port = options.port;
    this.#systemId = options.systemId;
    this.#random = options.random;
    const parser = new MavLinkPacketParser();
    this.#splitter.pipe(parser);
    parser.on("data", (packet: MavLinkPacket) => {
      const type = registry[packet.header.msgid];
      if (type === undefined) return;
      this.counters.received++;
      options.onMessage({
        message: packet.protocol.data(packet.payload, type),
        name: type.MSG_NAME,
        systemId: packet.header.sysid,
        componentId: packet.header.compid,
      });
    });
    this.#socket.on("message", (datagram) => this.#pass(() => this.#splitter.write(datagram)));
    // A ground that is not there yet answers with ICMP port unreachable: the radio keeps talking.
    this.#socket.on("error", () => {});
  }

  async open(): Promise<void> {
    await new Promise<void>((done) => this.#socket.bind(0, "127.0.0.1", done));
  }

  send(message: MavLinkData, componentId = 1): void {
    let protocol = this.#protocols.get(componentId);
    if (protocol === undefined) {
      protocol = new MavLinkProtocolV2(this.#systemId, componentId);
      this.#protocols.set(componentId, protocol);
    }
    const bytes = protocol.serialize(message, this.#sequence++ & 0xff);
    this.#pass(() => {
      this.counters.sent++;
      this.#socket.send(bytes, this.#port, this.#host);
    });
  }

  #pass(deliver: () => void) {
    if (this.#closed) return;
    if (this.radio.down || (this.radio.loss > 0 && this.#random() < this.radio.loss)) {
      this.counters.cut++;
      return;
    }
    if (this.radio.delayMs <= 0) return deliver();
    setTimeout(() => {
      if (!this.#closed) deliver();
    }, this.radio.delayMs);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    this.#splitter.destroy();
  }
}
