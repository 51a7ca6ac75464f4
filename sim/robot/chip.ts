/** The drive board's ATmega328P wired as `firmware-bridge/firmware/robot-atmega328p.c` says: motors, encoders, sensors on its I2C bus. */
import { AVRTWI, type CPU, twiConfig } from "avr8js";
import { Atmega328p, CHIP_HZ } from "../chip/atmega328p.ts";

/** A byte on the bus; at 400 kHz it would be 360, spent in waiting. */
const TWI_BYTE_CYCLES = 60;

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

export class Chip extends Atmega328p {
  constructor(hexPath: string, devices: ReadonlyMap<number, TwiDevice>) {
    // Timer 2 only makes the PWM, which is read off its registers: to count its turns would cost half of the emulation. Timer 0 stands.
    super(hexPath, [1]);
    attachTwi(this.cpu, devices);
  }

  motors(): Motors {
    const { data } = this.cpu;
    const control = data[0xb0]!;
    // Fast PWM, not inverted: high for OCR + 1 of 256; a pin that the timer has let go of is all or nothing.
    const duty = (connected: boolean, ocr: number, level: boolean) => (connected ? (ocr + 1) / 256 : level ? 1 : 0);
    const left = duty((control & 0x80) !== 0, data[0xb3]!, this.high("b", 3));
    const right = duty((control & 0x20) !== 0, data[0xb4]!, this.high("d", 3));
    return {
      enabled: this.high("b", 5),
      left: this.high("b", 1) ? -left : left,
      right: this.high("b", 2) ? -right : right,
    };
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
