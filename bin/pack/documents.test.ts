import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { carryDocuments } from "./documents.ts";
import { plans } from "./plans.ts";

const root = join(import.meta.dirname, "..", "..");

for (const [name, { documents }] of Object.entries(plans)) {
  test(`no link of the documents that a packed ${name} carries leads nowhere`, () => {
    const folder = mkdtempSync(join(tmpdir(), "tocsin-documents-"));
    try {
      carryDocuments(root, folder, documents);
      const carried = readdirSync(join(folder, "docs"));
      for (const needed of ["node.md", "dock.md", "locate.md", ...documents.map((path) => basename(path))])
        assert.ok(carried.includes(needed), needed);
      let links = 0;
      for (const document of carried) {
        const text = readFileSync(join(folder, "docs", document), "utf8");
        // Plainer than what is tested: whatever looks like a link.
        for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
          if (/^([a-z]+:|#)/i.test(target)) continue;
          links++;
          const at = join(folder, dirname(join("docs", document)), target.split("#")[0]!);
          assert.ok(existsSync(at), `${document} leads to ${target}`);
        }
      }
      assert.ok(links > 4, `${links} links were found`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test.run();
