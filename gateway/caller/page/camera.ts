/** Camera and microphone of the phone: got, changed, lit, zoomed, given back. Only the caller's taps start them. */
import type { PhoneAble } from "#contract/caller.ts";

/** Image capture settings that the DOM types do not know (W3C MediaStream Image Capture). */
type CaptureCapabilities = MediaTrackCapabilities & {
  torch?: boolean;
  zoom?: { min: number; max: number; step?: number };
};
type CaptureConstraint = MediaTrackConstraintSet & { torch?: boolean; zoom?: number };

const picture = (facing: "front" | "back"): MediaTrackConstraints => ({
  facingMode: { ideal: facing === "front" ? "user" : "environment" },
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
  // Some browsers give zoom only to pages that ask for it beforehand.
  ...({ zoom: true } as object),
});

async function cameraTrack(video: MediaTrackConstraints): Promise<MediaStreamTrack | undefined> {
  return (await navigator.mediaDevices.getUserMedia({ video })).getVideoTracks()[0];
}

export class Camera {
  video: MediaStreamTrack | undefined;
  audio: MediaStreamTrack | undefined;
  facing: "front" | "back" = "back";
  /** The system took a track away: another app, a call, a permission withdrawn. */
  onEnded: (what: "video" | "audio") => void = () => {};

  /** @param other any camera but the one that runs: not every phone says which way its cameras look. */
  async startVideo(facing: "front" | "back", other = false): Promise<void> {
    const before = other ? this.video?.getSettings().deviceId : undefined;
    // Most phones open one camera at a time.
    this.stopVideo();
    this.facing = facing;
    let track = await cameraTrack(picture(facing));
    if (before !== undefined && track?.getSettings().deviceId === before) {
      const devices = await navigator.mediaDevices.enumerateDevices();
      const next = devices.find(({ kind, deviceId }) => kind === "videoinput" && deviceId !== before);
      if (next) {
        track.stop();
        const { facingMode: _, ...rest } = picture(facing);
        track = await cameraTrack({ ...rest, deviceId: { exact: next.deviceId } });
      }
    }
    this.video = this.#watched(track, "video");
  }

  async startAudio(): Promise<void> {
    this.stopAudio();
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    this.audio = this.#watched(stream.getAudioTracks()[0], "audio");
  }

  #watched(track: MediaStreamTrack | undefined, what: "video" | "audio"): MediaStreamTrack | undefined {
    if (track) track.onended = () => this.onEnded(what);
    return track;
  }

  stopVideo(): void {
    this.video?.stop();
    this.video = undefined;
  }

  stopAudio(): void {
    this.audio?.stop();
    this.audio = undefined;
  }

  #capabilities(): CaptureCapabilities {
    return (this.video?.getCapabilities?.() ?? {}) as CaptureCapabilities;
  }

  async able(): Promise<Pick<PhoneAble, "torch" | "zoom" | "cameras">> {
    const { torch, zoom } = this.#capabilities();
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind }) => kind === "videoinput").length;
    const canZoom = zoom !== undefined && zoom.max > zoom.min && zoom.min > 0;
    return { torch: torch === true, cameras, ...(canZoom && { zoom: { min: zoom.min, max: zoom.max } }) };
  }

  /** False where this camera has no light or the system refuses it. */
  async light(on: boolean): Promise<boolean> {
    return this.#apply({ torch: on });
  }

  /** @param factor 1 is the widest view. */
  async zoom(factor: number): Promise<boolean> {
    const range = this.#capabilities().zoom;
    if (!range) return false;
    return this.#apply({ zoom: Math.min(range.max, Math.max(range.min, range.min * factor)) });
  }

  async #apply(setting: CaptureConstraint): Promise<boolean> {
    const able = this.#capabilities();
    if (!this.video || Object.keys(setting).some((name) => !(name in able))) return false;
    try {
      await this.video.applyConstraints({ advanced: [setting] });
      return true;
    } catch {
      // OverconstrainedError: the camera has it and does not do it now.
      return false;
    }
  }
}
