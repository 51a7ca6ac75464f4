/** Sends what a camera saw before an incident, once for each that asks. */
import type { VideoWant } from "#contract/video.ts";
import type { Log } from "../../ports.ts";
import type { PreRoll, UploadPreRoll } from "../../video-port.ts";

export interface BeforeOptions {
  preRoll: PreRoll;
  upload: UploadPreRoll;
  log: Log;
  signal: AbortSignal;
}

const TRIES = 4;
const FIRST_WAIT_MS = 1_000;
/** Incidents whose pre-roll was sent, so that a want said again sends none. */
const REMEMBERED = 64;

export class BeforeSender {
  readonly counters = { preRollsSent: 0, preRollsFailed: 0 };
  readonly #options: BeforeOptions;
  readonly #sent = new Set<string>();

  constructor(options: BeforeOptions) {
    this.#options = options;
  }

  /** @param newestToken of the stream, where there is one newer than the want's. */
  send(want: VideoWant, newestToken: () => string | undefined): void {
    const { preRollS = 0, stream, incident } = want;
    const about = `${stream} ${incident ?? want.id}`;
    if (preRollS <= 0 || this.#sent.has(about)) return;
    this.#sent.add(about);
    if (this.#sent.size > REMEMBERED) this.#sent.delete(this.#sent.values().next().value as string);
    void this.#upload(want, preRollS, newestToken).catch((error: unknown) => {
      this.counters.preRollsFailed++;
      this.#options.log.error({ err: error, stream }, "what happened before could not be sent");
    });
  }

  async #upload(want: VideoWant, seconds: number, newestToken: () => string | undefined): Promise<void> {
    const { log, preRoll, upload, signal } = this.#options;
    const { stream, incident, preRollUrl = `/video/preroll/${stream}` } = want;
    const recording = await preRoll.cut(seconds);
    if (!recording) {
      log.warn({ stream, incident }, "nothing is held of what happened before");
      return;
    }
    for (let attempt = 0; attempt < TRIES && !signal.aborted; attempt++) {
      const answer = await upload(preRollUrl, newestToken() ?? want.token, recording, signal);
      if (answer.ok) {
        this.counters.preRollsSent++;
        const { durationS, mp4 } = recording;
        log.info({ stream, incident, seconds: durationS, bytes: mp4.length }, "what happened before was sent");
        return;
      }
      log.warn({ stream, incident, why: answer.why }, "what happened before was not taken");
      await pause(FIRST_WAIT_MS * 2 ** attempt, signal);
    }
    this.counters.preRollsFailed++;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}
