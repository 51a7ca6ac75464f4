/** What people tell the robot: orders on `robot/command`, and calls to go and report that a person approved. */
import { ulid } from "ulid";
import { type BackupAnswer, type BackupCall, type BackupReply, backupAnswer, backupCall } from "#contract/backup.ts";
import { type RobotCommand, type RobotState, robotCommand } from "#contract/robot.ts";
import { nsOfUtc } from "#contract/units.ts";
import type { Frame } from "#core/localise/geo.ts";
import type { DutyEvent, DutyOutcome } from "#core/patrol/duty.ts";
import type { Point } from "#core/patrol/plane.ts";
import type { Bus, Log, Subscription } from "../../ports.ts";

/** An order that would move the robot must have been made on a picture not older than this. */
const PICTURE_MS = 10_000;
/** A call that waited longer on its way was answered without it. */
const CALL_MS = 60_000;
const MOST_ANSWERS = 16;

export interface OrdersParts {
  node: string;
  bus: Bus;
  log: Log;
  frame: Frame;
  nowUtc(): string;
  tickMs(): number;
  from(): Point | undefined;
  apply(event: DutyEvent): DutyOutcome;
  changed(): void;
}

export class Orders {
  readonly answers: RobotState["answers"] = [];
  readonly counters = { orders: 0, refused: 0, calls: 0, declined: 0 };
  readonly #parts: OrdersParts;
  #subscriptions: Subscription[] = [];
  /** Calls already answered, so that a repeat gets the same. */
  readonly #calls = new Map<string, BackupReply>();

  constructor(parts: OrdersParts) {
    this.#parts = parts;
  }

  /** Resolves after SUBACK. */
  async listen(): Promise<void> {
    const { bus, node } = this.#parts;
    this.#subscriptions = [
      await bus.subscribe(robotCommand, (command) => this.#order(command), { node }),
      await bus.subscribe(backupCall, (call) => this.#called(call), { node }),
    ];
  }

  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.map((each) => each.close()));
  }

  /** Tells the caller how it goes. */
  reply(call: string, answer: BackupReply, text: string): void {
    const { bus, node, nowUtc, log } = this.#parts;
    this.#calls.set(call, answer);
    const message: BackupAnswer = { v: 1, id: ulid(), node, at: nowUtc(), call, unit: node, answer, text };
    bus.publish(backupAnswer, message).catch((err: unknown) => log.error({ err, call }, "the answer was not said"));
  }

  #order({ id, by, seenTickMs, order }: RobotCommand): void {
    const { tickMs, apply, changed } = this.#parts;
    this.counters.orders += 1;
    const ageMs = tickMs() - seenTickMs;
    const moves = order.act !== "hold" && order.act !== "leave";
    const outcome = (moves && refusedAsOld(ageMs)) || apply(eventOf(order, by));
    if (!outcome.accepted) this.counters.refused += 1;
    this.answers.push({
      order: id,
      by,
      act: order.act,
      accepted: outcome.accepted,
      why: outcome.why,
      tickMs: tickMs(),
    });
    if (this.answers.length > MOST_ANSWERS) this.answers.shift();
    changed();
  }

  #called({ call, at, place, task, over }: BackupCall): void {
    const { frame, from, apply, nowUtc } = this.#parts;
    if (over !== undefined) {
      if (this.#calls.has(call)) apply({ kind: "leave", call, why: over });
      return;
    }
    this.counters.calls += 1;
    const before = this.#calls.get(call);
    if (before !== undefined) {
      this.reply(call, before, "asked again");
      return;
    }
    if (task.kind !== "goAndReport") {
      this.counters.declined += 1;
      this.reply(call, "declined", "a robot does not assist; it goes and reports where a person approved that");
      return;
    }
    const ageMs = Number(nsOfUtc(nowUtc()) - nsOfUtc(at)) / 1e6;
    if (ageMs > CALL_MS) {
      this.counters.declined += 1;
      this.reply(call, "declined", `the call is ${(ageMs / 1000).toFixed(0)} s old: call again`);
      return;
    }
    const { eastM, northM } = frame.toLocal(place.lat, place.lon, frame.origin.altM);
    const outcome = apply({ kind: "call", call, place: { eastM, northM }, from: from() });
    if (!outcome.accepted) this.counters.declined += 1;
    this.reply(call, outcome.accepted ? "accepted" : "declined", outcome.why);
  }
}

function refusedAsOld(ageMs: number): DutyOutcome | undefined {
  if (ageMs >= 0 && ageMs < PICTURE_MS) return undefined;
  const age = ageMs < 0 ? "from before its last start" : `${(ageMs / 1000).toFixed(0)} s old`;
  return { accepted: false, why: `it was made on a picture ${age}: look again` };
}

function eventOf(order: RobotCommand["order"], by: string): DutyEvent {
  if (order.act === "patrol") return { kind: "patrol", by, route: order.route };
  if (order.act === "leave") return { kind: "leave", call: order.call, why: order.why ?? `${by} says so` };
  return { kind: order.act, by };
}
