/** A refusal with its status, as `{ error, field?, fix? }`. */
import * as v from "valibot";
import { wordsOf } from "#contract/fault-words.ts";

export class Refusal extends Error {
  readonly statusCode: number;
  readonly field: string | undefined;
  readonly fix: string | undefined;

  constructor(statusCode: number, error: string, more: { field?: string; fix?: string } = {}) {
    super(error);
    this.statusCode = statusCode;
    this.field = more.field;
    this.fix = more.fix;
  }
}

/** The body as its schema has it. @throws Refusal 400 naming the first field that does not fit. */
export function parseBody<S extends v.GenericSchema>(schema: S, body: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue) ?? undefined;
  throw new Refusal(400, wordsOf(issue), field === undefined ? {} : { field });
}
