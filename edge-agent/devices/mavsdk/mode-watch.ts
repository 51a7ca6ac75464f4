/** Who changed the flight mode: ours by a command that is known, the autopilot's by its own words, or somebody else's. */
import { type FlightMode, type ModeChange, pilotModes } from "#edge-agent/vehicle-port.ts";

/** Longest that a vehicle may take from acknowledging a command to showing its mode. */
const commandWindowMs = 4000;
/** A failsafe's text and the mode it leads to come this close together, either first. */
const failsafeWindowMs = 6000;
/** MAV_STATE_CRITICAL and _EMERGENCY. */
const failsafeStates: readonly number[] = [5, 6];
const failsafeText =
  /failsafe|battery (?:is )?(?:low|critical)|geofence|fence breach|data ?link|rc lost|position lost|emergency/i;

/** Modes that the named one ends in by itself. */
const successors: Partial<Record<FlightMode, readonly FlightMode[]>> = {
  takeoff: ["hold", "guided"],
  mission: ["hold", "guided", "return", "land"],
  return: ["land", "hold", "precland"],
  land: ["hold"],
  precland: ["land", "hold"],
};

export interface Heard {
  mode: FlightMode;
  raw: number;
  systemStatus: number;
  armed: boolean;
  onGround: boolean;
  atMs: number;
}

export class ModeWatch {
  #mode: FlightMode | undefined;
  #expected: { modes: readonly FlightMode[]; command: string; fromMs: number; untilMs: number }[] = [];
  #failsafeSaid: { text: string; atMs: number } | undefined;
  /** The last mode that was entered on our word, and that is still followed by its natural ends. */
  #ours: FlightMode | undefined;

  /** A command that will lead to one of these modes has been sent. Returns what takes it back when the vehicle refused. */
  expect(command: string, modes: readonly FlightMode[], atMs: number): () => void {
    const expected = { modes, command, fromMs: atMs, untilMs: atMs + commandWindowMs };
    this.#expected = [...this.#expected.filter((each) => each.untilMs > atMs), expected].slice(-8);
    return () => {
      this.#expected = this.#expected.filter((each) => each !== expected);
    };
  }

  text(text: string, atMs: number): void {
    if (failsafeText.test(text)) this.#failsafeSaid = { text, atMs };
  }

  /** A heartbeat; the change it shows, if it shows one. The first heartbeat of all shows none. */
  heard({ mode, raw, systemStatus, armed, onGround, atMs }: Heard): ModeChange | undefined {
    const from = this.#mode;
    this.#mode = mode;
    if (from === undefined || from === mode) return undefined;
    const change = (cause: ModeChange["cause"], evidence: string): ModeChange => {
      const ours = cause === "commanded" || cause === "natural";
      this.#ours = ours ? mode : undefined;
      return { from, to: mode, cause, ours, evidence, raw, atMs };
    };
    const expected = this.#expected.find((each) => each.modes.includes(mode) && atMs <= each.untilMs);
    if (expected !== undefined) {
      // Once: if a person leaves this mode and comes back to it, that was not us.
      this.#expected = this.#expected.filter((each) => each.fromMs > expected.fromMs);
      return change("commanded", `we sent ${expected.command} ${Math.round(atMs - expected.fromMs)} ms before`);
    }
    // PX4 goes back to its default mode, often a pilot's, when it has landed and disarmed.
    if (!armed && onGround) return change("natural", "on the ground, disarmed");
    if (pilotModes.includes(mode)) return change("pilot", `${mode} is flown by sticks`);
    if (failsafeStates.includes(systemStatus))
      return change("failsafe", `the autopilot's state is critical (${systemStatus})`);
    const said = this.#failsafeSaid;
    if (said !== undefined && atMs - said.atMs < failsafeWindowMs) return change("failsafe", `it said "${said.text}"`);
    if (this.#ours === from && successors[from]?.includes(mode)) return change("natural", `${from} ends in ${mode}`);
    return change("external", "no command of ours, no word of the autopilot");
  }
}
