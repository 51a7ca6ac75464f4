/**
 * What the role `look` needs to compare faces. Real: `devices/faces`. Everything lent here is overwritten when the call it was lent for
 * returns. No call takes a file, a stream or a recording.
 */
import type { FaceProbe } from "#contract/face.ts";
import type { DeletionReceipt, FacePolicy } from "#contract/watchlist.ts";

export interface LentFace {
  readonly box: {
    readonly x: number;
    readonly y: number;
    readonly widthPx: number;
    readonly heightPx: number;
    readonly confidence: number;
  };
  readonly refused: readonly string[];
  readonly score: number;
  readonly embedding: Float32Array | undefined;
  readonly chip: Float32Array;
}

/** RGB, 8 bits a channel, row by row. */
export interface PictureInMemory {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly rgb: Uint8Array;
}

export interface Faces {
  /** A box that `wants` turns down is not looked into. */
  look(
    picture: PictureInMemory,
    each: (face: LentFace) => void,
    wants: (box: LentFace["box"]) => boolean,
  ): Promise<number>;
}

export interface ListLoaded {
  readonly list: { readonly id: string };
  readonly sha256: string;
  readonly gallery: {
    readonly size: number;
    nearest(embedding: Float32Array, spread: number): { readonly person: string; readonly distance: number }[];
  };
  readonly rule: {
    readonly kind: "rule";
    readonly listSize: number;
    readonly thresholdDistance: number;
    readonly unknownDistance: number;
    readonly falseMatchRateUpper: number;
    readonly falseAlertRateUpper: number;
  };
}

type Refused = { kind: "refused"; why: readonly string[] };

/** The lists on this device's disk. It alone knows the trusted keys. */
export interface Watchlists {
  put(jws: string, nowNs: bigint): Promise<{ kind: "kept"; id: string } | Refused>;
  revoke(jws: string, nowNs: bigint): Promise<{ kind: "deleted"; receipt: DeletionReceipt } | Refused>;
  /** Deletes what is revoked or expired; loads what may be used here and now. */
  load(now: {
    nowNs: bigint;
    /** False while the clock is not synchronised: then no list is in force, and none is deleted as expired. */
    timeSure: boolean;
    here: { lat: number; lon: number } | undefined;
    policy: FacePolicy;
  }): Promise<{
    readonly loaded: readonly ListLoaded[];
    readonly refused: readonly { readonly id: string; readonly why: readonly string[] }[];
  }>;
  inForce(): readonly ListLoaded[];
  held(): { readonly lists: readonly { readonly id: string; readonly sha256: string }[]; readonly revoked: string[] };
  receipts(): readonly { readonly receipt: DeletionReceipt; readonly sha256: string }[];
}

/** Makes what a reviewer sees, and seals it to the gateway. */
export interface Probes {
  readonly sealedTo: string | undefined;
  use(x: string): Promise<void>;
  /** `rgb`: 8 bits a channel. Base64 of a JPEG. */
  jpeg(rgb: Uint8Array, widthPx: number, heightPx: number): Promise<string>;
  seal(probe: FaceProbe): Promise<string | undefined>;
  /** X25519 public key that the gateway seals lists and suppressions to, and what opens them; undefined for what was not. */
  readonly sealTo: string;
  open(jwe: string): Promise<string | undefined>;
}
