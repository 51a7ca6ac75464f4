/** Turns a camera's mount to the place that a want names, and back to its rest. Nothing here ever holds up the picture. */
import type { Position } from "#contract/geo.ts";
import type { CameraAim, VideoWant } from "#contract/video.ts";
import { type Aim, aimAt, type LookAt } from "#core/aim/mount.ts";
import type { Log } from "../../ports.ts";
import type { CameraMount } from "../../video-port.ts";
import type { PanTiltConfig } from "./mount-config.ts";

export interface AimerOptions {
  camera: string;
  mount: CameraMount;
  config: PanTiltConfig;
  position: Position;
  log: Log;
  onChange: () => void;
}

export class Aimer {
  readonly #options: AimerOptions;
  /** As told, so that the same want said again moves nothing. */
  #at = "";
  #aim: Aim | undefined;

  constructor(options: AimerOptions) {
    this.#options = options;
    options.mount.onHealth(options.onChange);
    this.#rest();
  }

  /** @param want the one that holds now, undefined where none does. */
  follow(want: VideoWant | undefined): void {
    const at = want?.lookAt;
    const key = at ? `${at.lat} ${at.lon} ${at.heightM ?? 0}` : "";
    if (key === this.#at) return;
    this.#at = key;
    if (at) this.#turn(at, want.incident);
    else this.#rest();
    this.#options.onChange();
  }

  get state(): CameraAim {
    const { mount, config } = this.#options;
    const { phase, why } = mount.health;
    const aim = this.#aim;
    if (phase !== "up") {
      const unheard = "the pan and tilt board was not heard yet";
      return { phase: "down", why: `the camera does not turn: ${why ?? unheard}`.slice(0, 500) };
    }
    const lamp = config.lamp !== undefined && { lampOn: aim?.kind === "aim" };
    if (aim?.kind === "out-of-reach")
      return { phase: "out-of-reach", why: `the camera stays at rest: ${aim.why}`, ...lamp };
    if (!aim) return { phase: "rest", ...lamp };
    return { phase: "aimed", azimuthDeg: aim.azimuthDeg, elevationDeg: aim.elevationDeg, ...lamp };
  }

  get counters(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.#options.mount.counters).map(([name, count]) => [`mount.${name}`, count]),
    );
  }

  #turn(at: LookAt, incident: string | undefined): void {
    const { camera, mount, config, position, log } = this.#options;
    const aim = aimAt({ ...config, position }, at);
    if (aim.kind === "out-of-reach") {
      log.warn({ camera, incident, why: aim.why }, "the camera stays at rest");
      this.#rest();
      this.#aim = aim;
      return;
    }
    this.#aim = aim;
    const { panDeg, tiltDeg, azimuthDeg, elevationDeg } = aim;
    log.info({ camera, incident, azimuthDeg, elevationDeg }, "the camera turns to the incident");
    mount.hold({ panDeg, tiltDeg, lampOn: config.lamp !== undefined });
  }

  #rest(): void {
    const { mount, config } = this.#options;
    this.#aim = undefined;
    mount.hold({ ...config.rest, lampOn: false });
  }
}
