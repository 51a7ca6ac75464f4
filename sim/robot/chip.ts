/** An ATmega328P (avr8js) wired as `firmware-bridge/firmware/robot-atmega328p.c` says, with a pretend body around it. Time is the chip's own. */
import { readFileSync } from "node:fs";
import {
  AVRADC,
  AVRClock,
  AVRIOPort,
  AVRTimer,
  AVRTWI,
  AVRUSART,
  AVRWatchdog,
  adcConfig,
  avrInstruction,
  CPU,
  portBConfig,
  portCConfig,
  portDConfig,
  timer1Config,
  twiConfig,
  usart0Config,
  watchdogConfig,
} from "avr8js";

export const CHIP_HZ = 16_000_000;
/** A byte on the bus; at 400 kHz it would be 360, spent in waiting. */
const TWI_BYTE_CYCLES = 60;
const SLEEP = 0x9588;
/** ICP1's flag, enable and interrupt (ATmega328P datasheet, 16.11). */
const capture = { address: 0x14, flagRegister: 0x36, flagMask: 0x20, enableRegister: 0x6f, enableMask: 0x20 };

/** A device on the I2C bus: registers read one after the other from the one that was written last. */
export interface TwiDevice {
  select(register: number): void;
  read(): number;
  write(value: number): void;
}

export interface Motors {
  /** The contactor: without it the brakes are on. */
  enabled: boolean;
  /** Share of full scale, -1 to 1: what the pins put out, not what the program thinks. */
  left: number;
  right: number;
}

export class Chip {
  readonly #cpu: CPU;
  readonly #b: AVRIOPort;
  readonly #d: AVRIOPort;
  readonly #adc: AVRADC;
  readonly #usart: AVRUSART;
  readonly #toChip: number[] = [];
  #fromChip: number[] = [];

  constructor(hexPath: string, devices: ReadonlyMap<number, TwiDevice>) {
    const cpu = new CPU(flashOf(hexPath));
    this.#cpu = cpu;
    this.#b = new AVRIOPort(cpu, portBConfig);
    new AVRIOPort(cpu, portCConfig);
    this.#d = new AVRIOPort(cpu, portDConfig);
    // Timer 2 only makes the PWM, which is read off its registers: to count its turns would cost half of the emulation.
    new AVRTimer(cpu, timer1Config);
    this.#adc = new AVRADC(cpu, adcConfig);
    this.#usart = new AVRUSART(cpu, usart0Config, CHIP_HZ);
    new AVRWatchdog(cpu, watchdogConfig, new AVRClock(cpu, CHIP_HZ));
    this.#usart.onByteTransmit = (byte) => void this.#fromChip.push(byte);
    this.#usart.onRxComplete = () => this.#feed();
    attachTwi(cpu, devices);
    // avr8js leaves the registers at a reset as they were (ATmega328P datasheet, 11.1: all I/O registers take their initial values).
    const jump = cpu.reset.bind(cpu);
    cpu.reset = () => {
      jump();
      cpu.data[0x5f] = 0;
      cpu.writeData(0xb0, 0);
      for (const { PORT, DDR } of [portBConfig, portCConfig, portDConfig]) {
        cpu.writeData(DDR, 0);
        cpu.writeData(PORT, 0);
      }
      this.#usart.reset();
    };
  }

  get cycles(): number {
    return this.#cpu.cycles;
  }

  /** Runs until that many cycles since the start; a sleeping processor is carried to its next event. */
  runTo(cycles: number): void {
    const cpu = this.#cpu;
    const events = cpu as unknown as { nextClockEvent: { cycles: number } | null };
    while (cpu.cycles < cycles) {
      const sleeps = cpu.progMem[cpu.pc] === SLEEP && cpu.nextInterrupt < 0;
      avrInstruction(cpu);
      if (sleeps) cpu.cycles = Math.max(cpu.cycles, Math.min(cycles, events.nextClockEvent?.cycles ?? cycles));
      cpu.tick();
    }
  }

  /** Bytes of the UART since the last call. */
  taken(): number[] {
    const bytes = this.#fromChip;
    this.#fromChip = [];
    return bytes;
  }

  send(bytes: Iterable<number>): void {
    this.#toChip.push(...bytes);
    this.#feed();
  }

  pinD(pin: number, high: boolean): void {
    this.#d.setPin(pin, high);
  }

  pinB(pin: number, high: boolean): void {
    this.#b.setPin(pin, high);
  }

  volts(channel: number, volts: number): void {
    this.#adc.channelValues[channel] = volts;
  }

  /** An edge on ICP1: avr8js has no input capture (datasheet, 16.6). */
  pps(): void {
    const cpu = this.#cpu;
    const low = cpu.readData(0x84);
    const high = cpu.readData(0x85);
    cpu.data[0x86] = low;
    cpu.data[0x87] = high;
    cpu.setInterruptFlag(capture);
  }

  motors(): Motors {
    const data = this.#cpu.data;
    const control = data[0xb0]!;
    const high = (io: AVRIOPort, pin: number) => (io.pinState(pin) as number) === 1;
    // Fast PWM, not inverted: high for OCR + 1 of 256; a pin that the timer has let go of is all or nothing.
    const duty = (connected: boolean, ocr: number, level: boolean) => (connected ? (ocr + 1) / 256 : level ? 1 : 0);
    const left = duty((control & 0x80) !== 0, data[0xb3]!, high(this.#b, 3));
    const right = duty((control & 0x20) !== 0, data[0xb4]!, high(this.#d, 3));
    return {
      enabled: high(this.#b, 5),
      left: high(this.#b, 1) ? -left : left,
      right: high(this.#b, 2) ? -right : right,
    };
  }

  /** The program runs in a circle, as if a bit of its memory had flipped. */
  hang(): void {
    this.#cpu.progMem[0x3fff] = 0xcfff;
    this.#cpu.pc = 0x3fff;
    this.#cpu.data[0x5f]! &= 0x7f;
  }

  #feed(): void {
    while (this.#toChip.length > 0 && this.#usart.writeByte(this.#toChip[0]!)) this.#toChip.shift();
  }
}

function attachTwi(cpu: CPU, devices: ReadonlyMap<number, TwiDevice>): void {
  const twi = new AVRTWI(cpu, twiConfig, CHIP_HZ);
  let device: TwiDevice | undefined;
  let wantsRegister = false;
  const later = (done: () => void) => void cpu.addClockEvent(done, TWI_BYTE_CYCLES);
  twi.eventHandler = {
    start: () => twi.completeStart(),
    stop: () => twi.completeStop(),
    connectToSlave(address, write) {
      device = devices.get(address);
      wantsRegister = write;
      later(() => twi.completeConnect(device !== undefined));
    },
    writeByte(value) {
      if (wantsRegister) device?.select(value);
      else device?.write(value);
      wantsRegister = false;
      later(() => twi.completeWrite(device !== undefined));
    },
    readByte: () => later(() => twi.completeRead(device?.read() ?? 0xff)),
  };
}

/** Words of flash from an Intel HEX file. */
function flashOf(hexPath: string): Uint16Array {
  const bytes = new Uint8Array(0x8000);
  for (const line of readFileSync(hexPath, "latin1").split("\n")) {
    const record = Buffer.from(line.trim().slice(1), "hex");
    if (record.length > 4 && record[3] === 0) bytes.set(record.subarray(4, 4 + record[0]!), record.readUInt16BE(1));
  }
  return new Uint16Array(bytes.buffer);
}
