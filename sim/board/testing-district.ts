/** Two boards as the guides say: a gateway's machine and a node's, each with its own disk, and a link between them that can be cut. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { pcm16Of, wavOf } from "#core/acoustics/wav-file.ts";
import { Board, execute } from "./board.ts";
import { copyOf, makeBoardImage } from "./board-image.ts";

const root = join(import.meta.dirname, "..", "..");
const tocsin = join(root, "bin/tocsin");
/** Debian and the packs' packages: made once. */
const cache = join(root, ".tocsin", "board");
/** qemu's own network: so a board finds this machine's loopback (qemu's docs/system/devices/net.rst). */
const HOST = "10.0.2.2";
const DATA_BYTES = 256 * 2 ** 20;

/** What a node had taken, as it told the host: id and time. */
export interface Taken {
  by: string;
  time: string;
}

export class District {
  readonly folder: string;
  readonly hub: Board;
  readonly lamp: Board;
  readonly link: Link;
  readonly taken: Map<string, Taken>;
  readonly gatewayYaml: string;

  private constructor(parts: Omit<District, "close">) {
    ({ folder: this.folder, hub: this.hub, lamp: this.lamp, link: this.link, taken: this.taken } = parts);
    this.gatewayYaml = parts.gatewayYaml;
  }

  /** Installed by nobody yet. @param say tells what takes long. */
  static async make(say: (text: string) => void): Promise<District> {
    const folder = mkdtempSync(join(tmpdir(), "tocsin-boards-"));
    say("packing agent and gateway");
    const packs = { agent: join(folder, "agent"), gateway: join(folder, "gateway") };
    for (const [name, out] of Object.entries(packs)) await execute(tocsin, ["pack", name, "--out", out]);
    const [hubMqtts, hubTime] = [await freePort(), await freePort()];
    const link = await Link.open(hubMqtts);
    say("making the disk (the first time: Debian and npm packages, some minutes)");
    const files = await filesOf(folder, link.port, hubTime);
    const image = await makeBoardImage(cache, packs, files);
    const disks = await Promise.all(["hub", "lamp"].map((name) => copyOf(image, join(folder, `${name}.ext4`))));
    rmSync(image.root);
    const madeWith = async (name: string, bytes: number, ...make: [string, ...string[]]) => {
      const file = join(folder, name);
      writeFileSync(file, "");
      truncateSync(file, bytes);
      await execute(make[0], [...make.slice(1), file]);
      return file;
    };
    const data = (name: string) => madeWith(`${name}-data.ext4`, DATA_BYTES, "mke2fs", "-q", "-t", "ext4");
    const taken = new Map<string, Taken>();
    const hear = (by: string) => (line: string) => {
      const [kind, id, time] = line.split(" ");
      // The last line before a cut may be a piece.
      if ((kind === "heard" || kind === "fixed") && id?.length === 26 && time?.length === 30)
        taken.set(id, { by, time });
    };
    const { boot } = image;
    const hub = await Board.make({
      ...{ name: "hub", folder, boot, disks: [disks[0]!, await data("hub")], memoryMb: 1536 },
      forwards: [
        { from: hubMqtts, to: 8883 },
        { from: hubTime, to: 123, protocol: "udp" },
      ],
    });
    const lamp = await Board.make({
      ...{ name: "lamp", folder, boot, disks: [disks[1]!, await data("lamp")], forwards: [] },
      // A board without a battery: every boot begins in the past.
      clock: "2024-01-01T00:00:00",
      listeners: {
        reported: hear("lamp-02"),
        journal: (line) => hearAgent(line, hear("lamp-01")),
      },
    });
    return new District({ folder, hub, lamp, link, taken, gatewayYaml: String(files["root/gateway.yaml"]) });
  }

  async close(): Promise<void> {
    await this.lamp.close();
    await this.hub.close();
    await this.link.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The agent's own line, as the journal has it, once a report is in its outbox. */
function hearAgent(line: string, hear: (line: string) => void): void {
  if (!line.includes('"msg":"heard"')) return;
  try {
    const { id, toa } = JSON.parse(line) as { id: string; toa: string };
    hear(`heard ${id} ${toa}`);
  } catch {
    // The power went within the line.
  }
}

/** What is put on both disks: configurations and secrets in /root, as somebody brings them, and the tools of this test in /opt/board. */
async function filesOf(
  folder: string,
  linkPort: number,
  timePort: number,
): Promise<Record<string, string | Uint8Array>> {
  const secrets = Object.fromEntries(
    ["lamp-01", "lamp-02"].map((name) => {
      const { stdout } = spawnSync(tocsin, ["gateway", "hash", "--new"], { encoding: "utf8" });
      return [name, JSON.parse(stdout) as { secret: string; hash: string }];
    }),
  );
  const { certificate, key } = await certificateFor(folder);
  const bundled = join(folder, "reporter.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "testing-reporter.ts")],
    ...{ outfile: bundled, bundle: true, platform: "node", format: "esm", target: "node24", logLevel: "error" },
    banner: { js: 'import { createRequire as cr } from "node:module"; const require = cr(import.meta.url);' },
  });
  const broker = `mqtts://${HOST}:${linkPort}`;
  const configOf = (node: string, more: string) => `site: board
node: ${node}
position: { lat: 40.66, lon: -73.91, altM: 12 }
broker: { url: "${broker}", secretFile: ${node}.secret, caFile: gateway-ca.pem, keepaliveS: 5 }
dataDir: /var/lib/tocsin/${node}
heartbeatS: 1
logLevel: debug
${more}`;
  const node = "/opt/tocsin/node_modules/node/bin/node /opt/board/reporter.mjs";
  const reporter = (name: string, outbox: string, port: string) => `[Unit]
After=network.target
RequiresMountsFor=${outbox}
StartLimitIntervalSec=0
[Service]
ExecStart=${node} ${name} ${broker} ${secrets[name]!.secret} /root/gateway-ca.pem ${outbox}/outbox.sqlite /dev/virtio-ports/${port}
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
`;
  return {
    "root/gateway.yaml": `site: board
dataDir: /var/lib/tocsin/gateway
listen: { mqtts: { host: 0.0.0.0, port: 8883, certFile: gateway.pem, keyFile: gateway.key } }
nodes:
${Object.entries(secrets)
  .map(([id, { hash }]) => `  - { id: ${id}, parties: [node, triangulator], secretHash: "${hash}" }`)
  .join("\n")}
users: []
`,
    "root/gateway.pem": certificate,
    "root/gateway-ca.pem": certificate,
    "root/gateway.key": key,
    ...Object.fromEntries(Object.entries(secrets).map(([name, { secret }]) => [`root/${name}.secret`, secret])),
    "root/lamp-01.yaml": configOf(
      "lamp-01",
      `clock: { source: ntp }
microphone: { kind: alsa, device: "hw:Loopback,1,0", sampleRateHz: 48000, channels: 1, format: s16 }
roles: { listen: { publishAbove: 0 } }
`,
    ),
    "opt/board/reporter.mjs": readFileSync(bundled),
    "opt/board/shots.wav": shots(),
    // One blast a second, for ever, into the card that the agent listens on.
    "etc/systemd/system/board-shots.service": `[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=/usr/bin/aplay -q -D plughw:Loopback,0,0 /opt/board/shots.wav
Restart=always
RestartSec=0
`,
    "etc/systemd/system/board-journal.service": `[Service]
ExecStart=/bin/sh -c "exec journalctl -f -n 0 -o cat -u tocsin-agent@lamp-01 > /dev/virtio-ports/journal"
[Install]
WantedBy=sysinit.target
`,
    "etc/systemd/system/board-reporter.service": reporter("lamp-02", "/var/lib/tocsin/lamp-02", "reported"),
    "opt/board/time-server.conf": "local stratum 8\nallow\n",
    "opt/board/time.sources": `server ${HOST} port ${timePort} iburst minpoll 0 maxpoll 2\n`,
    "opt/board/stored.mjs": STORED,
  };
}

/** Prints every arrival that the gateway's store holds. */
const STORED = `import { DatabaseSync } from "node:sqlite";
const db = new DatabaseSync("/var/lib/tocsin/gateway/incidents.sqlite", { readOnly: true });
for (const { id, message } of db.prepare("SELECT id, message FROM heard").all()) console.log(id, JSON.parse(message).toa);
`;

/** Ten seconds of quiet noise with a blast each second. */
function shots(): Uint8Array {
  const rate = 48_000;
  const samples = new Float32Array(10 * rate);
  let state = 7;
  for (let i = 0; i < samples.length; i++) {
    state = (state * 48_271) % 2_147_483_647;
    const u = ((i % rate) - rate / 2) / (0.003 * rate);
    const blast = u >= 0 && u < 10 ? 0.6 * (1 - u) * Math.exp(-u) : 0;
    samples[i] = 0.98 * (blast + 0.002 * (state / 2_147_483_647 - 0.5));
  }
  return wavOf(pcm16Of(samples), rate);
}

/** Its own authority; boards begin in the past, and look at it once they know the time. */
async function certificateFor(folder: string): Promise<{ certificate: string; key: string }> {
  mkdirSync(folder, { recursive: true });
  const [certificate, key] = [join(folder, "gateway.pem"), join(folder, "gateway.key")];
  await execute("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"],
    ...[
      "-subj",
      "/CN=gateway",
      "-addext",
      `subjectAltName=IP:${HOST},IP:127.0.0.1`,
      "-keyout",
      key,
      "-out",
      certificate,
    ],
  ]);
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The way from the node to the gateway. */
export class Link {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  isUp = true;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async open(to: number): Promise<Link> {
    let link: Link | undefined;
    const server = createServer((near) => {
      if (!link?.isUp) return void near.destroy();
      const far = connect(to, "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        link.#sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => other.destroy());
        socket.pipe(other);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    link = new Link(server);
    return link;
  }

  cut(): void {
    this.isUp = false;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  mend(): void {
    this.isUp = true;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
