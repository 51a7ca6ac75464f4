/** Units and robots as they stand now: who can be asked to come, and where they are. */
import { type BackupUnit, backupUnit, type UnitView } from "#contract/backup.ts";
import { nsOfUtc } from "#contract/units.ts";
import type { Unit } from "#core/dispatch/units.ts";
import type { HubBus } from "../context.ts";
import type { Robots } from "../robots/robots.ts";
import type { BackupConfig, UnitConfig } from "./config.ts";

/** A robot that said nothing for so long is out of reach. */
const ROBOT_SILENT_S = 15;
const NO_SIGMA_M = 15;

export class Units {
  readonly #config: BackupConfig;
  readonly #robots: Robots;
  readonly #said = new Map<string, BackupUnit>();

  constructor(config: BackupConfig, robots: Robots) {
    this.#config = config;
    this.#robots = robots;
  }

  /** Resolves when it listens. @param retained what they said before this gateway was started. */
  listen(bus: HubBus, retained: readonly BackupUnit[], heard: (unit: BackupUnit) => void): Promise<void> {
    for (const unit of retained) if (this.configOf(unit.node)) this.#said.set(unit.node, unit);
    return bus.subscribe(backupUnit, (unit) => {
      if (!this.configOf(unit.node)) return;
      this.#said.set(unit.node, unit);
      heard(unit);
    });
  }

  configOf(name: string): UnitConfig | undefined {
    return this.#config.units.find((unit) => unit.name === name);
  }

  /** People's units of the configuration. */
  people(nowMs: number): Unit[] {
    return this.#config.units.map((unit) => this.#unit(unit, nowMs));
  }

  robot(name: string, nowMs: number): Unit | undefined {
    const known = this.#robots.get(name);
    if (!known?.state) return undefined;
    const { phase, cruiseMps } = known.state;
    const silent = this.#robots.ageS(name) > ROBOT_SILENT_S;
    const { pose } = known;
    return {
      name,
      robot: true,
      speedMps: cruiseMps,
      status:
        silent || phase === "emergencyStop" ? "off" : phase === "called" || phase === "onScene" ? "busy" : "available",
      at: pose && {
        lat: pose.lat,
        lon: pose.lon,
        posSigmaM: pose.ellipse95.semiMajorM / 2.45,
        ageS: ageS(pose.at, nowMs),
      },
    };
  }

  views(nowMs: number): UnitView[] {
    const units = this.people(nowMs).map((unit) => {
      const { label, contact, position } = this.configOf(unit.name)!;
      return view(unit, label ?? unit.name, contact.kind, position !== undefined);
    });
    const robots = this.#robots.all().flatMap(([name]) => {
      const unit = this.robot(name, nowMs);
      return unit ? [view(unit, name, "mqtt")] : [];
    });
    return [...units, ...robots];
  }

  #unit({ name, speedMps, position, contact }: UnitConfig, nowMs: number): Unit {
    const said = this.#said.get(name);
    const base = { name, robot: false, speedMps };
    if (position) return { ...base, status: said?.status ?? "available", at: { ...position, ageS: 0 } };
    if (!said) return { ...base, status: contact.kind === "mqtt" ? "unknown" : "available", at: undefined };
    const { lat, lon, posSigmaM = NO_SIGMA_M, status, at } = said;
    return { ...base, status, at: { lat, lon, posSigmaM, ageS: ageS(at, nowMs) } };
  }
}

function view({ name, robot, status, at }: Unit, label: string, contact: UnitView["contact"], fixed = false): UnitView {
  const place = at && { lat: at.lat, lon: at.lon, posSigmaM: at.posSigmaM, ...(fixed && { fixed: true as const }) };
  return { unit: name, label, robot, status, contact, ...(place && { place, ageS: at.ageS }) };
}

function ageS(at: string, nowMs: number): number {
  return Math.max(0, (nowMs - Number(nsOfUtc(at) / 1_000_000n)) / 1000);
}
