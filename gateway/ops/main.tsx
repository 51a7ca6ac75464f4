/** The ops console's entry: who is signed in decides between the login page and the console. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { api } from "./api.ts";
import { AlarmStrip } from "./panels/alarm-strip.tsx";
import { Desk } from "./panels/desk.tsx";
import { Help } from "./panels/help.tsx";
import { Incident } from "./panels/incident.tsx";
import { LinkBanner } from "./panels/link-banner.tsx";
import { LoginPage } from "./panels/login.tsx";
import { MapPanel } from "./panels/map.tsx";
import { Queue } from "./panels/queue.tsx";
import { StatusBar } from "./panels/status-bar.tsx";
import { Tabs } from "./panels/tabs.tsx";
import { select } from "./state/actions.ts";
import { watchAlarm } from "./state/alarm.ts";
import { calling } from "./state/calling.ts";
import { connectWhileSignedIn } from "./state/connect.ts";
import { listenToKeys } from "./state/keys.ts";
import { theme } from "./state/preferences.ts";
import { hasPicture, link, newestFirst, selectedId, session, tab } from "./state/store.ts";

function Console() {
  return (
    <div class="console" data-link={link.value.kind} data-tab={tab.value}>
      <StatusBar />
      <LinkBanner />
      <AlarmStrip />
      <main class="panels">
        <Queue />
        <MapPanel />
        <Incident />
        <Help />
        <Desk />
      </main>
      <Tabs />
    </div>
  );
}

function App() {
  if (session.value === undefined) {
    return (
      <div class="boot" role="status">
        <strong class="boot-mark">Tocsin</strong>
        <span>Asking the gateway …</span>
      </div>
    );
  }
  return session.value === null ? <LoginPage /> : <Console />;
}

/** The address names the chosen incident, so that a link can be handed on. */
function followAddress(): void {
  const named = new URLSearchParams(location.hash.slice(1)).get("incident");
  if (named !== null) select(named);
  effect(() => {
    const id = selectedId.value;
    if (session.value) history.replaceState(null, "", id === undefined ? "#" : `#incident=${encodeURIComponent(id)}`);
  });
  // Somebody who looks at nothing yet sees what calls, or else the newest.
  effect(() => {
    if (selectedId.value !== undefined || !hasPicture.value) return;
    const first = calling.value[0]?.incident ?? newestFirst.value[0];
    if (first !== undefined) select(first, false);
  });
}

async function whoIsThere(): Promise<void> {
  const answer = await api.session();
  if (answer.ok) session.value = answer.value;
  else if (answer.status === 401) session.value = null;
  else setTimeout(() => void whoIsThere(), 1000);
}

const page = new AbortController();
effect(() => {
  document.documentElement.dataset.theme = theme();
});
render(<App />, document.getElementById("app")!);
void whoIsThere();
followAddress();
connectWhileSignedIn();
watchAlarm(page.signal);
listenToKeys(page.signal);
