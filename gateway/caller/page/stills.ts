/** Still pictures where the link is too thin for video: small JPEGs, one after the other, never two at once. */
import { gateway, newId } from "./gateway-line.ts";

const WIDTH_PX = 480;
const EVERY_MS = 2_000;
const QUALITY = 0.5;

export class Stills {
  /** Measured at the last one, bit/s. */
  bitsPerS: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  start(source: () => HTMLVideoElement | null): void {
    if (this.#running) return;
    this.#running = true;
    void this.#next(source);
  }

  stop(): void {
    this.#running = false;
    this.bitsPerS = undefined;
    clearTimeout(this.#timer);
  }

  async #next(source: () => HTMLVideoElement | null): Promise<void> {
    const beganMs = performance.now();
    const jpeg = await pictureOf(source());
    if (!this.#running) return;
    if (jpeg) {
      const sentMs = performance.now();
      const answer = await gateway.still(newId(), jpeg);
      const tookS = (performance.now() - sentMs) / 1000;
      if (answer.ok) this.bitsPerS = (jpeg.size * 8) / Math.max(tookS, 0.001);
    }
    if (!this.#running) return;
    const restMs = Math.max(200, EVERY_MS - (performance.now() - beganMs));
    this.#timer = setTimeout(() => void this.#next(source), restMs);
  }
}

async function pictureOf(video: HTMLVideoElement | null): Promise<Blob | null> {
  if (!video || video.videoWidth === 0) return null;
  const canvas = document.createElement("canvas");
  canvas.width = Math.min(WIDTH_PX, video.videoWidth);
  canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}
