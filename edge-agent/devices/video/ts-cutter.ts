/**
 * Cuts an MPEG transport stream (ISO/IEC 13818-1) at keyframes into pieces that play by themselves, and lets through the one video stream that its
 * program map names, and nothing else: whatever else might come in it is dropped and counted.
 */
const PACKET_BYTES = 188;
const SYNC = 0x47;
const VIDEO_TYPES = new Set([0x1b, 0x24, 0x02]);

export interface CutPiece {
  bytes: Buffer;
  startedAtMs: number;
  endedAtMs: number;
}

export class TsCutter {
  readonly #leastMs: number;
  readonly #onPiece: (piece: CutPiece) => void;
  #held: Buffer = Buffer.alloc(0);
  #tables: Buffer[] = [];
  #mapPid: number | undefined;
  #videoPid: number | undefined;
  #parts: Buffer[] = [];
  #startedAtMs: number | undefined;
  #newestMs = 0;
  /** Packets of streams that are not the video's. */
  foreign = 0;

  /** @param leastMs a piece is cut at the first keyframe after so long. */
  constructor(leastMs: number, onPiece: (piece: CutPiece) => void) {
    this.#leastMs = leastMs;
    this.#onPiece = onPiece;
  }

  /** Of the piece that is not finished yet; undefined where there is none. */
  get current(): { startedAtMs: number; endedAtMs: number } | undefined {
    return this.#startedAtMs === undefined ? undefined : { startedAtMs: this.#startedAtMs, endedAtMs: this.#newestMs };
  }

  push(bytes: Buffer, nowMs: number): void {
    let rest: Buffer = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes;
    while (rest.length >= PACKET_BYTES) {
      if (rest[0] !== SYNC) {
        const next = rest.indexOf(SYNC, 1);
        rest = next < 0 ? rest.subarray(rest.length) : rest.subarray(next);
        continue;
      }
      this.#packet(rest.subarray(0, PACKET_BYTES), nowMs);
      rest = rest.subarray(PACKET_BYTES);
    }
    this.#held = Buffer.from(rest);
  }

  /** Hands out what has come of the current piece. */
  flush(): void {
    if (this.#startedAtMs !== undefined && this.#parts.length > 0) {
      const bytes = Buffer.concat(this.#parts);
      this.#onPiece({ bytes, startedAtMs: this.#startedAtMs, endedAtMs: this.#newestMs });
    }
    this.#parts = [];
    this.#startedAtMs = undefined;
  }

  #packet(packet: Buffer, nowMs: number): void {
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const starts = (packet[1]! & 0x40) !== 0;
    if (pid === 0) {
      this.#mapPid = mapPidOf(packet) ?? this.#mapPid;
      this.#tables = [Buffer.from(packet)];
      this.#add(packet);
    } else if (pid === this.#mapPid) {
      this.#videoPid = videoPidOf(packet) ?? this.#videoPid;
      this.#tables = [this.#tables[0]!, Buffer.from(packet)];
      this.#add(packet);
    } else if (pid === this.#videoPid) {
      if (starts && isRandomAccess(packet)) this.#keyframe(nowMs);
      this.#newestMs = nowMs;
      this.#add(packet);
    } else if (pid !== 0x1fff && pid !== 0x11) this.foreign++;
  }

  #keyframe(nowMs: number): void {
    if (this.#startedAtMs !== undefined && nowMs - this.#startedAtMs < this.#leastMs) return;
    this.flush();
    this.#startedAtMs = nowMs;
    this.#parts = this.#tables.map((table) => Buffer.from(table));
  }

  #add(packet: Buffer): void {
    if (this.#startedAtMs !== undefined) this.#parts.push(Buffer.from(packet));
  }
}

function payloadOf(packet: Buffer): Buffer {
  const control = (packet[3]! >> 4) & 3;
  if ((control & 1) === 0) return packet.subarray(PACKET_BYTES);
  return packet.subarray(control === 3 ? Math.min(PACKET_BYTES, 5 + packet[4]!) : 4);
}

/** Adaptation field with random_access_indicator (2.4.3.5). */
function isRandomAccess(packet: Buffer): boolean {
  return ((packet[3]! >> 4) & 2) !== 0 && packet[4]! > 0 && (packet[5]! & 0x40) !== 0;
}

/** Program association section (2.4.4.3): the map of the first program. */
function mapPidOf(packet: Buffer): number | undefined {
  const payload = payloadOf(packet);
  const at = 1 + (payload[0] ?? 0);
  return payload.length >= at + 12 ? payload.readUInt16BE(at + 10) & 0x1fff : undefined;
}

/** Program map section (2.4.4.8): the first video stream. */
function videoPidOf(packet: Buffer): number | undefined {
  const payload = payloadOf(packet);
  const at = 1 + (payload[0] ?? 0);
  if (payload.length < at + 12) return undefined;
  const end = Math.min(payload.length, at + 3 + (payload.readUInt16BE(at + 1) & 0xfff) - 4);
  let stream = at + 12 + (payload.readUInt16BE(at + 10) & 0xfff);
  while (stream + 5 <= end) {
    if (VIDEO_TYPES.has(payload[stream]!)) return payload.readUInt16BE(stream + 1) & 0x1fff;
    stream += 5 + (payload.readUInt16BE(stream + 3) & 0xfff);
  }
  return undefined;
}
