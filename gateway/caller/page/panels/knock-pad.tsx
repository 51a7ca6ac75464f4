/** A pad to knock on, with the code beside it. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { knockCode } from "#contract/caller.ts";
import { hearKnocks } from "../knocks.ts";
import { words } from "../state.ts";
import { knock } from "../talk.ts";

export function KnockPad() {
  const pad = useRef<HTMLButtonElement>(null);
  const [count, setCount] = useState(0);
  useLayoutEffect(() => (pad.current ? hearKnocks(pad.current, { count: setCount, done: knock }) : undefined), []);
  const w = words.value;
  const means = knockCode.find(({ knocks, orMore }) => count === knocks || (orMore && count > knocks))?.means;
  return (
    <div class="knock">
      <button type="button" ref={pad} class="pad">
        <span class="pad-count">{count > 0 ? "●".repeat(Math.min(count, 7)) : w.knockHere}</span>
        <span>{means ? w.answer[means] : w.knockHow}</span>
      </button>
      <dl class="legend">
        {knockCode.map(({ knocks, orMore, means: each }) => (
          <div key={knocks} class={each === means ? "is-now" : undefined}>
            <dt>{orMore ? w.knockMore : "●".repeat(knocks)}</dt>
            <dd>{w.answer[each]}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
