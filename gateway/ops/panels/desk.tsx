/** What this desk prefers: appearance, alarm sound with a test, single keys; and who is signed in. */
import { signal } from "@preact/signals";
import { api } from "../api.ts";
import { alarmSounds, playAlarm, wakeAudio } from "../sound.ts";
import { soundBlocked } from "../state/alarm.ts";
import { alarmSound, appearance, appearances, singleKeys } from "../state/preferences.ts";
import { session, signedOutBecause } from "../state/store.ts";
import { Drawer } from "./drawer.tsx";

export const deskOpen = signal(false);

async function testSound() {
  soundBlocked.value = !(await wakeAudio());
  playAlarm(alarmSound.value);
}

async function signOut() {
  await api.logout();
  deskOpen.value = false;
  signedOutBecause.value = "You signed out.";
  session.value = null;
}

export function Desk() {
  if (!deskOpen.value) return null;
  return (
    <Drawer id="desk" label="This desk" title="This desk" close={() => (deskOpen.value = false)}>
      <fieldset class="choice">
        <legend>Appearance</legend>
        {appearances.map(({ id, label, why }) => (
          <label key={id} title={why}>
            <input
              type="radio"
              name="appearance"
              checked={appearance.value === id}
              onChange={() => (appearance.value = id)}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <fieldset class="choice">
        <legend>Alarm sound</legend>
        {alarmSounds.map(({ id, label }) => (
          <label key={id}>
            <input
              type="radio"
              name="alarm"
              checked={alarmSound.value === id}
              onChange={() => {
                alarmSound.value = id;
                void testSound();
              }}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <div class="row">
        <button type="button" disabled={alarmSound.value === "off"} onClick={() => void testSound()}>
          Test the alarm
        </button>
        {soundBlocked.value && <p class="hint">The browser keeps sound back until you press a key or click.</p>}
      </div>
      <label class="switch">
        <input
          type="checkbox"
          checked={singleKeys.value === "on"}
          onChange={(event) => (singleKeys.value = event.currentTarget.checked ? "on" : "off")}
        />
        <span>Single keys act (C, D, E, J, K …)</span>
      </label>
      <div class="row">
        <p>
          Signed in as <strong>{session.value?.user}</strong>
          <br />
          <span class="faint">{session.value?.roles.join(", ")}</span>
        </p>
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </Drawer>
  );
}
