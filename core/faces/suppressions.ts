/** "This is not them": faces that a person told apart from somebody on a list. In memory only, until their end. */
import { distance, EMBEDDING } from "./distance.ts";

export interface Suppressed {
  readonly match: string;
  readonly list: string;
  readonly person: string;
  /** Moved in: overwritten when it ends. */
  readonly embedding: Float32Array;
  readonly spread: number;
  readonly untilNs: bigint;
}

export class Suppressions {
  private readonly most: number;
  private kept: Suppressed[] = [];
  /** Dropped for newer ones. */
  dropped = 0;

  constructor(most = 256) {
    this.most = most;
  }

  get matches(): string[] {
    return this.kept.map((each) => each.match);
  }

  /** A second one of the same match takes the first one's place. */
  add(entry: Suppressed): void {
    if (entry.embedding.length !== EMBEDDING) throw new RangeError(`an embedding has ${EMBEDDING} numbers`);
    this.remove((each) => each.match === entry.match);
    this.kept.push(entry);
    if (this.kept.length <= this.most) return;
    this.kept.shift()!.embedding.fill(0);
    this.dropped++;
  }

  /**
   * Is this face, at `matchDistance` from the listed person, one of those that were told apart from that person: within the threshold of it,
   * and nearer to it than to the listed person?
   */
  applies(
    list: string,
    person: string,
    face: { readonly embedding: Float32Array; readonly spread: number },
    matchDistance: number,
    thresholdDistance: number,
  ): boolean {
    return this.kept.some((each) => {
      if (each.list !== list || each.person !== person) return false;
      const apart = Math.sqrt(distance(each.embedding, face.embedding) ** 2 + each.spread + face.spread);
      return apart <= thresholdDistance && apart < matchDistance;
    });
  }

  expire(nowNs: bigint): void {
    this.remove((each) => each.untilNs <= nowNs);
  }

  /** Of a list that is gone: there is nobody left to be told apart from. */
  forgetList(list: string): void {
    this.remove((each) => each.list === list);
  }

  wipe(): void {
    this.remove(() => true);
  }

  private remove(which: (each: Suppressed) => boolean): void {
    for (const each of this.kept) if (which(each)) each.embedding.fill(0);
    this.kept = this.kept.filter((each) => !which(each));
  }
}
