/** The vehicle's side of the parameter protocol. https://mavlink.io/en/services/parameter.html */
import { common, type MavLinkData } from "node-mavlink";
import { make } from "./message.ts";
import { fromWireFloat, type Parameter, toWireFloat } from "./params.ts";

const int32 = common.MavParamType.INT32;
const real32 = common.MavParamType.REAL32;

export class ParamServer {
  readonly #params: Map<string, Parameter>;
  readonly #send: (message: MavLinkData) => void;
  /** Indices of a full list still to send: a few each tick, as a radio link would. */
  #list: number[] = [];
  /** PX4 sends an integer as its bytes, ArduPilot casts it to float. */
  readonly #bytewise: boolean;
  readonly #changed: () => void;

  constructor(
    params: Map<string, Parameter>,
    send: (message: MavLinkData) => void,
    options: { bytewise: boolean; changed: () => void },
  ) {
    this.#params = params;
    this.#send = send;
    this.#bytewise = options.bytewise;
    this.#changed = options.changed;
  }

  /** True when the message was one of the parameter protocol. */
  take(message: MavLinkData): boolean {
    if (message instanceof common.ParamRequestList) this.#list = [...this.#params.keys()].map((_, index) => index);
    else if (message instanceof common.ParamRequestRead) this.#say(this.#find(message.paramId, message.paramIndex));
    else if (message instanceof common.ParamSet) this.#set(message);
    else return false;
    return true;
  }

  tick(): void {
    for (const index of this.#list.splice(0, 10)) this.#say(this.#find("", index));
  }

  #find(id: string, index: number): string | undefined {
    const name = index >= 0 ? [...this.#params.keys()][index] : id.split("\0")[0];
    return name !== undefined && this.#params.has(name) ? name : undefined;
  }

  #set(message: common.ParamSet): void {
    const name = this.#find(message.paramId, -1);
    const parameter = name === undefined ? undefined : this.#params.get(name);
    if (parameter === undefined) return;
    const type = message.paramType === int32 ? "int" : "float";
    // PX4 answers a set of the wrong type with the value as it stands.
    if (type === parameter.type) {
      const value = this.#bytewise ? fromWireFloat(type, message.paramValue) : message.paramValue;
      const low = parameter.min ?? -Infinity;
      const high = parameter.max ?? Infinity;
      if (Number.isFinite(value) && value >= low && value <= high) parameter.value = value;
      this.#changed();
    }
    this.#say(name);
  }

  #say(name: string | undefined): void {
    const parameter = name === undefined ? undefined : this.#params.get(name);
    if (name === undefined || parameter === undefined) return;
    this.#send(
      make(common.ParamValue, {
        paramId: name,
        paramValue: this.#bytewise ? toWireFloat(parameter) : parameter.value,
        paramType: parameter.type === "int" ? int32 : real32,
        paramCount: this.#params.size,
        paramIndex: [...this.#params.keys()].indexOf(name),
      }),
    );
  }
}
