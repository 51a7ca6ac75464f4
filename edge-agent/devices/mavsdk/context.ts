/** What every group of commands shares: the gate on the link, counting, and who is waited for. */
import type { Logger } from "pino";
import type { CommandResult, FlightMode, VehicleState } from "#edge-agent/vehicle-port.ts";
import type { Calls } from "./api.ts";
import type { ModeWatch } from "./mode-watch.ts";
import { refused, refusedBy } from "./refusals.ts";
import type { Rpc } from "./rpc.ts";
import type { StateStore } from "./state-store.ts";

export class Context {
  readonly store: StateStore;
  readonly watch: ModeWatch;
  readonly payloads: { gimbalId?: number; cameraId?: number } = {};
  readonly #rpc: () => Rpc | undefined;
  readonly #log: Pick<Logger, "info" | "warn">;

  constructor(options: {
    store: StateStore;
    watch: ModeWatch;
    rpc: () => Rpc | undefined;
    log: Pick<Logger, "info" | "warn">;
  }) {
    this.store = options.store;
    this.watch = options.watch;
    this.#rpc = options.rpc;
    this.#log = options.log;
  }

  get state(): VehicleState {
    return this.store.snapshot;
  }

  get ardupilot(): boolean {
    return this.store.draft.identity?.autopilot === "ardupilot";
  }

  /** Runs a command while the vehicle is there. What a vehicle, link or driver does wrong comes back as a value. */
  async run<T>(name: string, act: (rpc: Rpc) => Promise<CommandResult<T>>): Promise<CommandResult<T>> {
    const startedMs = performance.now();
    const rpc = this.#rpc();
    let result: CommandResult<T>;
    this.store.counters.commands++;
    if (rpc === undefined) result = refused("link", linkWords[this.store.link]);
    else {
      try {
        result = await act(rpc);
      } catch (error) {
        result = refusedBy(error);
      }
    }
    const tookMs = Math.round(performance.now() - startedMs);
    if (result.ok) this.#log.info({ command: name, tookMs }, "vehicle command done");
    else {
      this.store.counters.refused++;
      this.#log.warn({ command: name, tookMs, why: result.why, detail: result.detail }, "vehicle command not done");
    }
    return result;
  }

  /** As `run`, for a command that leads to one of `modes`: the change that follows is ours. */
  async lead<T>(
    name: string,
    modes: readonly FlightMode[],
    act: (rpc: Rpc) => Promise<CommandResult<T>>,
  ): Promise<CommandResult<T>> {
    return this.run(name, async (rpc) => {
      const takeBack = this.watch.expect(name, modes, performance.now());
      const result = await act(rpc);
      // A timeout may still act; any other refusal will not. Arming changes the mode before it is done or not at all.
      if (result.ok ? name === "arm" : result.why !== "timeout") takeBack();
      return result;
    });
  }

  /** Until telemetry shows what was acknowledged, four heartbeats at most (a thin link loses some): the next command may depend on it. */
  async until(seen: () => boolean): Promise<void> {
    for (const endMs = performance.now() + 4000; !seen() && performance.now() < endMs; )
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** What the autopilot said since `sinceMs`, for the detail of a refusal; it says why right after it refuses. */
  async said(sinceMs: number): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const grave = ["emergency", "alert", "critical", "error", "warning"];
    const texts = this.store.texts.filter((each) => each.atMs >= sinceMs && grave.includes(each.severity));
    return [...new Set(texts.map((each) => each.text))].join("; ");
  }
}

const linkWords = {
  absent: "no vehicle has been heard yet",
  lost: "the vehicle is not heard",
  driver: "mavsdk_server is being started again",
  up: "the vehicle was let go",
} as const;

/** Sends COMMAND_LONG to the autopilot without waiting for an answer: for requests of which a refusal changes nothing. */
export async function sendCommand(
  rpc: Rpc,
  command: number,
  params: readonly number[],
  systemId: number,
): Promise<void> {
  const fields: Record<string, number> = { target_system: systemId, target_component: 1, command, confirmation: 0 };
  for (let i = 0; i < 7; i++) fields[`param${i + 1}`] = params[i] ?? 0;
  await sendMessage(rpc, "COMMAND_LONG", fields, systemId);
}

/** Resolves when it is sent. */
export async function sendMessage(
  rpc: Rpc,
  name: string,
  fields: Readonly<Record<string, number | string>>,
  systemId: number,
): Promise<void> {
  const request: Calls["mavlink_direct.SendMessage"][0] = {
    message: {
      message_name: name,
      system_id: 0,
      component_id: 0,
      target_system_id: systemId,
      target_component_id: 1,
      fields_json: JSON.stringify(fields),
    },
  };
  await rpc.call("mavlink_direct.SendMessage", request, 2000);
}
