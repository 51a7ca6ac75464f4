/** Notices that no sound comes: a microphone that was unplugged hands out no frame, so nothing that lives on frames would ever say so. */
import type { Microphone } from "../ports.ts";

const SILENT_MS = 5000;
const LOOK_EVERY_MS = 1000;

export class SoundWatch {
  readonly #microphone: Microphone;
  readonly #onLook: (fault: string | undefined) => void;
  readonly #timer: NodeJS.Timeout;
  #heardMs = performance.now();
  #before = false;

  /** @param onLook once a second what is wrong with the sound itself, one sentence; undefined while it is well. */
  constructor(microphone: Microphone, onLook: (fault: string | undefined) => void, lookEveryMs = LOOK_EVERY_MS) {
    this.#microphone = microphone;
    this.#onLook = onLook;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  /** A frame has come. */
  heard(): void {
    this.#heardMs = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const silent = performance.now() - this.#heardMs >= SILENT_MS;
    const fault = this.#microphone.trouble ?? (silent ? `no sound for ${SILENT_MS / 1000} s` : undefined);
    const again = this.#before;
    this.#before = fault !== undefined;
    // Told when seen twice: where this process itself stood still, the frames that waited come right after the first look.
    if (fault === undefined || again) this.#onLook(fault);
  }
}
