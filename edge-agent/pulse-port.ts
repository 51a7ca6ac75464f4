/**
 * A receiver's pulse per second, captured by a microcontroller that counts the word clock of the microphones' converter at the same
 * instants. Real: `firmware-bridge/pulse-clock.ts`. Samples are numbered since the microcontroller started.
 */
export interface PulseClock {
  /** UTC (nanoseconds since 1970) of a sample; undefined while pulses and a name for their seconds do not give one. `ppm` above 0: the converter is fast. */
  ofSample(sample: bigint): { ns: bigint; sigmaS: number; ppm: number } | undefined;
  /** The sample that was taken at that UTC. */
  sampleAt(utcNs: bigint): bigint | undefined;
  /** Number of the next sample, while the converter stands still. */
  readonly standingAt: bigint | undefined;
  close(): Promise<void>;
}
