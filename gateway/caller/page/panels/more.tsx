/** Everything that can be switched, and why something cannot. */
import { useState } from "preact/hooks";
import { allow, refuse } from "../consent.ts";
import { hear, setStills, setTorch, setZoom, turnCamera } from "../media.ts";
import { endLink } from "../phone.ts";
import * as s from "../state.ts";
import { Icon, type IconName } from "./icon.tsx";

interface SwitchProps {
  icon: IconName;
  on: boolean;
  label: string;
  /** What a tap does, where on and off are more than that. */
  hint?: string;
  act: () => void;
}

function Switch({ icon, on, label, hint, act }: SwitchProps) {
  return (
    <button type="button" class="switch" aria-pressed={on} onClick={act}>
      <Icon name={icon} />
      <span>
        {label}
        {hint && <small>{hint}</small>}
      </span>
      <b>{on ? s.words.value.on : s.words.value.off}</b>
    </button>
  );
}

function CameraControls() {
  const w = s.words.value;
  const { torch, zoom, cameras } = s.able.value;
  const factor = zoom ? zoom.max / zoom.min : 1;
  return (
    <>
      {cameras > 1 ? (
        <Switch
          icon="turn"
          on={s.facing.value === "front"}
          label={w.frontCamera}
          act={() => void turnCamera(s.facing.value === "front" ? "back" : "front")}
        />
      ) : (
        <p class="note">{w.oneCamera}</p>
      )}
      {torch ? (
        <Switch icon="light" on={s.torch.value} label={w.torchOn} act={() => void setTorch(!s.torch.value)} />
      ) : (
        <p class="note">{w.noTorch}</p>
      )}
      {zoom ? (
        <label class="zoom">
          <span>{w.zoom}</span>
          <input
            type="range"
            min="1"
            max={Math.min(10, factor)}
            step="0.1"
            value={s.zoom.value}
            onInput={(event) => void setZoom(Number(event.currentTarget.value))}
          />
        </label>
      ) : (
        <p class="note">{w.noZoom}</p>
      )}
      <Switch
        icon="stills"
        on={s.sending.value === "stills"}
        label={w.stills}
        act={() => setStills(s.sending.value !== "stills")}
      />
    </>
  );
}

function End() {
  const [sure, setSure] = useState(false);
  const w = s.words.value;
  if (!sure)
    return (
      <button type="button" class="big end" onClick={() => setSure(true)}>
        {w.end}
      </button>
    );
  return (
    <div class="sure">
      <p>{w.endSure}</p>
      <button type="button" class="big bad" onClick={endLink}>
        {w.endYes}
      </button>
      <button type="button" class="big" onClick={() => setSure(false)}>
        {w.cancel}
      </button>
    </div>
  );
}

export function More() {
  const w = s.words.value;
  return (
    <div class="more">
      {s.askOrder.map((item) => {
        const on = s.consent.value[item] === "granted";
        return (
          <Switch
            key={item}
            icon={item}
            on={on}
            label={w.item[item]}
            hint={on ? w.stop[item] : w.start[item]}
            act={() => (on ? refuse(item) : void allow(item))}
          />
        );
      })}
      <Switch icon="sound" on={s.hearing.value} label={w.soundOn} act={() => hear(!s.hearing.value)} />
      {s.thin.value && <p class="note">{w.slow}</p>}
      {s.consent.value.video === "granted" && <CameraControls />}
      {!s.able.value.wakeLock && <p class="note">{w.noWakeLock}</p>}
      <End />
    </div>
  );
}
