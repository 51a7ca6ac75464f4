/** What keeps a gateway from starting: one line that names the field, exit 78. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";

const tocsin = join(import.meta.dirname, "..", "tocsin");

/** @returns exit status and the lines of stderr that are not the log's. */
function ended(...args: string[]): Promise<{ code: number | null; told: string[] }> {
  const child = spawn(tocsin, ["gateway", ...args], { timeout: 60_000 });
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => (err += chunk));
  return new Promise((resolve) =>
    child.once("close", (code) =>
      resolve({ code, told: err.split("\n").filter((line) => line !== "" && !line.startsWith("{")) }),
    ),
  );
}

test("a port that is taken, a file in the place of dataDir, and a node's configuration", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-gateway-"));
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const write = (name: string, dataDir: string, http: number) => {
    const file = join(folder, name);
    writeFileSync(
      file,
      `site: test\nnodes: []\nusers: []\ndataDir: ${dataDir}\nflows: { enabled: false }\nvideo: { enabled: false }\nlisten: { mqtt: { port: 0 }, http: { port: ${http} } }\n`,
    );
    return file;
  };
  try {
    const taken = write("taken.yaml", "data", port);
    assert.equal(await ended("--config", taken), {
      code: 78,
      told: [`tocsin gateway: listen.http.port: ${port} is taken by another program; stop it, or choose another port`],
    });
    const file = write("file.yaml", "taken.yaml", 0);
    const refused = {
      code: 78,
      told: [
        `tocsin gateway: dataDir: ${taken}: ${taken} is a file, not a folder; name a folder that this account can write`,
      ],
    };
    assert.equal(await ended("--config", file), refused);
    assert.equal(await ended("--config", file, "--check"), refused);
    const before = readdirSync(folder);
    assert.equal((await ended("--config", write("good.yaml", "new/data", 0), "--check")).code, 0);
    assert.equal(readdirSync(folder).sort(), [...before, "good.yaml"].sort());
    writeFileSync(join(folder, "incidents.sqlite"), "no record");
    const record = join(folder, "incidents.sqlite");
    assert.equal(await ended("verify", "--config", write("record.yaml", ".", 0)), {
      code: 65,
      told: [
        `tocsin gateway: ${record}: cannot be read as a gateway's record (file is not a database); restore dataDir from its backup`,
      ],
    });
    const node = join(folder, "node.yaml");
    writeFileSync(node, "site: test\nnode: n1\nbroker: {}\nroles: { listen: {} }\n");
    assert.equal(await ended("--config", node, "--check"), {
      code: 78,
      told: [`tocsin gateway: ${node}: is a node's configuration (it has roles); give a gateway's (docs/gateway.md)`],
    });
  } finally {
    other.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
