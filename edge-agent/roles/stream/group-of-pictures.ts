/** The pictures since the last keyframe: what a newcomer's decoder needs to stand where the others stand. */
import type { EncodedPicture } from "../../video-port.ts";

/** Cameras with keyframes a minute apart: sending so much again would take longer than anything it helps. */
const MAX_PICTURES = 600;
const MAX_BYTES = 4 * 2 ** 20;

export class GroupOfPictures {
  #pictures: EncodedPicture[] = [];
  #bytes = 0;
  #whole = false;

  push(picture: EncodedPicture): void {
    if (picture.key || picture.epoch !== this.#pictures[0]?.epoch) {
      this.#pictures = [];
      this.#bytes = 0;
      this.#whole = picture.key;
    }
    if (!this.#whole) return;
    this.#pictures.push(picture);
    for (const payload of picture.payloads) this.#bytes += payload.length;
    if (this.#pictures.length <= MAX_PICTURES && this.#bytes <= MAX_BYTES) return;
    this.#whole = false;
    this.#pictures = [];
  }

  /** From the keyframe on; empty where it is not known or too long. */
  get pictures(): readonly EncodedPicture[] {
    return this.#pictures;
  }
}
