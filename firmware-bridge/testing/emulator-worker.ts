/** Runs an ATmega328P (avr8js) at 16 MHz of real time in a thread of its own, with a dock's door, switches and PPS around it. */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import {
  AVRADC,
  AVRClock,
  AVRIOPort,
  AVRTimer,
  AVRUSART,
  AVRWatchdog,
  adcConfig,
  avrInstruction,
  CPU,
  portBConfig,
  portCConfig,
  portDConfig,
  timer0Config,
  timer1Config,
  timer2Config,
  usart0Config,
  watchdogConfig,
} from "avr8js";
import type { EmulatorOptions, FromEmulator, ToEmulator } from "./emulator.ts";

const hz = 16_000_000;
/** The thread listens to its host between slices. */
const sliceCycles = 16_000;

const options = workerData as EmulatorOptions;
const port = parentPort!;
const tell = (message: FromEmulator) => port.postMessage(message);

/** Words of flash from an Intel HEX file. */
function flashOf(hexPath: string): Uint16Array {
  const bytes = new Uint8Array(0x8000);
  for (const line of readFileSync(hexPath, "latin1").split("\n")) {
    const record = Buffer.from(line.trim().slice(1), "hex");
    if (record.length > 4 && record[3] === 0) bytes.set(record.subarray(4, 4 + record[0]!), record.readUInt16BE(1));
  }
  return new Uint16Array(bytes.buffer);
}

const cpu = new CPU(flashOf(options.hexPath));
const b = new AVRIOPort(cpu, portBConfig);
const c = new AVRIOPort(cpu, portCConfig);
const d = new AVRIOPort(cpu, portDConfig);
new AVRTimer(cpu, timer0Config);
new AVRTimer(cpu, timer1Config);
new AVRTimer(cpu, timer2Config);
const adc = new AVRADC(cpu, adcConfig);
const usart = new AVRUSART(cpu, usart0Config, hz);
const clock = new AVRClock(cpu, hz);
new AVRWatchdog(cpu, watchdogConfig, clock);

/** avr8js leaves the registers at a reset as they were (ATmega328P datasheet, 11.1: all I/O registers take their initial values). */
const jump = cpu.reset.bind(cpu);
cpu.reset = () => {
  jump();
  cpu.data[0x5f] = 0;
  for (const { PORT, DDR } of [portBConfig, portCConfig, portDConfig]) {
    cpu.writeData(DDR, 0);
    cpu.writeData(PORT, 0);
  }
  usart.reset();
};

const toChip: number[] = [];
let fromChip: number[] = [];
usart.onByteTransmit = (byte) => fromChip.push(byte);
usart.onRxComplete = () => feed();
function feed(): void {
  while (toChip.length > 0 && usart.writeByte(toChip[0]!)) toChip.shift();
}

/** avr8js has no input capture: an edge on ICP1 copies timer 1 and raises its interrupt (ATmega328P datasheet, 16.6). */
const capture = { address: 0x14, flagRegister: 0x36, flagMask: 0x20, enableRegister: 0x6f, enableMask: 0x20 };
function ppsEdge(): void {
  const low = cpu.readData(0x84);
  const high = cpu.readData(0x85);
  cpu.data[0x86] = low;
  cpu.data[0x87] = high;
  cpu.setInterruptFlag(capture);
}

const door = { open: options.doorOpen ? 1 : 0, travelS: options.doorTravelS ?? 1, jammed: false };
let reported = "";
let wordClockHigh = false;
let nextPps = options.ppsEveryS ? Math.round(options.ppsEveryS * hz) : Number.POSITIVE_INFINITY;
const wordHalfCycles = options.wordClockHz ? hz / options.wordClockHz / 2 : Number.POSITIVE_INFINITY;
let nextWord = wordHalfCycles;

const output = (io: AVRIOPort, pin: number) => (io.pinState(pin) as number) === 1;

/** Once a slice (a millisecond): the door moves as its relays say, the switches follow. */
function world(): void {
  const opens = output(b, 1);
  const closes = output(b, 2);
  const step = sliceCycles / hz / door.travelS;
  if (!door.jammed && opens !== closes) door.open = Math.max(0, Math.min(1, door.open + (opens ? step : -step)));
  d.setPin(2, door.open < 1);
  d.setPin(3, door.open > 0);
  const pins = {
    motorOpen: opens,
    motorClose: closes,
    charger: output(b, 3),
    lamp: output(b, 5),
    door: Number(door.open.toFixed(3)),
    servoUs: [ocr(0x88) / 2, ocr(0x8a) / 2] as [number, number],
    lamps: [output(d, 5), output(d, 6)] as [boolean, boolean],
  };
  const text = JSON.stringify(pins);
  if (text !== reported) {
    reported = text;
    tell({ type: "pins", pins });
  }
}
const ocr = (address: number) => cpu.data[address]! | (cpu.data[address + 1]! << 8);

let paused = false;
port.on("message", (message: ToEmulator) => {
  switch (message.type) {
    case "bytes":
      toChip.push(...message.bytes);
      feed();
      break;
    case "input":
      (message.port === "d" ? d : c).setPin(message.pin, message.high);
      break;
    case "volts":
      adc.channelValues[message.channel] = message.volts;
      break;
    case "jam":
      door.jammed = message.jammed;
      break;
    case "hang":
      // RJMP to itself in the last word of the flash, interrupts off.
      cpu.progMem[0x3fff] = 0xcfff;
      cpu.pc = 0x3fff;
      cpu.data[0x5f]! &= 0x7f;
      break;
    case "pause":
      paused = message.paused;
      begunMs = performance.now() - (cpu.cycles / hz) * 1000;
      break;
    case "stop":
      port.close();
      process.exit(0);
  }
});

// At rest: nothing on the pad, light barrier clear, stop not pressed, tamper loop whole, 20 C.
d.setPin(5, true);
d.setPin(6, false);
d.setPin(7, false);
c.setPin(1, false);
adc.channelValues[0] = 0.7;
world();

let begunMs = performance.now();
function slice(): void {
  const end = cpu.cycles + sliceCycles;
  while (cpu.cycles < end) {
    avrInstruction(cpu);
    cpu.tick();
    if (cpu.cycles >= nextPps) {
      nextPps += Math.round(options.ppsEveryS! * hz);
      ppsEdge();
    }
    if (cpu.cycles >= nextWord) {
      nextWord += wordHalfCycles;
      wordClockHigh = !wordClockHigh;
      d.setPin(4, wordClockHigh);
    }
  }
  world();
  if (fromChip.length > 0) {
    tell({ type: "bytes", bytes: Uint8Array.from(fromChip) });
    fromChip = [];
  }
}

function run(): void {
  const targetMs = performance.now() - begunMs;
  let slices = 0;
  while (!paused && (cpu.cycles / hz) * 1000 < targetMs && slices++ < 20) slice();
  // A machine too slow for real time runs behind without trying to catch up.
  if ((cpu.cycles / hz) * 1000 < targetMs - 100) begunMs = performance.now() - (cpu.cycles / hz) * 1000;
  setTimeout(run, 1);
}
run();
