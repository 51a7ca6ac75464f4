/**
 * The pretend vehicle as a process of its own:
 *   node sim/vehicle/main.ts --lat 52.1 --lon 5.1 --alt 12 --port 14540 [--seed 1] [--speed 1] [--wind 5 --wind-from 270] [--battery 1] [--ardupilot]
 * Says its truth on standard output once a second, a JSON object a line; obeys JSON lines on standard input:
 *   {"do":"linkDown"} {"do":"setBattery","with":0.1} {"do":"rcTakeover","with":{"mode":"altitude"}} {"do":"stop"}
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Fault } from "#contract/errors.ts";
import { type SimulatedVehicle, startVehicle } from "./start-vehicle.ts";

const usage =
  "usage: node sim/vehicle/main.ts --lat DEG --lon DEG [--alt M] [--port N] [--host H] [--seed N] [--speed X] [--wind M/S] [--wind-from DEG] [--battery 0..1] [--ardupilot]";

const orders = [
  "linkDown",
  "linkUp",
  "setLink",
  "setBattery",
  "loseGnss",
  "restoreGnss",
  "setWind",
  "setParam",
  "setSensor",
  "rcTakeover",
  "releaseSticks",
  "setRc",
  "hearTraffic",
  "setSpeed",
  "stop",
] as const satisfies readonly (keyof SimulatedVehicle)[];

function number(name: string, value: string | undefined, fallback?: number): number {
  const read = value === undefined ? fallback : Number(value);
  if (read === undefined || !Number.isFinite(read)) throw new Fault("usage", `--${name} must be a number`);
  return read;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean" },
      lat: { type: "string" },
      lon: { type: "string" },
      alt: { type: "string" },
      port: { type: "string" },
      host: { type: "string" },
      seed: { type: "string" },
      speed: { type: "string" },
      wind: { type: "string" },
      "wind-from": { type: "string" },
      battery: { type: "string" },
      ardupilot: { type: "boolean" },
    },
  });
  if (values.help) return void process.stdout.write(`${usage}\n`);
  const vehicle = await startVehicle({
    home: { lat: number("lat", values.lat), lon: number("lon", values.lon), absAltM: number("alt", values.alt, 0) },
    udpPort: number("port", values.port, 14540),
    ...(values.host === undefined ? {} : { host: values.host }),
    seed: number("seed", values.seed, 1),
    speed: number("speed", values.speed, 1),
    wind: { speedMS: number("wind", values.wind, 0), fromDeg: number("wind-from", values["wind-from"], 270) },
    autopilot: values.ardupilot ? "ardupilot" : "px4",
    batteryFraction: number("battery", values.battery, 1),
  });
  const timer = setInterval(() => process.stdout.write(`${JSON.stringify(vehicle.truth)}\n`), 1000);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const fault = obeyLine(vehicle, line);
    if (fault !== undefined) process.stderr.write(`vehicle: ${fault}\n`);
  });
  const stop = () => {
    clearInterval(timer);
    vehicle.stop();
    lines.close();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  lines.on("line", (line) => {
    if (/"do"\s*:\s*"stop"/.test(line)) stop();
  });
}

/** Does what a line says; returns what is wrong with it. */
export function obeyLine(vehicle: SimulatedVehicle, line: string): string | undefined {
  let order: { do?: unknown; with?: unknown };
  try {
    order = JSON.parse(line);
  } catch (error) {
    return `not JSON: ${(error as Error).message}`;
  }
  const name = orders.find((each) => each === order?.do);
  if (name === undefined) return `"do" must be one of ${orders.join(", ")}`;
  const args = Array.isArray(order.with) ? order.with : order.with === undefined ? [] : [order.with];
  try {
    (vehicle[name] as (...given: unknown[]) => void)(...args);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isUsage = code?.startsWith("ERR_PARSE_ARGS_") === true;
    if (!isUsage && !(error instanceof Fault)) throw error;
    process.stderr.write(`vehicle: ${message}${isUsage ? `\n${usage}` : ""}\n`);
    process.exit(error instanceof Fault ? error.exitCode : 64);
  }
}
