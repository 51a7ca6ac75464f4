/** The alarm's two sounds, synthesised: no file to miss, and they can be tested before they are needed. */

export type AlarmSound = "two-tone" | "bell" | "off";

export const alarmSounds: readonly { id: AlarmSound; label: string }[] = [
  { id: "two-tone", label: "Two-tone" },
  { id: "bell", label: "Bell" },
  { id: "off", label: "Off" },
];

let context: AudioContext | undefined;

/** The one audio context of the page; browsers keep it suspended until somebody pressed a key or clicked. */
export function audioContext(): AudioContext | undefined {
  if (typeof AudioContext === "undefined") return undefined;
  context ??= new AudioContext();
  return context;
}

/** Asks the browser to let sound out. True where it is running afterwards. */
export async function wakeAudio(): Promise<boolean> {
  const audio = audioContext();
  if (audio === undefined) return false;
  if (audio.state === "suspended") await Promise.race([audio.resume(), new Promise((done) => setTimeout(done, 300))]);
  return audio.state === "running";
}

function partial(
  audio: BaseAudioContext,
  hz: number,
  fromS: number,
  lastsS: number,
  level: number,
  decay: boolean,
): void {
  const tone = new OscillatorNode(audio, { frequency: hz, type: "sine" });
  const gain = new GainNode(audio, { gain: 0 });
  gain.gain.setValueAtTime(0, fromS);
  gain.gain.linearRampToValueAtTime(level, fromS + 0.012);
  if (decay) gain.gain.exponentialRampToValueAtTime(0.0008, fromS + lastsS);
  else {
    gain.gain.setValueAtTime(level, fromS + lastsS - 0.03);
    gain.gain.linearRampToValueAtTime(0, fromS + lastsS);
  }
  tone.connect(gain).connect(audio.destination);
  tone.start(fromS);
  tone.stop(fromS + lastsS + 0.05);
}

/** Schedules one alarm, 1.2 s or less. Frequencies lie between 500 and 1500 Hz, where an alarm is heard through talk (ISO 7731, 6.2.3). */
export function playAlarm(sound: AlarmSound, audio: BaseAudioContext | undefined = audioContext()): void {
  if (audio === undefined || sound === "off") return;
  const at = audio.currentTime + 0.02;
  if (sound === "two-tone") {
    for (let i = 0; i < 4; i++) {
      partial(audio, i % 2 === 0 ? 988 : 740, at + i * 0.22, 0.2, 0.22, false);
      partial(audio, i % 2 === 0 ? 1976 : 1480, at + i * 0.22, 0.2, 0.05, false);
    }
    return;
  }
  for (let i = 0; i < 2; i++) {
    for (const [ratio, level] of [
      [1, 0.24],
      [2.01, 0.12],
      [2.76, 0.08],
      [5.4, 0.03],
    ] as const) {
      partial(audio, 660 * ratio, at + i * 0.38, 0.9 / ratio ** 0.4, level, true);
    }
  }
}
