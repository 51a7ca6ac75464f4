/** The keys seen last, at most `limit` of them: how a consumer knows a repeat. The one not seen for longest is forgotten first. */
export class RecentKeys {
  readonly #keys = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** True the first time; false for a repeat, which also counts as seeing it again. */
  isNew(key: string): boolean {
    const repeat = this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size > this.#limit) this.#keys.delete(this.#keys.values().next().value!);
    return !repeat;
  }
}
