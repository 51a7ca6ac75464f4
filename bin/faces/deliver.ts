/** Brings a signed watchlist, or its revocation, to the gateway over its API. */
import { statSync } from "node:fs";
import { createInterface } from "node:readline";
import { Fault } from "#contract/errors.ts";
import { say } from "../command.ts";
import { textOf } from "../named-file.ts";
import { enrolmentOf } from "./watchlist-folder.ts";

export async function deliver(path: string, gateway: string, user: string): Promise<object> {
  const base = urlOf(gateway);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const [to, body] = isFolder ? ["/api/faces/lists", await enrolmentOf(path)] : await revocationCall(path);
  const cookie = await logIn(base, user);
  const { status, json } = await post(base, to, body, cookie);
  if (status === 404 && json.error?.startsWith("there is no POST "))
    throw new Fault("failed", `${base}: takes no watchlists: its configuration has no 'faces' (docs/faces.md)`);
  if (status >= 400)
    throw new Fault(status === 422 ? "input" : "failed", `${base}: ${json.error ?? `status ${status}`}`);
  return { type: "delivered", gateway: base, ...json };
}

async function revocationCall(file: string): Promise<[string, object]> {
  const jws = (await textOf(file, "name a watchlist's folder or a signed revocation")).trim();
  let list: unknown;
  try {
    ({ list } = JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString()) as { list?: unknown });
  } catch (cause) {
    throw new Fault("input", `${file}: no signed revocation; make one with tocsin watchlist revoke`, { cause });
  }
  if (typeof list !== "string")
    throw new Fault("input", `${file}: no revocation; a signed list is delivered as its folder`);
  return [`/api/faces/lists/${encodeURIComponent(list)}/revoke`, { jws }];
}

function urlOf(text: string): string {
  try {
    return new URL(text).origin;
  } catch (cause) {
    throw new Fault("usage", `--gateway ${text}: must be a URL, such as http://127.0.0.1:8080`, { cause });
  }
}

async function logIn(base: string, user: string): Promise<string> {
  if (process.stdin.isTTY) say(`password of ${user}:`);
  const input = createInterface({ input: process.stdin });
  let password = "";
  for await (const line of input) {
    password = line;
    break;
  }
  input.close();
  if (password === "")
    throw new Fault("usage", `password of ${user}: is missing; give it as the first line of standard input`);
  const { status, json, headers } = await post(base, "/api/session", { user, password });
  if (status !== 200) throw new Fault("failed", `${base}: ${json.error ?? `log-in: status ${status}`}`);
  return (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

async function post(base: string, path: string, body: object, cookie = "") {
  const answer = await fetch(base + path, {
    method: "POST",
    headers: { "content-type": "application/json", cookie },
    body: JSON.stringify(body),
  }).catch((cause) => {
    throw new Fault("failed", `${base}: does not answer; is the gateway running there?`, { cause });
  });
  const json = (await answer.json().catch(() => ({}))) as { error?: string };
  return { status: answer.status, json, headers: answer.headers };
}
