/**
 * Two nodes may have solved the same round: one among the neighbours while the gateway was out of reach, and the gateway's own
 * afterwards, from what the outboxes brought. A round is named after its first arrival, which one of them may have missed: the
 * arrivals that both used tell that it is one round, and whoever came first gives the name.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ShotFixed } from "#contract/shot.ts";

/** @returns the shot under the names that it has here; `folded`: an incident that turned out to be the one it now belongs to. */
export function underKnownNames(db: DatabaseSync, shot: ShotFixed): { shot: ShotFixed; folded: string | undefined } {
  const standsFor = (name: string) =>
    (db.prepare("SELECT stands_for FROM alias WHERE name = ?").get(name) as { stands_for: string } | undefined)
      ?.stands_for ?? name;
  const homeOf = (id: string) =>
    (db.prepare("SELECT incident FROM shot WHERE id = ?").get(id) as { incident: string } | undefined)?.incident;
  const calls = (name: string, other: string) =>
    db.prepare("INSERT OR REPLACE INTO alias VALUES (?, ?)").run(name, other);
  let id = standsFor(shot.id);
  if (homeOf(id) === undefined) {
    const other = mostShared(db, shot);
    if (other !== undefined && homeOf(other) !== undefined && solverOf(db, homeOf(other)!, other) !== shot.node) {
      calls(shot.id, other);
      id = other;
    }
  }
  let incident = standsFor(shot.incident);
  const home = homeOf(id);
  const isOpen = db.prepare("SELECT 1 FROM incident WHERE id = ?").get(incident) !== undefined;
  // The other solver's name for an incident that stands here under its own.
  let folded: string | undefined;
  if (home !== undefined && home !== incident && solverOf(db, home, id) !== shot.node) {
    if (isOpen) folded = incident;
    calls(shot.incident, home);
    if (folded !== undefined) calls(folded, home);
    incident = home;
  }
  return { shot: { ...shot, id, incident }, folded };
}

/** Inside the caller's transaction. */
export function noteUsed(db: DatabaseSync, shot: ShotFixed): void {
  if (shot.withdrawn !== undefined) return;
  const use = db.prepare("INSERT OR IGNORE INTO used VALUES (?, ?)");
  for (const arrival of shot.arrivals) use.run(arrival.id, shot.id);
}

/** The shot that used most of these arrivals, where that is more than half of them. */
function mostShared(db: DatabaseSync, { arrivals }: ShotFixed): string | undefined {
  const find = db.prepare("SELECT shot FROM used WHERE arrival = ?");
  const shares = new Map<string, number>();
  for (const arrival of arrivals) {
    const row = find.get(arrival.id) as { shot: string } | undefined;
    if (row) shares.set(row.shot, (shares.get(row.shot) ?? 0) + 1);
  }
  const [best] = [...shares].sort((a, b) => b[1] - a[1]);
  return best && 2 * best[1] > arrivals.length ? best[0] : undefined;
}

/** Who solved the newest version known of that shot. */
function solverOf(db: DatabaseSync, incident: string, id: string): string | undefined {
  const row = db.prepare("SELECT known FROM incident WHERE id = ?").get(incident) as { known: string } | undefined;
  const shots = row ? (JSON.parse(row.known) as { shots: ShotFixed[] }).shots : [];
  return shots.find((shot) => shot.id === id)?.node;
}
