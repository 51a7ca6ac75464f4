/** What must be so before a drone arms. Every check is named and kept, the passed ones too: a refusal is explained by the whole list. */
import { drainPerS, homeS, travelS } from "./energy.ts";
import type { Check, FailsafesRead, Flight, Plan, PreflightFacts } from "./flight.ts";
import { airspaceOpen, type FailsafeRules, type Site } from "./site.ts";
import { nearTraffic } from "./traffic.ts";

const fixes3d = new Set(["3d", "dgps", "rtkFloat", "rtkFixed"]);

export function gnssGood(flight: Flight): boolean {
  return flight.vehicle.gnss !== undefined && fixes3d.has(flight.vehicle.gnss.fix);
}

/** All checks, in the order in which people read them. */
export function preflightChecks(flight: Flight, plan: Plan, facts: PreflightFacts, site: Site): Check[] {
  const { vehicle, dock } = flight;
  const wind = vehicle.wind ?? site.windFromForecast;
  const checks: Check[] = [];
  const check = (name: string, ok: boolean, detail: string) => checks.push({ check: name, ok, detail });

  check("link", vehicle.link === "up", vehicle.link === "up" ? "the vehicle is heard" : "the vehicle is not heard");
  check(
    "armable",
    vehicle.armable === true,
    vehicle.armable ? "the autopilot is ready" : "the autopilot is not ready to arm",
  );

  const sceneS = travelS(plan.out, site.performance, wind);
  const end = plan.out.at(-1)!;
  const backS = homeS(end, site.dock, site.failsafes.returnHeightM, site.performance, wind);
  const climbS = end.heightM / site.performance.climbMps;
  const needed = (climbS + sceneS + backS) * drainPerS(site.performance, undefined) + site.battery.reserveFraction;
  const battery = vehicle.battery;
  const floor = Math.max(needed, site.battery.startFraction);
  check(
    "battery",
    battery !== undefined && battery >= floor,
    `${percent(battery)} charged, ${percent(needed)} take it there and back with the reserve, ${percent(site.battery.startFraction)} are asked to start`,
  );

  check(
    "wind",
    wind !== undefined && wind.speedMps <= site.wind.startMps && Number.isFinite(sceneS + backS),
    wind === undefined
      ? "neither the vehicle nor the site's forecast states the wind"
      : `${wind.speedMps.toFixed(1)} m/s, ${site.wind.startMps} m/s allowed`,
  );
  const { gnss } = vehicle;
  check(
    "gnss",
    gnssGood(flight) &&
      gnss!.satellites >= site.gnss.satellites &&
      (gnss!.horizontalM === undefined || gnss!.horizontalM <= site.gnss.horizontalM),
    gnss === undefined
      ? "no position heard"
      : `${gnss.fix} with ${gnss.satellites} satellites${gnss.horizontalM === undefined ? "" : `, ${gnss.horizontalM.toFixed(1)} m`}`,
  );
  check(
    "geofence",
    facts.fenceSet === true,
    facts.fenceSet
      ? `on the vehicle, read back ${Math.round(facts.fenceReadAgoS ?? 0)} s before`
      : (facts.why ?? "not set on the vehicle"),
  );
  check(
    "mission",
    facts.missionSet === true,
    facts.missionSet ? "on the vehicle" : (facts.why ?? "not on the vehicle"),
  );
  check(
    "airspace",
    airspaceOpen(site, facts.utcMs),
    facts.utcMs === undefined
      ? "this node's time is not valid"
      : `${new Date(facts.utcMs).toISOString().slice(11, 16)} UTC`,
  );
  const near = vehicle.position ? nearTraffic(flight.aircraft, vehicle.position, flight.tickMs, site.traffic) : [];
  check(
    "traffic",
    near.length === 0,
    near.length === 0 ? "clear" : `${near[0]!.icao} at ${near[0]!.distanceM.toFixed(0)} m`,
  );

  const faults = dockFaults(flight, site);
  check("dock", faults.length === 0, faults.length === 0 ? `door ${dock.door}, drone on the pad` : faults.join("; "));

  if (facts.failsafes === undefined) check("failsafes", false, facts.why ?? "could not be read");
  else for (const fault of failsafeChecks(facts.failsafes, site.failsafes)) checks.push(fault);
  const laneOff = Math.abs((flight.mission?.laneHeightM ?? 0) - site.failsafes.returnHeightM);
  check(
    "lane",
    laneOff <= site.failsafes.returnHeightToleranceM,
    `asked for ${flight.mission?.laneHeightM} m, this drone comes home at ${site.failsafes.returnHeightM} m`,
  );
  return checks;
}

/** What keeps the dock from letting a drone out. */
export function dockFaults({ dock }: Flight, site: Site): string[] {
  const faults: string[] = [];
  if (dock.link !== "up") faults.push("the dock does not answer");
  if (dock.door === "jammed") faults.push("the door is jammed");
  if (dock.padOccupied !== true) faults.push("no drone on the pad");
  if (dock.tampered) faults.push("the dock was tampered with");
  if (dock.stopPressed) faults.push("the dock's stop button is pressed");
  const { min, max } = site.dockAirTempC;
  if (dock.airTempC !== undefined && (dock.airTempC < min || dock.airTempC > max)) {
    faults.push(`${dock.airTempC.toFixed(0)} C in the dock, ${min} to ${max} C allowed`);
  }
  return faults;
}

/** The autopilot's own failsafes against the site's: with our software gone for good, they alone bring the vehicle home. */
export function failsafeChecks(read: FailsafesRead, rules: FailsafeRules): Check[] {
  const one = (
    name: string,
    action: string | undefined,
    allowed: readonly string[],
    extra?: [boolean, string],
  ): Check => {
    const ok = action !== undefined && allowed.includes(action) && (extra?.[0] ?? true);
    const detail = `${action ?? "not stated"}, ${allowed.join(" or ")} asked${extra ? `; ${extra[1]}` : ""}`;
    return { check: name, ok, detail };
  };
  const { dataLinkLoss: link, batteryLow: low, batteryCritical: critical, returnHeightM } = read;
  return [
    one("failsafe-link", link?.action, rules.dataLinkLoss.actions, [
      link?.afterS !== undefined && link.afterS <= rules.dataLinkLoss.withinS,
      `after ${link?.afterS ?? "?"} s, ${rules.dataLinkLoss.withinS} s allowed`,
    ]),
    one("failsafe-rc", read.rcLoss?.action, rules.rcLoss.actions),
    one("failsafe-battery-low", low?.action, rules.batteryLow.actions, [
      low?.atFraction !== undefined && low.atFraction >= rules.batteryLow.atLeastFraction,
      `at ${percent(low?.atFraction)}, ${percent(rules.batteryLow.atLeastFraction)} at least`,
    ]),
    one("failsafe-battery-critical", critical?.action, rules.batteryCritical.actions, [
      critical?.atFraction !== undefined && critical.atFraction >= rules.batteryCritical.atLeastFraction,
      `at ${percent(critical?.atFraction)}, ${percent(rules.batteryCritical.atLeastFraction)} at least`,
    ]),
    one("failsafe-geofence", read.geofence?.action, rules.geofence.actions),
    {
      check: "return-height",
      ok: returnHeightM !== undefined && Math.abs(returnHeightM - rules.returnHeightM) <= rules.returnHeightToleranceM,
      detail: `${returnHeightM ?? "not stated"} m, ${rules.returnHeightM} m asked`,
    },
  ];
}

function percent(fraction: number | undefined): string {
  return fraction === undefined ? "?" : `${Math.round(fraction * 100)} %`;
}
