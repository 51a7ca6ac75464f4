/** Text messages into a file, one line of JSON each: for the demo, for tests, and for a modem's own spooler. */
import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { nowUtc } from "../../now.ts";
import type { SmsSender } from "./sender.ts";

export function fileSender(path: string): SmsSender {
  return {
    send: async ({ id, to, text }) => {
      try {
        await mkdir(dirname(path), { recursive: true });
        await appendFile(path, `${JSON.stringify({ at: nowUtc(), id, to, text })}\n`, { mode: 0o600, flush: true });
        return { kind: "sent" };
      } catch (error) {
        return { kind: "again", why: `cannot be written (${(error as NodeJS.ErrnoException).code})` };
      }
    },
  };
}
