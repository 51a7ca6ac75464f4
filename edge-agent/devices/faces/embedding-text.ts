/** Embeddings as they stand in watchlists and messages. */
import { EMBEDDING } from "#core/faces/distance.ts";

/** 128 float32, little-endian, base64. */
export function embeddingToText(embedding: Float32Array): string {
  const bytes = Buffer.alloc(EMBEDDING * 4);
  for (let i = 0; i < EMBEDDING; i++) bytes.writeFloatLE(embedding[i]!, 4 * i);
  return bytes.toString("base64");
}

/** Into `out`, so that no second copy stays behind. Throws RangeError where it is not of EMBEDDING numbers. */
export function embeddingFromText(text: string, out: Float32Array): void {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== EMBEDDING * 4)
    throw new RangeError(`an embedding has ${EMBEDDING * 4} bytes, not ${bytes.length}`);
  for (let i = 0; i < EMBEDDING; i++) out[i] = bytes.readFloatLE(4 * i);
  bytes.fill(0);
}
