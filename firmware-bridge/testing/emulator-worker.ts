/** An emulated ATmega328P in a thread of its own, at its holder's pace, with a dock's door, switches and PPS around it. */
import { parentPort, workerData } from "node:worker_threads";
import { Atmega328p, CHIP_HZ as hz } from "#sim/chip/atmega328p.ts";
import type { EmulatorOptions, FromEmulator, ToEmulator } from "./emulator.ts";

/** The thread listens to its host between slices. */
const sliceCycles = 16_000;

const options = workerData as EmulatorOptions;
const speed = options.speed ?? 1;
const port = parentPort!;
const tell = (message: FromEmulator) => port.postMessage(message);
const chip = new Atmega328p(options.hexPath);

const door = { open: options.doorOpen ? 1 : 0, travelS: options.doorTravelS ?? 1, jammed: false };
let reported = "";
let wordClockHigh = false;
let nextPps = options.ppsEveryS ? Math.round(options.ppsEveryS * hz) : Number.POSITIVE_INFINITY;
const wordHalfCycles = options.wordClockHz ? hz / options.wordClockHz / 2 : Number.POSITIVE_INFINITY;
let nextWord = wordHalfCycles;

/** Once a slice (a millisecond): the door moves as its relays say, the switches follow. */
function world(): void {
  const opens = chip.high("b", 1);
  const closes = chip.high("b", 2);
  const step = sliceCycles / hz / door.travelS;
  if (!door.jammed && opens !== closes) door.open = Math.max(0, Math.min(1, door.open + (opens ? step : -step)));
  chip.put("d", 2, door.open < 1);
  chip.put("d", 3, door.open > 0);
  const pins = {
    motorOpen: opens,
    motorClose: closes,
    charger: chip.high("b", 3),
    lamp: chip.high("b", 5),
    door: Number(door.open.toFixed(3)),
    servoUs: [ocr(0x88) / 2, ocr(0x8a) / 2] as [number, number],
    lamps: [chip.high("d", 5), chip.high("d", 6)] as [boolean, boolean],
  };
  const text = JSON.stringify(pins);
  if (text !== reported) {
    reported = text;
    tell({ type: "pins", pins });
  }
}
const ocr = (address: number) => chip.cpu.data[address]! | (chip.cpu.data[address + 1]! << 8);

let paused = false;
port.on("message", (message: ToEmulator) => {
  switch (message.type) {
    case "bytes":
      chip.send(message.bytes);
      break;
    case "input":
      chip.put(message.port, message.pin, message.high);
      break;
    case "volts":
      chip.volts(message.channel, message.volts);
      break;
    case "jam":
      door.jammed = message.jammed;
      break;
    case "hang":
      chip.hang();
      break;
    case "pause":
      paused = message.paused;
      setOff();
      break;
    case "stop":
      port.close();
      process.exit(0);
  }
});

// At rest: nothing on the pad, light barrier clear, stop not pressed, tamper loop whole, 20 C.
chip.put("d", 5, true);
chip.put("d", 6, false);
chip.put("d", 7, false);
chip.put("c", 1, false);
chip.volts(0, 0.7);
world();

/** When it was switched on, by the wall's clock; later, where it could not keep the pace. */
let begunMs = performance.now();
const chipMs = () => (chip.cycles / hz) * 1000;
const dueMs = () => (performance.now() - begunMs) * speed;
const setOff = () => {
  begunMs = performance.now() - chipMs() / speed;
};

function slice(): void {
  const end = chip.cycles + sliceCycles;
  while (chip.cycles < end) {
    chip.runTo(Math.min(end, nextPps, nextWord));
    if (chip.cycles >= nextPps) {
      nextPps += Math.round(options.ppsEveryS! * hz);
      chip.pps();
    }
    if (chip.cycles >= nextWord) {
      nextWord += wordHalfCycles;
      wordClockHigh = !wordClockHigh;
      chip.put("d", 4, wordClockHigh);
    }
  }
  world();
  const bytes = chip.taken();
  if (bytes.length > 0) tell({ type: "bytes", bytes: Uint8Array.from(bytes) });
}

function run(): void {
  for (let slices = 0; !paused && chipMs() < dueMs() && slices < 20 * speed; slices++) slice();
  // A machine too slow for real time runs behind without trying to catch up.
  if (chipMs() < dueMs() - 100) setOff();
  setTimeout(run, 1);
}
run();
