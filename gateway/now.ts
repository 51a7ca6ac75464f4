/** The gateway's clock, as it goes on the wire. */
import { utcOfNs } from "#contract/units.ts";

/** Milliseconds are what the system clock gives; nine decimals are what the contract carries. */
export function nowUtc(): string {
  return utcOfNs(BigInt(Date.now()) * 1_000_000n);
}
