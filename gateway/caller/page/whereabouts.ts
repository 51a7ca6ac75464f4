/** The phone's position while its caller allows it: a first coarse one at once, better ones as satellites come in. */
import type { Saying } from "./say-queue.ts";

/** As often as it is said at most; a clearly better one goes at once. */
const EVERY_MS = 4_000;

interface Events {
  fix: (say: Extract<Saying, { kind: "position" }>) => void;
  refused: () => void;
}

export class Whereabouts {
  #watch: number | undefined;
  #saidMs = 0;
  #saidAccuracyM = Number.POSITIVE_INFINITY;

  start({ fix, refused }: Events): void {
    if (this.#watch !== undefined) return;
    if (!navigator.geolocation) {
      refused();
      return;
    }
    this.#watch = navigator.geolocation.watchPosition(
      ({ coords: { latitude: lat, longitude: lon, accuracy: accuracyM } }) => {
        const nowMs = Date.now();
        if (nowMs - this.#saidMs < EVERY_MS && accuracyM > this.#saidAccuracyM * 0.7) return;
        this.#saidMs = nowMs;
        this.#saidAccuracyM = accuracyM;
        fix({ kind: "position", lat, lon, accuracyM });
      },
      ({ code, PERMISSION_DENIED }) => {
        // No satellites yet is no refusal: the watch goes on.
        if (code === PERMISSION_DENIED) refused();
      },
      { enableHighAccuracy: true, maximumAge: 5_000, timeout: 20_000 },
    );
  }

  stop(): void {
    if (this.#watch !== undefined) navigator.geolocation.clearWatch(this.#watch);
    this.#watch = undefined;
    this.#saidAccuracyM = Number.POSITIVE_INFINITY;
  }
}
