/**
 * Names of shots and incidents that follow from what was heard: whoever solves the same arrivals, before or after a restart,
 * gives the same name, so that no incident is opened twice.
 */

/** FNV-1a, 64 bit, of a text. */
function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    hash ^= BigInt(text.charCodeAt(i));
    hash = (hash * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash;
}

/** @param toaNs of the earliest arrival used, nanoseconds since 1970. */
export function shotIdOf(arrivalId: string, node: string, toaNs: bigint): string {
  return `shot-${(toaNs / 1_000_000n).toString(36)}-${fnv1a64(`${node}/${arrivalId}`).toString(36)}`;
}

export function incidentIdOf(firstShotId: string): string {
  return `inc-${firstShotId.replace(/^shot-/, "")}`;
}
