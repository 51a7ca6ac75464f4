/** The pretend robot in a thread of its own: real firmware on an emulated chip, at the speed of real time, with body, sensors and people around it. */
import { parentPort, workerData } from "node:worker_threads";
import { CHIP_HZ } from "../chip/atmega328p.ts";
import { Plane } from "../place.ts";
import { Rng } from "../rng.ts";
import { Body, COUNTS_PER_M } from "./body.ts";
import { cameraLook, heard } from "./camera.ts";
import { Chip } from "./chip.ts";
import type { FromRobot, RobotPlan, ToRobot } from "./messages.ts";
import { GnssReceiver, InertialSensor, usualGnss } from "./sensors.ts";
import { Surroundings } from "./surroundings.ts";

const MS_CYCLES = CHIP_HZ / 1000;
/** At 1.5 m/s a wheel's encoder has an edge every 0.7 ms. */
const STEPS_A_MS = 4;
/** Ultrasonic ranges: azimuths counter-clockwise from the nose, half the width of their cone, how far they see. */
const RANGE_AZIMUTHS = [Math.PI / 6, 0, -Math.PI / 6, Math.PI];
const CONE_RAD = 0.2;
const LONGEST_M = 6.45;
const SHORTEST_M = 0.15;
const RESET_PRESS_MS = 300;
/**
 * A thread that was held up for longer lets the lost time go, and then the board's clock has jumped against the world's, as no quartz does: for
 * seconds what the camera saw stands where the robot was not. Up to this it catches up, several times as fast as real time.
 */
const MOST_BEHIND_MS = 2000;

const plan = workerData as RobotPlan;
const port = parentPort!;
const tell = (message: FromRobot) => port.postMessage(message);
const rng = new Rng(`robot/${plan.seed}`);
const body = new Body(plan.start);
const around = new Surroundings(plan.walls, plan.people, rng.fork("people"));
const imu = new InertialSensor(body, rng.fork("imu"));
let begunMs = Date.now();
const gnss = new GnssReceiver(body, new Plane(plan.origin), rng.fork("gnss"), { ...usualGnss, ...plan.gnss }, begunMs);
const chip = new Chip(
  plan.hexPath,
  new Map<number, InertialSensor | GnssReceiver>([
    [0x68, imu],
    [0x42, gnss],
  ]),
);
const rangeRng = rng.fork("range");
const cameraRng = rng.fork("camera");
let milliseconds = 0;
let resetUntilMs = 0;
let toldAtS = 0;
let nextPulseMs = Math.ceil(begunMs / 1000) * 1000;
const turned: [number, number] = [0, 0];

// At rest: emergency stop circuit whole, reset not pressed, encoders low.
chip.put("d", 7, false);
chip.put("b", 4, true);

port.on("message", (message: ToRobot) => {
  if (message.type === "bytes") {
    chip.send(message.bytes);
    toldAtS = chip.cycles / CHIP_HZ;
  } else if (message.type === "emergencyStop") chip.put("d", 7, message.pressed);
  else if (message.type === "reset") resetUntilMs = milliseconds + RESET_PRESS_MS;
  else if (message.type === "gnss") {
    gnss.on = message.on;
    if (message.options) gnss.options = { ...gnss.options, ...message.options };
  } else if (message.type === "slip") body.slip = message.share;
  else if (message.type === "lie") around.lie(message.person, message.lying);
  else if (message.type === "put") around.put(message.person, message.at);
  else if (message.type === "sound")
    tell({ type: "look", look: heard(body, message.label, message.at, begunMs + milliseconds, cameraRng) });
  else if (message.type === "hang") chip.hang();
  else {
    port.close();
    process.exit(0);
  }
});

/** At most one edge a wheel and step: A and B in quadrature, counted on both edges of A; A leads B forwards. */
function encoders(): void {
  for (const [side, rolledM] of [body.leftM, body.rightM].entries()) {
    const due = Math.floor(rolledM * COUNTS_PER_M) - turned[side]!;
    if (due === 0) continue;
    turned[side]! += Math.sign(due);
    const count = turned[side]!;
    const a = (count & 1) === 1;
    // Forwards A rises while B is low; backwards while it is high.
    chip.put("d", side === 0 ? 4 : 6, due > 0 ? !a : a);
    chip.put("d", side === 0 ? 2 : 5, a);
  }
}

function ranges(): void {
  for (const [channel, azimuth] of RANGE_AZIMUTHS.entries()) {
    const rays = [-CONE_RAD, 0, CONE_RAD].map((off) =>
      around.rangeM([body.eastM, body.northM], body.yawRad + azimuth + off, LONGEST_M),
    );
    const rangeM = Math.min(LONGEST_M, Math.max(SHORTEST_M, Math.min(...rays) + rangeRng.normal(0, 0.01)));
    chip.volts(channel, (rangeM / 0.0254) * (5 / 512));
  }
}

function millisecond(): void {
  const moves = Math.abs(body.leftMps) + Math.abs(body.rightMps) > 1e-3;
  const steps = moves ? STEPS_A_MS : 1;
  for (let step = 1; step <= steps; step++) {
    body.step(chip.motors(), 1e-3 / steps);
    encoders();
    chip.runTo((milliseconds + step / steps) * MS_CYCLES);
  }
  milliseconds += 1;
  chip.put("b", 4, milliseconds >= resetUntilMs);
  const utcMs = begunMs + milliseconds;
  imu.step();
  gnss.step(utcMs);
  if (utcMs >= nextPulseMs) {
    // Where time was let go, the pulse is missed, not late.
    if (plan.pps !== false && gnss.on && utcMs - nextPulseMs < 2) chip.pps();
    nextPulseMs = (Math.floor(utcMs / 1000) + 1) * 1000;
  }
  if (milliseconds % 50 === 0) {
    ranges();
    around.step(0.05, [body.eastM, body.northM]);
    const motors = chip.motors();
    tell({
      type: "truth",
      truth: {
        timeS: chip.cycles / CHIP_HZ,
        utcMs,
        eastM: body.eastM,
        northM: body.northM,
        yawRad: body.yawRad,
        speedMps: body.speedMps,
        yawRateRadps: body.yawRateRadps,
        outputMps: [motors.left * 2, motors.right * 2],
        enabled: motors.enabled,
        toldAtS,
        people: around.people,
      },
    });
  }
  if (milliseconds % 200 === 0) tell({ type: "look", look: cameraLook(body, around, utcMs, cameraRng) });
}

function run(): void {
  const nowMs = Date.now();
  const behindMs = nowMs - begunMs - milliseconds;
  if (behindMs > MOST_BEHIND_MS) begunMs += behindMs - MOST_BEHIND_MS;
  // In slices, so that the holder's words come in between.
  for (let n = 0; n < 25 && begunMs + milliseconds < nowMs; n++) millisecond();
  const bytes = chip.taken();
  if (bytes.length > 0) tell({ type: "bytes", bytes: Uint8Array.from(bytes) });
  setTimeout(run, 2);
}
ranges();
run();
