/**
 * What the vehicle says of its parameters (PARAM_VALUE), asked by whomever. Asking for a dozen at once and listening takes one exchange over the
 * link; MAVSDK's own plugin asks for one, waits, and asks for the next. https://mavlink.io/en/services/parameter.html
 */
export interface Param {
  value: number;
  type: "int" | "float";
}

/** MAV_PARAM_TYPE. */
const int32 = 6;
const real32 = 9;

/**
 * A value as its autopilot codes it (mavlink.io, "parameter encoding"): PX4 puts an integer's bytes into the float field, ArduPilot casts it.
 * Undefined where it cannot be told from here: what was NaN on the wire is null in JSON.
 */
export function paramOf(
  { param_type, param_value }: { param_type?: unknown; param_value?: unknown },
  bytewise: boolean,
): Param | undefined {
  if (typeof param_value !== "number" || !Number.isFinite(param_value)) return undefined;
  if (param_type === real32) return { value: param_value, type: "float" };
  if (!bytewise) return { value: param_value, type: "int" };
  if (param_type !== int32) return undefined;
  return { value: new Int32Array(Float32Array.of(param_value).buffer)[0]!, type: "int" };
}

export class ParamWatch {
  readonly #heard = new Map<string, { param: Param | undefined; atMs: number }>();
  readonly #waiting = new Set<() => void>();

  /** @param fields of PARAM_VALUE. */
  hear(fields: Readonly<Record<string, unknown>>, bytewise: boolean, atMs: number): void {
    const name = typeof fields.param_id === "string" ? fields.param_id.replace(/\0.*$/s, "") : "";
    if (!/^[A-Z0-9_]{1,16}$/.test(name)) return;
    this.#heard.set(name, { param: paramOf(fields, bytewise), atMs });
    for (const look of [...this.#waiting]) look();
  }

  /** Those of `names` that were heard since `sinceMs`, once all were or after `limitMs`. */
  async since(names: readonly string[], sinceMs: number, limitMs: number): Promise<Map<string, Param>> {
    const fresh = (name: string) => (this.#heard.get(name)?.atMs ?? -Infinity) >= sinceMs;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const look = () => names.every(fresh) && done();
      const timer = setTimeout(done, limitMs);
      this.#waiting.add(look);
      look();
    });
    return new Map(
      names.flatMap((name) => {
        const param = fresh(name) ? this.#heard.get(name)!.param : undefined;
        return param ? [[name, param] as const] : [];
      }),
    );
  }
}
