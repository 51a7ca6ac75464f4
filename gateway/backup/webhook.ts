/** Tells a unit by POST; a server that does not take it is tried again, and given up after three. */
import { setTimeout as delay } from "node:timers/promises";
import type { BackupCall } from "#contract/backup.ts";

const WAITS_MS = [0, 1500, 4000];
const ANSWER_WITHIN_MS = 5000;

/** @returns why it was not taken, or undefined. The same call may come twice: its receiver keys on `call` and `over`. */
export async function postCall(
  { url, token }: { url: string; token?: string | undefined },
  call: BackupCall,
  signal: AbortSignal,
): Promise<string | undefined> {
  let why = "";
  for (const waitMs of WAITS_MS) {
    try {
      await delay(waitMs, undefined, { signal });
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(call),
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      await response.body?.cancel();
      if (response.ok) return undefined;
      why = `the webhook answered ${response.status}`;
    } catch (error) {
      if (signal.aborted) return undefined;
      why =
        error instanceof Error && error.name === "TimeoutError"
          ? "the webhook did not answer"
          : `the webhook is not there`;
    }
  }
  return why;
}
