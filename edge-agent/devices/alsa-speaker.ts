/** Plays through a sound card with `aplay`, a child process. */
import { spawn } from "node:child_process";
import type { Speaker } from "../ports.ts";

const LONGEST_MS = 10_000;

/** @param program `aplay`; a test puts a script of its own here. */
export function openAlsaSpeaker(device: string, program = "aplay"): Speaker {
  return {
    play(sound, sampleRateHz) {
      const bytes = Buffer.alloc(sound.length * 2);
      for (const [i, x] of sound.entries()) {
        bytes.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(x * 32768))), 2 * i);
      }
      const args = ["-q", "-D", device, "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", String(sampleRateHz)];
      const child = spawn(program, args, { stdio: ["pipe", "ignore", "pipe"], timeout: LONGEST_MS });
      let words = "";
      child.stderr.on("data", (chunk: Buffer) => {
        words = `${words}${chunk}`.slice(-300);
      });
      // A child that ends early closes the pipe; why it did is told by its exit.
      child.stdin.on("error", () => undefined);
      child.stdin.end(bytes);
      return new Promise((resolve, reject) => {
        child.once("error", (error: NodeJS.ErrnoException) => {
          reject(
            error.code === "ENOENT" ? new Error("aplay is not installed (Debian: apt install alsa-utils)") : error,
          );
        });
        child.once("close", (code, signal) => {
          if (code === 0) resolve();
          else reject(new Error(words.trim() || `aplay ended with ${code ?? signal}`));
        });
      });
    },
  };
}
