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

/** Why a file cannot be written, in words. */
export function whyUnwritten(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return "its folder is not there, or takes nothing new";
  if (code === "EISDIR") return "is a folder, not a file";
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return `no right to write it (${code})`;
  if (code === "EEXIST") return "is there already";
  if (code === "ENOSPC" || code === "EDQUOT") return `the disk is full (${code})`;
  return `cannot be written (${code ?? message})`;
}

/** Why a file cannot be opened, in words that are true of reading and of writing. */
export function whyUnopened(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file or folder";
  if (code === "ENOTDIR") return "there is no such file: a part of its path is no folder";
  if (code === "EACCES" || code === "EPERM") return `no right to open it (${code})`;
  // Of reading these do not come.
  if (code === "EROFS" || code === "EEXIST" || code === "ENOSPC" || code === "EDQUOT") return whyUnwritten(error);
  return code === "EISDIR" ? "is a folder, not a file" : `cannot be opened (${code ?? message})`;
}

/** Why a text is no JSON, in words; of what is no text at all nothing is shown, a terminal would obey it. */
export function whyNoJson(text: string, error: unknown): string {
  if (text.trim() === "") return "is empty";
  const shown = (error as Error).message;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufffd]/.test(text)
    ? "is not JSON, not even text"
    : `is not JSON: ${shown}`;
}
