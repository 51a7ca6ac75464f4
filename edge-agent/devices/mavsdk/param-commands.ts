/** Parameters, and the failsafes they say. */
import type { CommandResult, Failsafes } from "#edge-agent/vehicle-port.ts";
import { type Context, sendMessage } from "./context.ts";
import { failsafeParams, failsafesOf } from "./failsafe-params.ts";
import type { Param, ParamWatch } from "./param-watch.ts";
import { refused, resultOf } from "./refusals.ts";
import type { Rpc } from "./rpc.ts";

/** A vehicle that was asked for a dozen parameters has answered by then, also over a thin radio link. */
const answersMs = 700;

export class ParamCommands {
  readonly #context: Context;
  readonly #watch: ParamWatch;
  /** Types once learnt: a read of the wrong type costs a round trip. */
  readonly #types = new Map<string, Param["type"]>();

  constructor(context: Context, watch: ParamWatch) {
    this.#context = context;
    this.#watch = watch;
  }

  async get(name: string): Promise<CommandResult<Param>> {
    if (!/^[A-Z0-9_]{1,16}$/.test(name)) return refused("input", `"${name}" is not a parameter's name`);
    return this.#context.run("getParam", (rpc) => this.#read(rpc, name));
  }

  async #read(rpc: Rpc, name: string): Promise<CommandResult<Param>> {
    const known = this.#types.get(name);
    for (const type of known ? [known] : (["int", "float"] as const)) {
      const { param_result, value } = await rpc.call(
        type === "int" ? "param.GetParamInt" : "param.GetParamFloat",
        { name },
        8000,
      );
      if (param_result.result === "RESULT_WRONG_TYPE" || param_result.result === "RESULT_TYPE_MISMATCH") continue;
      const result = resultOf(param_result);
      if (!result.ok)
        return result.why === "timeout"
          ? refused("timeout", `${name}: no answer; the vehicle may not have it`)
          : result;
      this.#types.set(name, type);
      return { ok: true, value, type };
    }
    return refused("failed", `${name} is neither a whole nor a real number`);
  }

  async set(name: string, value: number): Promise<CommandResult> {
    if (!Number.isFinite(value)) return refused("input", `${name}: the value must be a number`);
    return this.#context.run("setParam", async (rpc) => {
      const before = await this.#read(rpc, name);
      if (!before.ok) return before;
      if (before.type === "int" && !Number.isInteger(value)) return refused("input", `${name} takes whole numbers`);
      const call = before.type === "int" ? "param.SetParamInt" : "param.SetParamFloat";
      const set = resultOf((await rpc.call(call, { name, value }, 8000)).param_result);
      if (!set.ok) return set;
      const after = await this.#read(rpc, name);
      if (!after.ok) return after;
      const kept = Math.abs(after.value - value) <= Math.abs(value) * 1e-6 + 1e-6;
      return kept ? { ok: true } : refused("denied", `${name} stayed ${after.value}`);
    });
  }

  async all(): Promise<CommandResult<{ params: ReadonlyMap<string, number> }>> {
    return this.#context.run("allParams", async (rpc) => {
      const { params } = await rpc.call("param.GetAllParams", {}, 60_000);
      const all = new Map<string, number>();
      for (const { name, value } of params.int_params) {
        all.set(name, value);
        this.#types.set(name, "int");
      }
      for (const { name, value } of params.float_params) {
        all.set(name, value);
        this.#types.set(name, "float");
      }
      return all.size > 0 ? { ok: true, params: all } : refused("timeout", "the vehicle sent no parameters");
    });
  }

  /** Read from the vehicle now: all asked for at once, and what did not come of that once more, one by one. */
  async failsafes(): Promise<CommandResult<{ failsafes: Failsafes }>> {
    return this.#context.run("failsafes", async (rpc) => {
      const names = failsafeParams(this.#context.ardupilot);
      const raw: Record<string, number> = {};
      const askedMs = performance.now();
      await Promise.all(names.map((name) => this.#ask(rpc, name)));
      for (const [name, { value }] of await this.#watch.since(names, askedMs, answersMs)) raw[name] = value;
      let missing = 0;
      for (const name of names.filter((each) => !(each in raw))) {
        const result = await this.#read(rpc, name);
        if (result.ok) raw[name] = result.value;
        // One that this version has not answers nothing; two running is a dead link.
        else if (result.why === "link" || (result.why === "timeout" && ++missing > 2)) return result;
      }
      return { ok: true, failsafes: failsafesOf(this.#context.ardupilot, raw) };
    });
  }

  async #ask(rpc: Rpc, name: string): Promise<void> {
    const system = this.#context.state.identity?.systemId ?? 1;
    const fields = { target_system: system, target_component: 1, param_id: name, param_index: -1 };
    await sendMessage(rpc, "PARAM_REQUEST_READ", fields, system);
  }
}
