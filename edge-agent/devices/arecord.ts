/** What `arecord` is asked for, and what its words on stderr mean for whoever configures a node. */

export interface CardOptions {
  /** As `arecord -L` lists them. */
  device: string;
  sampleRateHz: number;
  channels: number;
  format: "s16" | "s32";
}

/** For raw samples on stdout. Never `-q`: that a card runs at another rate than it was asked for is told in a warning only, and not with it. */
export function arecordArguments({ device, sampleRateHz, channels, format }: CardOptions): string[] {
  const alsaFormat = format === "s16" ? "S16_LE" : "S32_LE";
  return ["-D", device, "-t", "raw", "-f", alsaFormat, "-r", String(sampleRateHz), "-c", String(channels)];
}

/** Listens to one life of arecord. */
export class ArecordWords {
  overruns = 0;
  /** Milliseconds of overrun that were told of and not taken yet, at least. */
  overrunMs = 0;
  /** The card's rate, where it is more than 5 % off the one asked for (aplay.c, set_params). */
  otherRateHz: number | undefined;
  /** A line that comes in pieces. */
  #rest = "";
  #last = "";

  hear(text: string): void {
    const lines = `${this.#rest}${text}`.split("\n");
    this.#rest = lines.pop()!.slice(-1000);
    for (const line of lines) this.#take(line.trim());
  }

  /** What tells best why it ended. */
  get last(): string {
    this.#take(this.#rest.trim());
    this.#rest = "";
    return this.#last;
  }

  #take(line: string): void {
    const overrun = /overrun!*\s*\(at least ([\d.]+) ms long\)/.exec(line);
    const rate = /rate is not accurate \(requested = \d+Hz, got = (\d+)Hz\)/.exec(line);
    if (overrun) {
      this.overruns += 1;
      this.overrunMs += Number(overrun[1]);
    } else if (rate) this.otherRateHz = Number(rate[1]);
    else if (line === "" || /^(Recording |please, try the plug plugin)/.test(line)) return;
    // Libraries below it dump their state before and after its own words.
    else if (line.startsWith("arecord:") || !this.#last.startsWith("arecord:")) this.#last = line.slice(0, 300);
  }
}

/** What to do about arecord's last words. */
export function adviceOn(words: string, { device, sampleRateHz, channels, format }: CardOptions): string {
  if (/Channels count non available/.test(words))
    return `correct microphone.channels: the card does not give ${channels}`;
  if (/Sample format non available/.test(words))
    return `correct microphone.format: the card does not give ${format}; the other one, or plughw: in place of hw:`;
  if (/Rate .*non available/i.test(words))
    return `correct microphone.sampleRateHz: the card does not give ${sampleRateHz} Hz`;
  if (/Device or resource busy/.test(words))
    return `another program has the card, the running agent perhaps: 'fuser -v /dev/snd/*' names it`;
  if (/Permission denied/.test(words)) return "add the service's user to the group audio";
  return `plug the card in, or correct microphone.device (${device}): 'arecord -L' lists what there is`;
}

/** A card at another rate is a fault of the configuration: no restart mends it. */
export function rateFault({ device, sampleRateHz }: CardOptions, otherRateHz: number): string {
  return `microphone.sampleRateHz: ${device} gives ${otherRateHz} Hz where ${sampleRateHz} are asked for; write what it gives, or have it converted (plughw: in place of hw:)`;
}
