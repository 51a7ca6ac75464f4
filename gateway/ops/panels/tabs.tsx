/** Phone width: three tabs at the thumb. */
import { openCount, selected, type Tab, tab } from "../state/store.ts";
import { spokenHeadline } from "../words.ts";

const tabs: readonly { id: Tab; label: string; icon: string }[] = [
  { id: "queue", label: "Queue", icon: "M3 5h14M3 10h14M3 15h14" },
  { id: "map", label: "Map", icon: "M3 5l5-2 4 2 5-2v12l-5 2-4-2-5 2zM8 3v12M12 5v12" },
  { id: "incident", label: "Incident", icon: "M10 3v9M10 16v.5" },
];

export function Tabs() {
  return (
    <nav class="tabs" aria-label="Parts of the console">
      {tabs.map(({ id, label, icon }) => (
        <button
          key={id}
          type="button"
          aria-current={tab.value === id ? "page" : undefined}
          onClick={() => (tab.value = id)}
        >
          <svg viewBox="0 0 20 20" width="1.25rem" height="1.25rem" aria-hidden="true">
            <path
              d={icon}
              fill="none"
              stroke="currentColor"
              stroke-width="2"
              stroke-linecap="round"
              stroke-linejoin="round"
            />
          </svg>
          {label}
          {id === "queue" && openCount.value > 0 && <span class="count">{openCount.value}</span>}
          {id === "incident" && selected.value && <span class="unseen">{spokenHeadline(selected.value)}</span>}
        </button>
      ))}
    </nav>
  );
}
