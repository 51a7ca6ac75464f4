/** Documents for a pack: those that it names and every one that they lead to; what stays behind is named in words, no link leads nowhere. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

const LINK = /(!?)\[((?:[^\][]|!\[[^\]]*\]\([^)]*\))*)\]\(([^)\s]+)\)/g;
const isElsewhere = (target: string) => /^([a-z]+:|#)/i.test(target);
/** `docs/node.md` and `../systemd/x.sh#part` give `systemd/x.sh`. */
const pathOf = (document: string, target: string) =>
  posix.normalize(posix.join(posix.dirname(document), target.split("#")[0]!));

/** Bench tables, decisions and pictures say nothing that a machine in the field needs. */
const travels = (path: string) => /^docs\/[^/]+\.md$/.test(path) && path !== "docs/decisions.md";

/** Run when all else lies in `folder`: a link to what is there stays. */
export function carryDocuments(root: string, folder: string, first: readonly string[]): void {
  const carried = new Set(first);
  for (const document of carried) {
    for (const [, , , target = ""] of readFileSync(join(root, document), "utf8").matchAll(LINK)) {
      const path = isElsewhere(target) ? "" : pathOf(document, target);
      if (travels(path) && existsSync(join(root, path))) carried.add(path);
    }
  }
  for (const document of carried) {
    mkdirSync(dirname(join(folder, document)), { recursive: true });
    copyFileSync(join(root, document), join(folder, document));
  }
  for (const document of carried) {
    const words = readFileSync(join(root, document), "utf8").replace(
      LINK,
      (whole, picture: string, text: string, target: string) => {
        if (isElsewhere(target)) return whole;
        const path = pathOf(document, target);
        if (existsSync(join(folder, path))) return whole;
        return picture === "!"
          ? `*${text}* (picture, with the sources)`
          : `${path.endsWith(text) ? "" : `${text} `}(\`${path}\`, with the sources)`;
      },
    );
    writeFileSync(join(folder, document), words);
  }
}
