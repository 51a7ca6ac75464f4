/** An ATmega328P at 16 MHz (avr8js) that runs real firmware from its Intel HEX file; what is wired to it is its holder's. Time is the chip's own. */
import { readFileSync } from "node:fs";
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

export const CHIP_HZ = 16_000_000;
const SLEEP = 0x9588;
/** ICP1's flag, enable and interrupt (ATmega328P datasheet, 16.11). */
const capture = { address: 0x14, flagRegister: 0x36, flagMask: 0x20, enableRegister: 0x6f, enableMask: 0x20 };
const timers = [timer0Config, timer1Config, timer2Config];
const ports = { b: portBConfig, c: portCConfig, d: portDConfig };

export type PortName = keyof typeof ports;

export class Atmega328p {
  readonly cpu: CPU;
  readonly #ports: Record<PortName, AVRIOPort>;
  readonly #adc: AVRADC;
  readonly #usart: AVRUSART;
  readonly #toChip: number[] = [];
  #fromChip: number[] = [];
  #asleep = false;

  /** @param counting the timers that are emulated: each costs at every turn, and one whose count nobody reads may be left out. */
  constructor(hexPath: string, counting: readonly (0 | 1 | 2)[] = [0, 1, 2]) {
    const cpu = new CPU(flashOf(hexPath));
    this.cpu = cpu;
    this.#ports = {
      b: new AVRIOPort(cpu, ports.b),
      c: new AVRIOPort(cpu, ports.c),
      d: new AVRIOPort(cpu, ports.d),
    };
    for (const timer of counting) new AVRTimer(cpu, timers[timer]!);
    this.#adc = new AVRADC(cpu, adcConfig);
    this.#usart = new AVRUSART(cpu, usart0Config, CHIP_HZ);
    new AVRWatchdog(cpu, watchdogConfig, new AVRClock(cpu, CHIP_HZ));
    this.#usart.onByteTransmit = (byte) => void this.#fromChip.push(byte);
    this.#usart.onRxComplete = () => this.#feed();
    // avr8js leaves the registers at a reset as they were (ATmega328P datasheet, 11.1: all I/O registers take their initial values).
    const jump = cpu.reset.bind(cpu);
    cpu.reset = () => {
      jump();
      cpu.data[0x5f] = 0;
      // Timer 2 lets go of its pins.
      cpu.writeData(0xb0, 0);
      for (const { PORT, DDR } of Object.values(ports)) {
        cpu.writeData(DDR, 0);
        cpu.writeData(PORT, 0);
      }
      this.#usart.reset();
    };
  }

  get cycles(): number {
    return this.cpu.cycles;
  }

  /** Runs until that many cycles since the start. A sleeping processor wakes for an interrupt, not for what its timers count. */
  runTo(cycles: number): void {
    const { cpu } = this;
    const events = cpu as unknown as { nextClockEvent: { cycles: number } | null };
    while (cpu.cycles < cycles) {
      if (!this.#asleep) {
        this.#asleep = cpu.progMem[cpu.pc] === SLEEP;
        avrInstruction(cpu);
      } else if (cpu.nextInterrupt < 0 || !cpu.interruptsEnabled) {
        cpu.cycles = Math.max(cpu.cycles, Math.min(cycles, events.nextClockEvent?.cycles ?? cycles));
      }
      const { pc } = cpu;
      cpu.tick();
      // To an interrupt's vector, or to the start.
      if (cpu.pc !== pc) this.#asleep = false;
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

  /** Puts a level on an input. */
  put(port: PortName, pin: number, high: boolean): void {
    this.#ports[port].setPin(pin, high);
  }

  /** Is an output high? */
  high(port: PortName, pin: number): boolean {
    return (this.#ports[port].pinState(pin) as number) === 1;
  }

  volts(channel: number, volts: number): void {
    this.#adc.channelValues[channel] = volts;
  }

  /** An edge on ICP1 copies timer 1 and raises its interrupt: avr8js has no input capture (datasheet, 16.6). */
  pps(): void {
    const { cpu } = this;
    const low = cpu.readData(0x84);
    const high = cpu.readData(0x85);
    cpu.data[0x86] = low;
    cpu.data[0x87] = high;
    cpu.setInterruptFlag(capture);
  }

  /** The program runs in a circle, as if a bit of its memory had flipped: RJMP to itself in the last word of the flash, interrupts off. */
  hang(): void {
    this.#asleep = false;
    this.cpu.progMem[0x3fff] = 0xcfff;
    this.cpu.pc = 0x3fff;
    this.cpu.data[0x5f]! &= 0x7f;
  }

  #feed(): void {
    while (this.#toChip.length > 0 && this.#usart.writeByte(this.#toChip[0]!)) this.#toChip.shift();
  }
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
