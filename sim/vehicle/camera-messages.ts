/** What the camera, the gimbal and the gimbal manager say when asked (MAV_CMD_REQUEST_MESSAGE). */
import { common, type MavLinkData } from "node-mavlink";
import { make, type Sources } from "./message.ts";
import { gimbalComponent } from "./payload.ts";
import { toWgs84 } from "./place.ts";

const bytes = (text: string) => Array.from({ length: 32 }, (_, i) => text.charCodeAt(i) || 0);
const ms = ({ craft }: Sources) => Math.round(craft.timeS * 1000);

export const camera: Record<number, (from: Sources) => MavLinkData> = {
  259: (from) =>
    make(common.CameraInformation, {
      timeBootMs: ms(from),
      vendorName: bytes("Tocsin"),
      modelName: bytes("Simulated camera"),
      firmwareVersion: 1,
      focalLength: 4.5,
      sensorSizeH: 6.3,
      sensorSizeV: 4.7,
      resolutionH: 3840,
      resolutionV: 2160,
      lensId: 0,
      // Captures video and images, has modes, images in video mode and basic zoom.
      flags: 1 | 2 | 4 | 8 | 64,
      camDefinitionVersion: 0,
      camDefinitionUri: "",
      gimbalDeviceId: gimbalComponent,
      cameraDeviceId: 0,
    }),
  260: (from) =>
    make(common.CameraSettings, {
      timeBootMs: ms(from),
      modeId: from.payload.mode,
      zoomLevel: from.payload.zoomPercent,
      focusLevel: Number.NaN,
    }),
  261: (from) =>
    make(common.StorageInformation, {
      timeBootMs: ms(from),
      storageId: 1,
      storageCount: 1,
      status: common.StorageStatus.READY,
      totalCapacity: 32000,
      usedCapacity: 8000,
      availableCapacity: 24000,
      type: common.StorageType.MICROSD,
      name: "card",
      storageUsage: 0,
    }),
  263: (from) => {
    const at = toWgs84(from.craft.origin, from.craft.estimate);
    return make(common.CameraImageCaptured, {
      timeBootMs: ms(from),
      timeUtc: BigInt(Date.now()) * 1000n,
      cameraId: 0,
      lat: Math.round(at.lat * 1e7),
      lon: Math.round(at.lon * 1e7),
      alt: Math.round(at.altM * 1000),
      relativeAlt: Math.round(from.craft.estimate.u * 1000),
      q: [1, 0, 0, 0],
      imageIndex: from.payload.photos - 1,
      captureResult: 1,
      fileUrl: `sim:///photo-${from.payload.photos}.jpg`,
    });
  },
};

export const gimbal: Record<number, (from: Sources) => MavLinkData> = {
  280: (from) =>
    make(common.GimbalManagerInformation, {
      timeBootMs: ms(from),
      // Retract, neutral, pitch axis + follow + lock, yaw axis + follow + lock, point at a global location.
      capFlags: 1 | 2 | 32 | 64 | 128 | 256 | 512 | 1024 | 131072,
      gimbalDeviceId: gimbalComponent,
      rollMin: 0,
      rollMax: 0,
      pitchMin: -Math.PI / 2,
      pitchMax: 0.6,
      yawMin: -Math.PI,
      yawMax: Math.PI,
    }),
  283: (from) =>
    make(common.GimbalDeviceInformation, {
      timeBootMs: ms(from),
      vendorName: "Tocsin",
      modelName: "Simulated gimbal",
      customName: "",
      firmwareVersion: 1,
      hardwareVersion: 1,
      uid: 7n,
      capFlags: 1 | 2 | 32 | 64 | 128 | 256 | 512 | 1024,
      customCapFlags: 0,
      rollMin: 0,
      rollMax: 0,
      pitchMin: -Math.PI / 2,
      pitchMax: 0.6,
      yawMin: -Math.PI,
      yawMax: Math.PI,
      gimbalDeviceId: 0,
    }),
};
