/** The best looks at one tracked face. What is not kept is overwritten at once; all of it when the track is decided. */
import { EMBEDDING, fuse } from "./distance.ts";

export class BestShots {
  private readonly most: number;
  private readonly shots: { quality: number; embedding: Float32Array }[] = [];

  /** Keeps the `most` looks of highest quality. */
  constructor(most = 3) {
    this.most = most;
  }

  /** Copies the embedding if it is among the best; says whether it was. The caller overwrites its own. */
  offer(quality: number, embedding: Float32Array): boolean {
    const worst = this.shots.at(-1);
    if (this.shots.length === this.most && worst !== undefined && quality <= worst.quality) return false;
    const reused = this.shots.length === this.most ? this.shots.pop() : undefined;
    const room = reused?.embedding ?? new Float32Array(EMBEDDING);
    room.set(embedding);
    this.shots.push({ quality, embedding: room });
    this.shots.sort((a, b) => b.quality - a.quality);
    return true;
  }

  get count(): number {
    return this.shots.length;
  }

  /** The looks fused by quality, into `out`; gives their spread. */
  fused(out: Float32Array): number {
    const embeddings = this.shots.map((shot) => shot.embedding);
    return fuse(
      embeddings,
      this.shots.map((shot) => shot.quality),
      out,
    );
  }

  /** Overwrites everything kept. */
  wipe(): void {
    for (const { embedding } of this.shots) embedding.fill(0);
    this.shots.length = 0;
  }
}
