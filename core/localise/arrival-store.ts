/** Recent arrivals, indexed by place and sorted by time: what lies near a new one is found without looking at the rest of the city. */
import type { Known } from "./shot-record.ts";

export interface ArrivalStore {
  /** False where this arrival is known already (a repeated message). */
  add(arrival: Known): boolean;
  /** Arrivals within `radiusM` (give or take a cell) of a place, from `fromS` to `toS`, at most `limit`: the nearest in place. */
  near(eastM: number, northM: number, radiusM: number, fromS: number, toS: number, limit: number): Known[];
  has(id: string): boolean;
  remove(arrival: Known): void;
  readonly size: number;
  /** Arrivals pushed out because the store was full. */
  readonly evicted: number;
}

/** @param capacity arrivals kept; the one that came first goes first. */
export function arrivalStore(cellM: number, capacity: number): ArrivalStore {
  const cells = new Map<number, Known[]>();
  const ids = new Map<string, Known>();
  /** Same node and same instant under another id is the same impulse. */
  const instants = new Set<string>();
  let evicted = 0;

  const cellOf = (eastM: number, northM: number) =>
    (Math.floor(eastM / cellM) + 32768) * 65536 + (Math.floor(northM / cellM) + 32768);

  function remove(arrival: Known): void {
    const key = cellOf(arrival.eastM, arrival.northM);
    const list = cells.get(key);
    const index = list?.indexOf(arrival) ?? -1;
    if (!list || index < 0) return;
    list.splice(index, 1);
    if (list.length === 0) cells.delete(key);
    ids.delete(arrival.id);
    instants.delete(instantOf(arrival));
  }

  return {
    add(arrival) {
      const instant = instantOf(arrival);
      if (ids.has(arrival.id) || instants.has(instant)) return false;
      if (ids.size >= capacity) {
        const [oldest] = ids.values();
        if (oldest) remove(oldest);
        evicted++;
      }
      ids.set(arrival.id, arrival);
      instants.add(instant);
      const key = cellOf(arrival.eastM, arrival.northM);
      const list = cells.get(key);
      if (!list) cells.set(key, [arrival]);
      else {
        let at = list.length;
        while (at > 0 && list[at - 1]!.toaS > arrival.toaS) at--;
        list.splice(at, 0, arrival);
      }
      return true;
    },
    near(eastM, northM, radiusM, fromS, toS, limit) {
      const found: Known[] = [];
      const reach = Math.ceil(radiusM / cellM);
      for (let i = -reach; i <= reach; i++) {
        for (let j = -reach; j <= reach; j++) {
          const list = cells.get(cellOf(eastM + i * cellM, northM + j * cellM));
          if (!list) continue;
          for (let k = firstFrom(list, fromS); k < list.length && list[k]!.toaS <= toS; k++) found.push(list[k]!);
        }
      }
      if (found.length <= limit) return found;
      const distance2 = (one: Known) => (one.eastM - eastM) ** 2 + (one.northM - northM) ** 2;
      return found.sort((a, b) => distance2(a) - distance2(b) || a.toaS - b.toaS).slice(0, limit);
    },
    has: (id) => ids.has(id),
    remove,
    get size() {
      return ids.size;
    },
    get evicted() {
      return evicted;
    },
  };
}

const instantOf = (arrival: Known) => `${arrival.node}@${arrival.toaNs}`;

function firstFrom(list: readonly Known[], fromS: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (list[mid]!.toaS < fromS) low = mid + 1;
    else high = mid;
  }
  return low;
}
