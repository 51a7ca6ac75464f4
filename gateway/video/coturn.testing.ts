/** Debian's coturn on loopback, for tests of those who reach the relay by it alone. */
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { makeFolder, until } from "../testing.ts";

export const hasCoturn = spawnSync("turnserver", ["--version"]).error === undefined;
export const TURN_SECRET = "a secret of sixteen or more";
const WAIT_MS = 30_000;

export interface Coturn {
  /** UDP and TCP. */
  port: number;
  /** TLS, with a certificate of its own for `localhost` and 127.0.0.1. */
  tlsPort: number;
  close(): Promise<void>;
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export async function startCoturn(): Promise<Coturn> {
  const { folder, remove } = makeFolder();
  const [port, tlsPort] = [await freePort(), await freePort()];
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const made = spawnSync("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost".split(" "),
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
  ]);
  if (made.status !== 0) throw new Error(`no certificate: ${made.error?.message ?? made.stderr}`);
  const coturn = spawn(
    "turnserver",
    [
      ...["-n", "--no-cli", "--no-dtls", "--no-multicast-peers", "--allow-loopback-peers", "--fingerprint"],
      ...["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"],
      ...[`--listening-port=${port}`, `--tls-listening-port=${tlsPort}`, `--cert=${cert}`, `--pkey=${key}`],
      ...["--realm=tocsin", "--use-auth-secret", `--static-auth-secret=${TURN_SECRET}`],
      ...["--log-file=stdout", "--simple-log", `--pidfile=${folder}/turn.pid`, `--userdb=${folder}/turn.sqlite`],
    ],
    { cwd: folder, stdio: ["ignore", "ignore", "ignore"] },
  );
  const close = async () => {
    if (coturn.exitCode === null && coturn.signalCode === null) {
      const ended = new Promise((resolve) => coturn.once("exit", resolve));
      coturn.kill("SIGKILL");
      await ended;
    }
    remove();
  };
  try {
    for (const each of [port, tlsPort])
      await until(
        "coturn",
        () =>
          fetch(`http://127.0.0.1:${each}/`).then(
            () => true,
            (error: Error) => !/ECONNREFUSED/.test(String(error.cause)),
          ),
        WAIT_MS,
      );
  } catch (error) {
    await close();
    throw error;
  }
  return { port, tlsPort, close };
}
