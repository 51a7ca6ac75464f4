/** `tocsin evidence verify`: computes an evidence bundle again. */
import { parseArgs } from "node:util";
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import { EvidenceBundle } from "#contract/evidence.ts";
import { type Command, printJson, say } from "../command.ts";
import { type Finding, findingsOf, type PublicKey, publicKeysOf } from "../evidence-check.ts";
import { jsonOf, textOf } from "../named-file.ts";

const BUNDLE = "name an evidence bundle, such as the gateway's /api/incidents/ID/evidence gives it";
const KEY = "name the gateway's public key, such as its /api/keys gives it";

export const command: Command = {
  summary: "recompute an evidence bundle",
  help: `
usage: tocsin evidence verify FILE [--key FILE] [--json]

Checks, offline, the signature over the bundle, the hash chain of its record and the hashes of its clips, and computes the
figures of every shot again from its arrivals: place, instant, ellipse, residuals, weights, cues, probability; the share of the
belief, its weights and the log odds of the sorting are taken as recorded. Makes the incident and its shots from its record again:
status, verdict, who has it, times, place, rounds, probability. Prints each figure beside the stored one; exit 0 if all
agree, 1 if any differs.

  --key FILE   the gateway's public key (JWK, the JSON of its /api/keys, or PEM); without it the key in the bundle is used,
               which shows that nothing was changed since, but not by whom it was sealed
  --json       one finding a line, then {"type":"summary"}`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { json: { type: "boolean", default: false }, key: { type: "string" } },
    });
    const [action, file, ...more] = positionals;
    if (action !== "verify" || file === undefined || more.length > 0)
      throw new Fault("usage", "usage: tocsin evidence verify FILE [--key FILE] [--json]");
    const raw = await jsonOf(file, BUNDLE);
    const parsed = v.safeParse(EvidenceBundle, raw);
    if (!parsed.success)
      throw new Fault(
        "input",
        faultsOf(parsed.issues)
          .slice(0, 20)
          .map((line) => `${file}: is not an evidence bundle: ${line}`),
      );
    const keys = values.key === undefined ? undefined : await keysIn(values.key);
    const findings = await findingsOf(parsed.output, raw as { body: unknown }, keys);
    const different = findings.filter((finding) => !finding.same);
    for (const finding of findings) {
      if (values.json) printJson(finding);
      else process.stdout.write(`${inWords(finding)}\n`);
    }
    const summary = {
      type: "summary",
      incident: parsed.output.body.incident.incident,
      figures: findings.length,
      different: different.length,
      keyGiven: keys !== undefined,
    };
    if (values.json) printJson(summary);
    else {
      say(
        different.length === 0
          ? `all ${findings.length} figures are as stored`
          : `${different.length} of ${findings.length} figures are NOT as stored`,
      );
      if (keys === undefined) say("no --key given: the seal was checked with the key in the bundle itself");
    }
    return different.length === 0 ? 0 : 1;
  },
};

async function keysIn(file: string): Promise<PublicKey[]> {
  const text = await textOf(file, KEY);
  return publicKeysOf(text).catch((cause: Error) => {
    throw new Fault("input", `--key ${file}: is no Ed25519 public key (${cause.message})`, { cause });
  });
}

function inWords({ of, figure, stored, recomputed, same }: Finding): string {
  return `${same ? "same     " : "DIFFERENT"}  ${of}  ${figure}: stored ${stored}, recomputed ${recomputed}`;
}
