/**
 * A file of sealed pieces: each is encrypted on its own (AES-256-GCM) and on disk when the promise resolves, so that a power cut costs
 * the last one at most. A piece is its length in 32 bits, a nonce, a tag, and the bytes; its place is part of what the tag covers.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type FileHandle, open, readFile } from "node:fs/promises";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 4 + NONCE_BYTES + TAG_BYTES;

const placeOf = (name: string, index: number) => Buffer.from(`${name}/${index}`);

export class SealedFile {
  readonly #handle: FileHandle;
  readonly #key: Buffer;
  readonly #name: string;
  #index = 0;
  #length = 0;

  private constructor(handle: FileHandle, key: Buffer, name: string) {
    this.#handle = handle;
    this.#key = key;
    this.#name = name;
  }

  /** @param name what the pieces are of; they open under no other. */
  static async create(file: string, key: Buffer, name: string): Promise<SealedFile> {
    return new SealedFile(await open(file, "wx", 0o600), key, name);
  }

  async append(bytes: Uint8Array): Promise<void> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(placeOf(this.#name, this.#index));
    const body = cipher.update(bytes);
    cipher.final();
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    try {
      await this.#handle.writev([length, nonce, cipher.getAuthTag(), body]);
      await this.#handle.datasync();
    } catch (error) {
      // A full disk: what is half there, or there and not sure, must not stand behind what is.
      await this.#handle.truncate(this.#length).catch(() => {});
      throw error;
    }
    this.#index++;
    this.#length += HEAD_BYTES + body.length;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Pieces in order. What a power cut left half written at the end is left out. @throws when a whole piece is not what was sealed. */
export async function openSealed(file: string, key: Buffer, name: string): Promise<Buffer[]> {
  const all = await readFile(file);
  const pieces: Buffer[] = [];
  for (let at = 0; at + HEAD_BYTES <= all.length; ) {
    const length = all.readUInt32BE(at);
    const from = at + HEAD_BYTES;
    // Half written, or zeros that the file system put in place of what it had not written yet.
    if (from + length > all.length || (length === 0 && all.subarray(at).every((byte) => byte === 0))) break;
    const nonce = all.subarray(at + 4, at + 4 + NONCE_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAAD(placeOf(name, pieces.length));
    decipher.setAuthTag(all.subarray(at + 4 + NONCE_BYTES, from));
    const body = decipher.update(all.subarray(from, from + length));
    try {
      decipher.final();
    } catch (error) {
      throw new Error(`piece ${pieces.length} of ${name} is not what was sealed`, { cause: error });
    }
    pieces.push(body);
    at = from + length;
  }
  return pieces;
}
