/** `tocsin watchlist key|sign|verify|show|revoke|deliver`: who may be looked for, by whose authority, where and how long. */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { Fault } from "#contract/errors.ts";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import type { FacePolicy, Watchlist } from "#contract/watchlist.ts";
import { type Opened, openWatchlist } from "#contract/watchlist-jws.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import { admit, NO_PLACE } from "#core/faces/watchlist-policy.ts";
import { type Command, printJson } from "../command.ts";
import { deliver } from "../faces/deliver.ts";
import {
  makeKey,
  readKey,
  readTrusted,
  revocationFile,
  signedFileOf,
  signedText,
  signFolder,
} from "../faces/watchlist-folder.ts";

const usage = "usage: tocsin watchlist key|sign|verify|show|revoke|deliver ... (see 'tocsin watchlist --help')";

export const command: Command = {
  summary: "sign, verify, show, revoke and deliver watchlists",
  help: `
usage: tocsin watchlist key --authority NAME --out FILE
       tocsin watchlist sign FOLDER --key FILE
       tocsin watchlist verify FOLDER|FILE --keys FILE [--at LAT,LON] [--time UTC] [--false-alert-rate P] [--longest-days N]
       tocsin watchlist show FOLDER|FILE [--keys FILE]
       tocsin watchlist revoke ID --key FILE --why TEXT --out FILE
       tocsin watchlist deliver FOLDER|REVOCATION --gateway URL --user NAME

A watchlist folder holds list.yaml (id, authority, legalBasis, purpose, area: [{lat, lon}, ...], start, end) and one folder of
pictures a person. All results are printed as JSON, one object a line with --json.

key     Makes an Ed25519 key pair: FILE (private, readable by its owner only) and FILE.pub (for --keys of whoever trusts it).
sign    Writes FOLDER/watchlist.jws: terms and one embedding a person, no pictures; and FOLDER/review/, one picture a person for whoever
        reviews a match, which the list names by hash.
verify  Says whether a device would load the list here and now, and if not, every reason. Exit 0 if it would, 1 if not.
show    Prints the terms and the number of people, and never an embedding.
revoke  Writes a signed revocation, for the devices; they delete the list and answer with a receipt.
deliver Brings a signed folder, or a revocation, to the gateway, which brings it to the devices. NAME is an administrator there; the
        password is the first line of standard input.

  --at LAT,LON          where the device stands; without it the area is not checked, and the result says so
  --false-alert-rate P  policy of the device (default 0.05): chance at most that a stranger's face is shown to a reviewer
  --longest-days N      policy of the device (default 30)`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        authority: { type: "string" },
        out: { type: "string" },
        key: { type: "string" },
        keys: { type: "string" },
        why: { type: "string" },
        gateway: { type: "string" },
        user: { type: "string" },
        at: { type: "string" },
        time: { type: "string" },
        "false-alert-rate": { type: "string", default: "0.05" },
        "longest-days": { type: "string", default: "30" },
      },
    });
    const [action, subject] = positionals;
    const print = (result: object) => {
      if (values.json) printJson(result);
      else process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    };
    const need = (name: "authority" | "out" | "key" | "keys" | "why" | "gateway" | "user") => {
      const value = values[name];
      if (value === undefined) throw new Fault("usage", `${action} needs --${name} (see 'tocsin watchlist --help')`);
      return value;
    };
    if (action === "key") {
      print({ type: "key", ...(await makeKey(need("authority"), need("out"))) });
      return 0;
    }
    if (subject === undefined) throw new Fault("usage", usage);
    if (action === "sign") {
      const signed = await signFolder(subject, await readKey(need("key")));
      print({ type: "signed", ...signed });
      return 0;
    }
    if (action === "revoke") {
      const out = need("out");
      print({
        type: "revocation",
        out,
        ...(await revocationFile(subject, await readKey(need("key")), need("why"), out)),
      });
      return 0;
    }
    if (action === "deliver") {
      print(await deliver(subject, need("gateway"), need("user")));
      return 0;
    }
    if (action !== "verify" && action !== "show") throw new Fault("usage", usage);
    const file = signedFileOf(subject);
    const jws = await signedText(subject);
    if (action === "show") {
      const opened = values.keys === undefined ? undefined : await openWatchlist(jws, await readTrusted(values.keys));
      print(shown(file, jws, opened));
      return opened?.kind === "refused" ? 1 : 0;
    }
    const policy = policyOf(values["false-alert-rate"], values["longest-days"]);
    const nowNs = values.time === undefined ? BigInt(Date.now()) * 1_000_000n : timeOf(values.time);
    const opened = await openWatchlist(jws, await readTrusted(need("keys")));
    const result = verified(opened, policy, nowNs, values.at === undefined ? undefined : placeOf(values.at));
    print({ type: "verified", file, at: utcOfNs(nowNs), ...result });
    return result.loads ? 0 : 1;
  },
};

function verified(opened: Opened<Watchlist>, policy: FacePolicy, nowNs: bigint, here?: { lat: number; lon: number }) {
  if (opened.kind === "refused") return { loads: false, why: opened.why };
  const list = opened.content;
  const admission = admit(list, { nowNs, here, policy, measured: measuredError, revoked: new Set() });
  const why = admission.kind === "refused" ? admission.why.filter((each) => here || each !== NO_PLACE) : [];
  const area = here ? "checked" : "not checked (--at LAT,LON)";
  return { loads: why.length === 0, why, list: list.id, people: list.people.length, area };
}

/** The payload is shown also where its signature was not checked, and that is said. */
function shown(file: string, jws: string, opened: Opened<Watchlist> | undefined): object {
  let payload: Partial<Watchlist>;
  try {
    payload = JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString()) as Partial<Watchlist>;
  } catch (cause) {
    throw new Fault("input", `${file}: not a signed watchlist; make one with tocsin watchlist sign`, { cause });
  }
  const { people, ...terms } = payload;
  return {
    type: "watchlist",
    file,
    fileSha256: createHash("sha256").update(jws.trim()).digest("hex"),
    signature:
      opened === undefined ? "not checked (--keys FILE)" : opened.kind === "opened" ? "good" : opened.why.join("; "),
    ...terms,
    people: people?.map(({ person, pictures }) => ({ person, pictures })),
    errorByDemographicGroup: "not measured",
  };
}

function policyOf(falseAlertRate: string, longestDays: string): FacePolicy {
  const policy = { falseAlertRate: Number(falseAlertRate), confidence: 0.95, longestDays: Number(longestDays) };
  if (!(policy.falseAlertRate > 0 && policy.falseAlertRate < 1))
    throw new Fault("usage", `--false-alert-rate ${falseAlertRate}: must be more than 0 and less than 1`);
  if (!(policy.longestDays > 0)) throw new Fault("usage", `--longest-days ${longestDays}: must be more than 0`);
  return policy;
}

function placeOf(text: string): { lat: number; lon: number } {
  const [lat, lon, ...more] = text.split(",").map(Number);
  if (more.length > 0 || !(Math.abs(lat ?? Number.NaN) <= 90) || !(Math.abs(lon ?? Number.NaN) <= 180))
    throw new Fault("usage", `--at ${text}: must be LAT,LON in degrees, such as 40.4406,-79.9959`);
  return { lat: lat!, lon: lon! };
}

function timeOf(text: string): bigint {
  try {
    return nsOfUtc(text);
  } catch (cause) {
    throw new Fault("usage", `--time ${text}: must be RFC 3339 UTC, such as 2026-11-22T18:04:12Z`, { cause });
  }
}
