/** Reads the clips that the gateway serves: RIFF WAVE, PCM 16 bit (RFC 2361, format 1). Pure. */

export interface Sound {
  samples: Float32Array<ArrayBuffer>;
  sampleRateHz: number;
}

/** First channel of a 16-bit PCM WAV, -1 to 1. Throws with the reason where it is something else. */
export function decodeWav(bytes: ArrayBuffer): Sound {
  const view = new DataView(bytes);
  const tag = (at: number) =>
    String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
  if (bytes.byteLength < 12 || tag(0) !== "RIFF" || tag(8) !== "WAVE") throw new Error("the clip is not a WAV file");
  let format: { channels: number; sampleRateHz: number } | undefined;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tag(at) === "fmt ") {
      const [code, bits] = [view.getUint16(body, true), view.getUint16(body + 14, true)];
      if (code !== 1 || bits !== 16) throw new Error(`the clip is format ${code} with ${bits} bits, not 16-bit PCM`);
      format = { channels: view.getUint16(body + 2, true), sampleRateHz: view.getUint32(body + 4, true) };
    } else if (tag(at) === "data") {
      if (format === undefined) throw new Error("the clip's format comes after its data");
      const stride = 2 * format.channels;
      const frames = Math.floor(Math.min(size, bytes.byteLength - body) / stride);
      const samples = new Float32Array(frames);
      for (let i = 0; i < frames; i++) samples[i] = view.getInt16(body + i * stride, true) / 32768;
      return { samples, sampleRateHz: format.sampleRateHz };
    }
    at = body + size + (size & 1);
  }
  throw new Error("the clip has no data");
}
