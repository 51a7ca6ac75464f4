/** Earlier matches with the same person, and who did and saw what of this one. */
import type { FaceMatchDetail } from "#contract/face-api.ts";
import { local } from "../state/store.ts";
import { statusWords } from "./match-words.ts";

export function History({ detail }: { detail: FaceMatchDetail }) {
  const { history, entries } = detail;
  return (
    <section class="section">
      <h3>Earlier matches with this person</h3>
      {history.length === 0 ? (
        <p class="hint">None.</p>
      ) : (
        <ul class="match-history">
          {history.map(({ match, seenUntil, status, verdict, node }) => (
            <li key={match}>
              <time>
                {local.value.day(seenUntil)} {local.value.clock(seenUntil)}
              </time>
              <span>
                <b>{statusWords[status]}</b>
                {verdict && ` · ${verdict.by}: ${verdict.reason}`}
              </span>
              <span class="faint">{node}</span>
            </li>
          ))}
        </ul>
      )}
      <details>
        <summary>Who did and saw what: {entries.length} entries on the audit chain</summary>
        <ol>
          {entries.map(({ seq, at, by, text, hash }) => (
            <li key={seq} class="entry">
              <time>{local.value.clock(at)}</time>
              <span class="entry-text">
                {text} <span class="faint">{by}</span>
              </span>
              <code class="faint" title={`SHA-256 ${hash}`}>
                {hash.slice(0, 6)}
              </code>
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}
