/**
 * The network side of a simulated camera: an RTSP server (RFC 2326) over TCP. What an encoder records into it (ANNOUNCE, RECORD) any number
 * of players get (DESCRIBE, SETUP, PLAY), media interleaved. It can be unplugged, frozen and given a password while it runs.
 */
import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { type CameraAccount, RtspAuth } from "./rtsp-auth.ts";
import { RtspParser, type RtspRequest } from "./rtsp-wire.ts";

/** A player that is this far behind loses packets, as it would from a real camera. */
const MAX_BEHIND_BYTES = 4 * 2 ** 20;
/** What it understands. */
const METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, ANNOUNCE, RECORD, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

interface Stream {
  sdp: string;
  tracks: number;
  publisher: Socket | undefined;
}

interface Peer {
  socket: Socket;
  session: string;
  path: string;
  /** Of a player: its interleaved channel of each track that it set up. */
  channels: Map<number, number>;
  playing: boolean;
  publishing: boolean;
}

export class RtspServer {
  readonly counters = { players: 0, refused: 0, packetsOut: 0, packetsDropped: 0, audioPacketsOut: 0, setups: 0 };
  readonly #host: string;
  readonly #auth: RtspAuth | undefined;
  /** Who knows it may publish: the encoders that this program starts. */
  readonly #secret = randomBytes(12).toString("hex");
  readonly #streams = new Map<string, Stream>();
  readonly #peers = new Set<Peer>();
  readonly #away = new Set<string>();
  readonly #frozen = new Set<string>();
  #server: Server | undefined;

  constructor({ host = "127.0.0.1", account }: { host?: string; account?: CameraAccount | undefined } = {}) {
    this.#host = host;
    this.#auth = account && new RtspAuth(account);
  }

  /** Resolves when it listens. Port 0 takes a free one. */
  async listen(port = 0): Promise<void> {
    const server = createServer((socket) => this.#connected(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, this.#host, resolve);
    });
  }

  get port(): number {
    const address = this.#server?.address();
    if (address === null || typeof address !== "object") throw new Error("the server does not listen");
    return address.port;
  }

  /** Where players find the stream. */
  urlOf(name: string): string {
    return `rtsp://${this.#host}:${this.port}/${name}`;
  }

  /** Where an encoder records the stream to. */
  publishUrlOf(name: string): string {
    return `rtsp://${this.#host}:${this.port}/${this.#secret}/${name}`;
  }

  has(name: string): boolean {
    return this.#streams.get(name)?.publisher !== undefined;
  }

  players(name: string): number {
    return [...this.#peers].filter((peer) => peer.path === name && peer.playing).length;
  }

  /** As if the network cable were pulled: connections end, new ones find no stream. */
  unplug(name: string): void {
    this.#away.add(name);
    for (const peer of this.#peers) if (peer.path === name && !peer.publishing) peer.socket.destroy();
  }

  plug(name: string): void {
    this.#away.delete(name);
  }

  /** Connections stay, pictures stop. */
  freeze(name: string): void {
    this.#frozen.add(name);
  }

  thaw(name: string): void {
    this.#frozen.delete(name);
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#server) this.#server.close(() => resolve());
    else resolve();
    for (const peer of this.#peers) peer.socket.destroy();
    await promise;
  }

  #connected(socket: Socket): void {
    socket.setNoDelay(true);
    const peer: Peer = {
      socket,
      session: randomBytes(8).toString("hex"),
      path: "",
      channels: new Map(),
      playing: false,
      publishing: false,
    };
    this.#peers.add(peer);
    const parser = new RtspParser({
      onRequest: (request) => this.#answer(peer, request),
      onInterleaved: (channel, packet) => {
        if (peer.publishing) this.#forward(peer.path, channel, packet);
      },
    });
    socket.on("data", (bytes) => {
      try {
        parser.push(bytes);
      } catch {
        socket.destroy();
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#peers.delete(peer);
      const stream = this.#streams.get(peer.path);
      if (peer.publishing && stream?.publisher === socket) {
        stream.publisher = undefined;
        for (const other of this.#peers) if (other.path === peer.path) other.socket.destroy();
      }
    });
  }

  #answer(peer: Peer, request: RtspRequest) {
    const { method, headers } = request;
    const reply = (status: string, more: Record<string, string> = {}, body = "") => {
      const lines = Object.entries({
        CSeq: headers.get("cseq") ?? "0",
        ...more,
        ...(body && { "Content-Length": String(Buffer.byteLength(body)) }),
      }).map(([name, value]) => `${name}: ${value}`);
      peer.socket.write(`RTSP/1.0 ${status}\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
    };
    if (method === "OPTIONS") {
      reply("200 OK", { Public: METHODS });
      return;
    }
    let parts: string[];
    try {
      parts = new URL(request.url).pathname.split("/").filter(Boolean);
    } catch {
      reply("400 Bad Request");
      return;
    }
    const publishes = parts[0] === this.#secret;
    if (publishes) parts.shift();
    const track = /^(?:streamid|trackid)=(\d+)$/i.exec(parts.at(-1) ?? "")?.[1];
    const name = (track === undefined ? parts : parts.slice(0, -1)).join("/");
    if (!publishes && this.#auth && !this.#auth.accepts(request)) {
      this.counters.refused++;
      reply("401 Unauthorized", { "WWW-Authenticate": this.#auth.challenge });
      return;
    }
    const stream = this.#streams.get(name);
    const Session = peer.session;
    switch (method) {
      case "ANNOUNCE":
        if (!publishes) return reply("403 Forbidden");
        peer.path = name;
        peer.publishing = true;
        this.#streams.set(name, {
          sdp: request.body,
          tracks: request.body.match(/^m=/gm)?.length ?? 0,
          publisher: peer.socket,
        });
        return reply("200 OK", { Session });
      case "RECORD":
        return peer.publishing ? reply("200 OK", { Session }) : reply("455 Method Not Valid in This State");
      case "DESCRIBE":
        if (!stream?.publisher || this.#away.has(name)) return reply("404 Not Found");
        return reply("200 OK", { "Content-Base": `${request.url}/`, "Content-Type": "application/sdp" }, stream.sdp);
      case "SETUP": {
        const transport = headers.get("transport") ?? "";
        const channel = Number(/interleaved=(\d+)/.exec(transport)?.[1] ?? Number.NaN);
        if (!stream || this.#away.has(name)) return reply("404 Not Found");
        if (!/\/TCP/i.test(transport) || Number.isNaN(channel)) return reply("461 Unsupported Transport");
        if (!peer.publishing) {
          peer.path = name;
          peer.channels.set(Number(track ?? 0), channel);
          this.counters.setups++;
        }
        return reply("200 OK", {
          Session,
          Transport: `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}${peer.publishing ? ";mode=record" : ""}`,
        });
      }
      case "PLAY":
        if (peer.channels.size === 0) return reply("455 Method Not Valid in This State");
        peer.playing = true;
        this.counters.players++;
        return reply("200 OK", { Session, Range: "npt=now-" });
      case "GET_PARAMETER":
      case "SET_PARAMETER":
        return reply("200 OK", { Session });
      case "TEARDOWN":
        reply("200 OK", { Session });
        peer.socket.end();
        return;
      default:
        reply("405 Method Not Allowed", { Allow: METHODS });
    }
  }

  #forward(name: string, channel: number, packet: Buffer): void {
    if (this.#frozen.has(name)) return;
    const track = channel >> 1;
    const isAudio = /^m=audio/m.test((this.#streams.get(name)?.sdp ?? "").split(/(?=^m=)/m)[track + 1] ?? "");
    for (const peer of this.#peers) {
      const to = peer.playing && peer.path === name ? peer.channels.get(track) : undefined;
      if (to === undefined) continue;
      if (peer.socket.writableLength > MAX_BEHIND_BYTES) {
        this.counters.packetsDropped++;
        continue;
      }
      const copy = Buffer.from(packet);
      copy[1] = to + (channel & 1);
      peer.socket.write(copy);
      this.counters.packetsOut++;
      if (isAudio) this.counters.audioPacketsOut++;
    }
  }
}
