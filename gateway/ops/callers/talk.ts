/** The operator's voice to a caller: only while the button is held; the line is given back soon after. */
import { signal } from "@preact/signals";
import type { MediaGrant } from "#contract/caller.ts";
import { Session } from "#gateway/caller/page/session.ts";
import { json } from "../api.ts";
import { endedSession } from "../state/actions.ts";

/** A line is kept this long for the next word. */
const KEEP_MS = 12_000;

export type TalkState = "off" | "connecting" | "ready" | "talking";

export class Talk {
  readonly state = signal<TalkState>("off");
  readonly failed = signal<string | undefined>(undefined);
  readonly #caller: string;
  #session: Session | undefined;
  #track: MediaStreamTrack | undefined;
  #held = false;
  #live = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(caller: string) {
    this.#caller = caller;
  }

  get #path(): string {
    return `/api/callers/${encodeURIComponent(this.#caller)}/talk`;
  }

  async press(): Promise<void> {
    if (this.#held) return;
    this.#held = true;
    clearTimeout(this.#timer);
    this.failed.value = undefined;
    this.#show();
    try {
      await this.#open();
    } catch (cause) {
      this.#held = false;
      const name = (cause as DOMException).name;
      this.failed.value =
        name === "NotAllowedError"
          ? "This browser does not let the console use the microphone. Allow it for this address."
          : `No microphone: ${(cause as Error).message}`;
      this.close();
    }
    this.#show();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), KEEP_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#held = false;
    const open = this.#session !== undefined;
    this.#session?.stop();
    this.#session = undefined;
    this.#track?.stop();
    this.#track = undefined;
    this.#live = false;
    this.state.value = "off";
    if (open) void json("DELETE", this.#path);
  }

  #show(): void {
    if (this.#track) this.#track.enabled = this.#held && this.#live;
    if (this.#session === undefined && !this.#held) this.state.value = "off";
    else if (!this.#live) this.state.value = "connecting";
    else this.state.value = this.#held ? "talking" : "ready";
  }

  async #open(): Promise<void> {
    if (this.#session !== undefined) return;
    if (navigator.mediaDevices === undefined) throw new Error("the console was not opened over https");
    const media = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true },
    });
    const track = media.getAudioTracks()[0]!;
    this.#track = track;
    this.#session = new Session({
      grant: async () => {
        const answer = await json<MediaGrant>("POST", this.#path, {});
        endedSession(answer);
        if (!answer.ok) this.failed.value = answer.error;
        return answer;
      },
      prepare: (connection) => void connection.addTransceiver(track, { direction: "sendonly" }),
      state: (state) => {
        this.#live = state === "live";
        this.#show();
      },
    });
    this.#session.start();
  }
}
