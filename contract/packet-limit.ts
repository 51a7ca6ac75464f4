/** A limit on the size of MQTT packets, before the parser gathers them: MQTT allows 256 MB, which would fill the memory. */
import type { Socket } from "node:net";
import { Readable } from "node:stream";

/** A clip of 2 s at 96 kHz in base64 is 512 kB; nothing else comes near. */
export const MAX_PACKET_BYTES = 1_000_000;

/** Destroys the connection when a fixed header (MQTT 3.1.1, 2.2.3) announces more than `limit` bytes. */
export function limitPackets(socket: Socket, limit = MAX_PACKET_BYTES): void {
  const announces = packetLengths();
  // `push` is where a socket hands over what it read; wrapping it costs no copy and no second stream.
  socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    const length = chunk ? announces(chunk) : 0;
    if (length > limit) {
      socket.destroy(new Error(`a packet of ${length} bytes was announced; ${limit} is the limit`));
      return false;
    }
    return Readable.prototype.push.call(socket, chunk, encoding);
  };
}

/** Follows the packet boundaries of a byte stream; gives the largest Remaining Length announced in each chunk. */
export function packetLengths(): (chunk: Uint8Array) => number {
  let skip = 0;
  let inLength = false;
  let length = 0;
  let factor = 1;
  return (chunk) => {
    let largest = 0;
    for (let at = 0; at < chunk.length; ) {
      if (skip > 0) {
        const step = Math.min(skip, chunk.length - at);
        skip -= step;
        at += step;
      } else if (!inLength) {
        inLength = true;
        length = 0;
        factor = 1;
        at++;
      } else {
        const byte = chunk[at++] as number;
        length += (byte & 0x7f) * factor;
        factor *= 128;
        if ((byte & 0x80) === 0 || factor > 128 ** 3) {
          inLength = false;
          skip = length;
          largest = Math.max(largest, length);
        }
      }
    }
    return largest;
  };
}
