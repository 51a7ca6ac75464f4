/** The shape of a node's state; the same as on the map. */
import type { Condition } from "#contract/node-condition.ts";

const shapes: Record<Condition, preact.JSX.Element> = {
  ok: <circle cx="8" cy="8" r="5" fill="currentColor" />,
  clock: <path d="M8 2 14.6 13.6H1.4Z" fill="currentColor" />,
  fault: <path d="M3 3h10v10H3Z" fill="currentColor" />,
  lost: <path d="M3.4 3.4l9.2 9.2M12.6 3.4 3.4 12.6" fill="none" stroke="currentColor" stroke-width="2.4" />,
  unknown: <circle cx="8" cy="8" r="4.4" fill="none" stroke="currentColor" stroke-width="2" />,
};

export function NodeMark({ condition }: { condition: Condition }) {
  return (
    <svg
      class={`node-mark node-${condition}`}
      viewBox="0 0 16 16"
      width="0.875rem"
      height="0.875rem"
      aria-hidden="true"
    >
      {shapes[condition]}
    </svg>
  );
}
