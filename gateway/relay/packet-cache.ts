/** The newest packets of a stream: for those that ask again (NACK), and everything since the last keyframe for those that join. */
import type { Media } from "./media.ts";

/** About 2.5 s of 4 Mbit/s; a retransmission that comes later than that helps nobody. */
const RING = 1_024;
/** Beyond these a group of pictures is not kept: sending it to a newcomer would take longer than a fresh keyframe. */
const GROUP_MAX_PACKETS = 6_000;
const GROUP_MAX_BYTES = 6_000_000;

export class PacketCache {
  readonly #ring: (Media | undefined)[] = new Array(RING);
  #group: Media[] = [];
  #groupBytes = 0;
  /** False until a keyframe has come, and after a group that was too long. */
  #whole = false;
  #highest = -1;
  readonly counters = { groupsDropped: 0 };

  add(media: Media): void {
    this.#ring[media.index % RING] = media;
    if (media.keyframe && media.index > this.#highest) {
      // Parameter sets and slices of one picture each count as a start: they stay together.
      const [first] = this.#group;
      if (!this.#whole || first?.timestamp !== media.timestamp) {
        this.#group = [];
        this.#groupBytes = 0;
        this.#whole = true;
      }
    }
    this.#highest = Math.max(this.#highest, media.index);
    if (!this.#whole) return;
    const [first] = this.#group;
    if (first && media.index < first.index) return;
    this.#insert(media);
    this.#groupBytes += media.payload.length;
    if (this.#group.length > GROUP_MAX_PACKETS || this.#groupBytes > GROUP_MAX_BYTES) {
      this.clear();
      this.counters.groupsDropped++;
    }
  }

  at(index: number): Media | undefined {
    const media = this.#ring[index % RING];
    return media?.index === index ? media : undefined;
  }

  /** Has been here, or is too old to be of use. A number must not stand for two packets: viewers' nonces are made of it. */
  knows(index: number): boolean {
    return this.at(index) !== undefined || index <= this.#highest - RING;
  }

  /** For a publisher with a numbering of its own. */
  reset(): void {
    this.#ring.fill(undefined);
    this.#highest = -1;
    this.clear();
  }

  /** Packets since the start of the last keyframe, in order; empty when there is none or it is too long. */
  group(): readonly Media[] {
    return this.#whole ? this.#group : [];
  }

  /** The group is there without a hole. */
  get unbroken(): boolean {
    const group = this.group();
    const [first] = group;
    const last = group.at(-1);
    return first !== undefined && last !== undefined && last.index - first.index + 1 === group.length;
  }

  clear(): void {
    this.#group = [];
    this.#groupBytes = 0;
    this.#whole = false;
  }

  /** What was asked again and came late goes to its place. */
  #insert(media: Media): void {
    let at = this.#group.length;
    while (at > 0 && (this.#group[at - 1] as Media).index > media.index) at--;
    if (at > 0 && this.#group[at - 1]?.index === media.index) return;
    if (at === this.#group.length) this.#group.push(media);
    else this.#group.splice(at, 0, media);
  }
}
