/**
 * Where our ffmpeg children put the encoded pictures: a small RTSP recorder (RFC 2326 ANNOUNCE, SETUP, RECORD) on loopback. Over TCP nothing is
 * lost and a slow reader holds the writer up, which RTP over UDP to ourselves would not give. Each child has a secret path of its own.
 *
 * One video stream is taken and nothing else: an announced audio stream is refused, a packet on another channel is dropped, both counted.
 */
import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";

export interface IngestEvents {
  /** What the child will send. */
  onAnnounce(sdp: VideoSdp): void;
  /** An RTP packet, valid only during the call. */
  onRtp(packet: Buffer): void;
  /** A child wanted to send sound, or sent on a channel that is not the picture's. */
  onForeign(kind: "audio" | "packet"): void;
}

export interface VideoSdp {
  /** Name in `a=rtpmap`, upper case: H264, H265, VP8, JPEG ... */
  encoding: string;
  fmtp: string;
}

export interface IngestPlace {
  url: string;
  close(): void;
}

const MAX_HEAD_BYTES = 65_536;

/** Video of an SDP; undefined where it has none. */
export function videoOf(sdp: string): VideoSdp | undefined {
  const section = sdp.split(/\r?\n(?=m=)/).find((part) => part.startsWith("m=video"));
  if (section === undefined) return undefined;
  return {
    encoding: (/^a=rtpmap:\d+ ([^/\s]+)/m.exec(section)?.[1] ?? "").toUpperCase(),
    fmtp: /^a=fmtp:\d+ (.+?)\r?$/m.exec(section)?.[1] ?? "",
  };
}

export class RtspIngest {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #places = new Map<string, IngestEvents>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#connected(socket));
  }

  /** Listens on a free port of loopback. */
  static async open(): Promise<RtspIngest> {
    const server = createServer();
    const ingest = new RtspIngest(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return ingest;
  }

  /** A place for one child. */
  place(events: IngestEvents): IngestPlace {
    const secret = randomBytes(16).toString("hex");
    this.#places.set(secret, events);
    const address = this.#server.address() as { port: number };
    return {
      url: `rtsp://127.0.0.1:${address.port}/${secret}`,
      close: () => this.#places.delete(secret),
    };
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    const child = new Child(socket, (secret) => this.#places.get(secret));
    socket.on("data", (bytes) => {
      if (!child.take(bytes)) socket.destroy();
    });
  }
}

/** One connection of a child. */
class Child {
  readonly #socket: Socket;
  readonly #find: (secret: string) => IngestEvents | undefined;
  #held: Buffer = Buffer.alloc(0);
  #secret = "";
  /** Interleaved channel of the picture's RTP. */
  #channel: number | undefined;

  constructor(socket: Socket, find: (secret: string) => IngestEvents | undefined) {
    this.#socket = socket;
    this.#find = find;
  }

  /** False where it is not one of our children, or no longer wanted. */
  take(bytes: Buffer): boolean {
    let rest: Buffer = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes;
    for (;;) {
      const used = rest[0] === 0x24 ? this.#frame(rest) : this.#request(rest);
      if (used < 0) return false;
      if (used === 0) break;
      rest = rest.subarray(used);
    }
    this.#held = Buffer.from(rest);
    return true;
  }

  #frame(bytes: Buffer): number {
    if (bytes.length < 4) return 0;
    const size = 4 + bytes.readUInt16BE(2);
    if (bytes.length < size) return 0;
    const events = this.#find(this.#secret);
    if (!events) return -1;
    const channel = bytes[1]!;
    if (channel === this.#channel) events.onRtp(bytes.subarray(4, size));
    // The channel after it carries ffmpeg's sender reports, which nobody needs.
    else if (channel !== (this.#channel ?? -2) + 1) events.onForeign("packet");
    return size;
  }

  #request(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) return bytes.length > MAX_HEAD_BYTES ? -1 : 0;
    const head = bytes.toString("latin1", 0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const size = end + 4 + length;
    if (length > MAX_HEAD_BYTES) return -1;
    if (bytes.length < size) return 0;
    const [, method = "", url = ""] = /^([A-Z_]+) (\S+)/.exec(head) ?? [];
    const secret = /^rtsp:\/\/[^/]+\/([0-9a-f]{32})/.exec(url)?.[1] ?? "";
    const events = this.#find(secret);
    if (method === "" || !events) return -1;
    this.#secret = secret;
    const sequence = /^cseq: *(\d+)/im.exec(head)?.[1] ?? "0";
    const reply = (status: string, more = "") =>
      this.#socket.write(`RTSP/1.0 ${status}\r\nCSeq: ${sequence}\r\nSession: 1\r\n${more}\r\n`);
    if (method === "ANNOUNCE") {
      const body = bytes.toString("utf8", end + 4, size);
      const video = videoOf(body);
      if (/^m=audio/m.test(body) || !video) {
        events.onForeign("audio");
        reply("406 Not Acceptable");
        return -1;
      }
      events.onAnnounce(video);
      reply("200 OK");
    } else if (method === "SETUP") {
      const channel = Number(/interleaved=(\d+)/.exec(head)?.[1] ?? 0);
      this.#channel ??= channel;
      reply("200 OK", `Transport: RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1};mode=record\r\n`);
    } else reply("200 OK", method === "OPTIONS" ? "Public: ANNOUNCE, SETUP, RECORD, TEARDOWN\r\n" : "");
    return size;
  }
}
