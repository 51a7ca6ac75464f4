/**
 * RTSP 1.0 (RFC 2326) on one TCP connection, as a camera speaks it: requests, and RTP/RTCP interleaved between them (section 10.12).
 * Only what arrives is parsed here; who answers what is `rtsp-server.ts`.
 */
export interface RtspRequest {
  method: string;
  url: string;
  headers: ReadonlyMap<string, string>;
  body: string;
}

export interface RtspEvents {
  onRequest(request: RtspRequest): void;
  /** `packet` is the whole frame with its four bytes of header, valid only during the call. */
  onInterleaved(channel: number, packet: Buffer): void;
}

const MAX_HEAD_BYTES = 16_384;
const MAX_BODY_BYTES = 65_536;

/** Takes the bytes of a connection; throws on what is not RTSP. */
export class RtspParser {
  readonly #events: RtspEvents;
  #held: Buffer = Buffer.alloc(0);

  constructor(events: RtspEvents) {
    this.#events = events;
  }

  push(bytes: Buffer): void {
    let rest: Buffer = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes;
    while (rest.length > 0) {
      const used = rest[0] === 0x24 ? this.#interleaved(rest) : this.#request(rest);
      if (used === 0) break;
      rest = rest.subarray(used);
    }
    this.#held = Buffer.from(rest);
  }

  #interleaved(bytes: Buffer): number {
    if (bytes.length < 4) return 0;
    const size = 4 + bytes.readUInt16BE(2);
    if (bytes.length < size) return 0;
    this.#events.onInterleaved(bytes[1]!, bytes.subarray(0, size));
    return size;
  }

  #request(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) {
      if (bytes.length > MAX_HEAD_BYTES) throw new Error("a request without an end");
      return 0;
    }
    const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
    // A player's answer to nothing that was asked, such as "RTSP/1.0 200 OK", is skipped.
    const [method = "", url = ""] = first.split(" ");
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
      }),
    );
    const length = Number(headers.get("content-length") ?? 0);
    if (!(length >= 0 && length <= MAX_BODY_BYTES)) throw new Error("a body of a length that no request has");
    const size = end + 4 + length;
    if (bytes.length < size) return 0;
    if (/^[A-Z_]+$/.test(method))
      this.#events.onRequest({ method, url, headers, body: bytes.toString("utf8", end + 4, size) });
    else if (!method.startsWith("RTSP/")) throw new Error("not RTSP");
    return size;
  }
}
