/** Faults that a person can act on: the message says what is wrong and what to do. Anything else is a bug. */
export type FaultCode = "usage" | "input" | "config" | "failed";

const exitCodes: Record<FaultCode, number> = { failed: 1, usage: 64, input: 65, config: 78 };

export class Fault extends Error {
  readonly code: FaultCode;
  /** Several faults found together, one line each. */
  readonly lines: readonly string[];

  constructor(code: FaultCode, lines: string | readonly string[], options?: ErrorOptions) {
    const all = typeof lines === "string" ? [lines] : lines;
    super(all.join("\n"), options);
    this.name = "Fault";
    this.code = code;
    this.lines = all;
  }

  /** Exit status of a command that ends with this fault (sysexits.h). */
  get exitCode(): number {
    return exitCodes[this.code];
  }
}

/** Why a file cannot be read, in words; the codes are errno's. */
export function whyUnread(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file";
  if (code === "EISDIR") return "is a folder, not a file";
  if (code === "EACCES" || code === "EPERM") return `no right to read it (${code})`;
  return `cannot be read (${code ?? message})`;
}
