/** Calls for backup as they run: each step goes to disk, then on the incident's record, then to whom it concerns. */
import { ulid } from "ulid";
import {
  type BackupReply,
  type BackupState,
  type BackupTask,
  backupCall,
  backupState,
  type CalledBy,
} from "#contract/backup.ts";
import type { Place } from "#contract/geo.ts";
import { utcOfNs } from "#contract/units.ts";
import {
  type Backup,
  type BackupCommands,
  type BackupEvent,
  type BackupOutcome,
  type BackupPolicy,
  isOver,
  type Now,
  openBackup,
  stepBackup,
} from "#core/dispatch/backup.ts";
import type { Unit } from "#core/dispatch/units.ts";
import type { GatewayContext } from "../context.ts";
import { backupFor } from "../http/for-role.ts";
import type { BackupStore } from "./store.ts";
import type { Units } from "./units.ts";
import { postCall } from "./webhook.ts";

const LOOK_EVERY_MS = 500;
const LISTED = 100;

export interface CallsParts {
  context: Pick<GatewayContext, "bus" | "recordOnce" | "broadcast" | "incident" | "log" | "signal">;
  store: BackupStore;
  units: Units;
  policy: BackupPolicy;
}

export type CallOutcome = { kind: "done"; state: BackupState } | { kind: "refused"; why: string } | { kind: "absent" };

export class Calls {
  readonly counters = { opened: 0, acknowledged: 0, unanswered: 0, asked: 0, webhookFailures: 0 };
  readonly #parts: CallsParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** Goes on with what was open when the gateway stopped: says it again, and asks again who has not answered. */
  resume(): void {
    for (const backup of this.#parts.store.open()) {
      this.#tell(backup);
      if (backup.status !== "calling") continue;
      const silent = backup.asked.filter((each) => each.answer === undefined && each.ring === backup.ring);
      this.#carryOut(backup, { ask: silent.map(({ unit }) => unit), over: [] });
    }
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#parts.context.signal.addEventListener("abort", () => clearInterval(this.#timer), { once: true });
  }

  /** Calls for an incident; one that is being called for already stays as it is. */
  call(incident: string, place: Place, why: string, calledBy: Omit<CalledBy, "at">): BackupState {
    const { store, policy } = this.#parts;
    const standing = store.newestOf(incident);
    if (standing && !isOver(standing) && standing.status !== "unanswered") return this.#state(standing);
    const now = timeNow();
    const first = { call: ulid(), incident, place, why, calledBy: { ...calledBy, at: now.utc } };
    const { backup, commands } = openBackup(first, this.#people(first.call, now.ms), policy, now);
    this.counters.opened += 1;
    if (backup.status === "unanswered") this.counters.unanswered += 1;
    this.#keep(backup, commands);
    return this.#state(backup);
  }

  answer(call: string, unit: string, answer: BackupReply, text: string | undefined): CallOutcome {
    return this.#step(call, (now) => ({ kind: "answer", unit, answer, text, units: this.#people(call, now.ms) }));
  }

  sendRobot(call: string, name: string, by: string, why: string): CallOutcome {
    const robot = this.#parts.units.robot(name, Date.now());
    if (!robot) return { kind: "refused", why: `robot '${name}' was never heard` };
    if (robot.status !== "available") return { kind: "refused", why: `robot '${name}' is ${robot.status}` };
    return this.#step(call, () => ({ kind: "robot", robot, by, why }));
  }

  cancel(call: string, by: string, why: string): CallOutcome {
    return this.#step(call, () => ({ kind: "cancel", by, why }));
  }

  list(): BackupState[] {
    return this.#parts.store.newest(LISTED).map((backup) => this.#state(backup));
  }

  /** Whoever comes to another call is busy, whatever their terminal says. */
  #people(call: string, nowMs: number): Unit[] {
    const others = this.#parts.store.open().filter((backup) => backup.call !== call);
    const engaged = new Set(
      others.flatMap(({ asked }) =>
        asked.filter(({ answer }) => answer === "accepted" || answer === "onScene").map(({ unit }) => unit),
      ),
    );
    return this.#parts.units
      .people(nowMs)
      .map((unit) => (engaged.has(unit.name) ? { ...unit, status: "busy" as const } : unit));
  }

  #look(): void {
    const now = timeNow();
    for (const { call, nextAtMs } of this.#parts.store.open()) {
      if (nextAtMs === undefined || nextAtMs > now.ms) continue;
      this.#step(call, () => ({ kind: "time", units: this.#people(call, now.ms) }));
    }
  }

  #step(call: string, eventAt: (now: Now) => BackupEvent): CallOutcome {
    const { store, policy } = this.#parts;
    const backup = store.get(call);
    if (!backup) return { kind: "absent" };
    const now = timeNow();
    const outcome: BackupOutcome = stepBackup(backup, eventAt(now), policy, now);
    if (outcome.kind === "refused") return outcome;
    if (outcome.kind === "same") return { kind: "done", state: this.#state(backup) };
    const { status } = outcome.backup;
    if (status !== backup.status && (status === "acknowledged" || status === "unanswered")) this.counters[status] += 1;
    this.#keep(outcome.backup, outcome.commands);
    return { kind: "done", state: this.#state(outcome.backup) };
  }

  #keep(backup: Backup, commands: BackupCommands): void {
    this.#parts.store.put(backup);
    this.#tell(backup);
    this.#carryOut(backup, commands);
  }

  /** Record, bus and consoles; each may have had it before. */
  #tell(backup: Backup): void {
    const { context } = this.#parts;
    const { call, incident, version, text, status, ring, calledBy, asked, passedOver } = backup;
    const lead = version === 1 ? `backup called by ${calledBy.by}: ${backup.why}; ` : "";
    const facts = { call, version, status, ring, calledBy, asked, passedOver };
    const of = backupState.name;
    context.recordOnce(
      { of, is: `${call}/${version}` },
      incident,
      "backup",
      backup.by,
      `${lead}${text}`.slice(0, 2000),
      facts,
    );
    const state = this.#state(backup);
    context.broadcast({ type: "message", channel: of, message: state });
    // Pilots hear the bus, too: of a match without words, as on their consoles. Who is asked gets the reason with the asking.
    context.bus
      .publish(backupState, backupFor(["pilot"], state, context.incident(incident)?.kind))
      .catch((error: Error) => context.log.error({ error: error.message, call }, "backup/state not said on the bus"));
  }

  #carryOut(backup: Backup, { ask, over }: BackupCommands): void {
    for (const unit of ask) this.#say(backup, unit, undefined);
    for (const { unit, why } of over) this.#say(backup, unit, why);
  }

  #say(backup: Backup, name: string, over: string | undefined): void {
    const { context, units } = this.#parts;
    const asked = backup.asked.find(({ unit }) => unit === name);
    if (!asked) return;
    const { call, incident, place, why, calledBy, ring, nextAtMs } = backup;
    const now = timeNow();
    const approval = backup.approvals.find(({ robot }) => robot === name);
    // No robot is told to go anywhere without the person who sends it.
    if (asked.robot && !approval) return;
    const task: BackupTask = approval
      ? { kind: "goAndReport", approved: { by: approval.by, at: approval.at, why: approval.why } }
      : { kind: "assist" };
    const message = {
      v: 1 as const,
      id: ulid(),
      node: "gateway",
      at: now.utc,
      call,
      incident,
      place,
      why,
      calledBy,
      task,
      ...(asked.etaS !== undefined && { etaS: asked.etaS }),
      ...(asked.etaSpreadS !== undefined && { etaSpreadS: asked.etaSpreadS }),
      chosen: asked.chosen,
      ring,
      answerBy: utcOfMs(nextAtMs ?? now.ms),
      ...(over !== undefined && { over: over.slice(0, 2000) }),
    };
    if (over === undefined) this.counters.asked += 1;
    const contact = asked.robot ? { kind: "mqtt" as const } : units.configOf(name)?.contact;
    // Told on the bus in any case: flows and consoles follow it.
    context.bus
      .publish(backupCall, message, { to: name })
      .catch((error: Error) => context.log.error({ error: error.message, call, unit: name }, "backup/call not said"));
    if (contact?.kind !== "webhook") return;
    void postCall(contact, message, context.signal).then((failed) => {
      if (failed === undefined || over !== undefined) return;
      this.counters.webhookFailures += 1;
      context.log.warn({ call, unit: name, why: failed }, "a unit was not reached");
      this.#step(call, (at) => ({ kind: "unreachable", unit: name, why: failed, units: this.#people(call, at.ms) }));
    });
  }

  #state(backup: Backup): BackupState {
    const { call, incident, version, status, place, why, calledBy, ring, nextAtMs, asked, passedOver, text } = backup;
    return {
      v: 1,
      id: ulid(),
      node: "gateway",
      at: timeNow().utc,
      call,
      incident,
      version,
      status,
      place,
      why,
      calledBy,
      ring,
      rings: this.#parts.policy.rings.length + 1,
      ...(nextAtMs !== undefined && { nextAt: utcOfMs(nextAtMs) }),
      asked: asked.slice(0, 256),
      passedOver: passedOver.slice(0, 256),
      text: text.slice(0, 2000),
    };
  }
}

function utcOfMs(ms: number): string {
  return utcOfNs(BigInt(Math.round(ms)) * 1_000_000n);
}

function timeNow(): Now {
  const ms = Date.now();
  return { ms, utc: utcOfMs(ms) };
}
