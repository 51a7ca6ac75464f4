/** Decodes picture files (JPEG, PNG, WebP, TIFF, GIF, AVIF by libvips) upright and in sRGB. */
import sharp from "sharp";
import { Fault } from "#contract/errors.ts";
import type { Picture } from "#core/faces/picture.ts";

const MOST_PIXELS = 60_000_000;
/** Nothing decoded stays in libvips's cache. */
sharp.cache(false);

/** Throws `Fault` (input) for what is no picture. The caller overwrites `rgb` when it is done. */
export async function readPicture(file: string): Promise<Picture> {
  try {
    const { data, info } = await sharp(file, { limitInputPixels: MOST_PIXELS, failOn: "error" })
      .autoOrient()
      .flatten({ background: "#000" })
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels`);
    return { widthPx: info.width, heightPx: info.height, rgb: data };
  } catch (cause) {
    throw new Fault("input", `${file}: not a picture that can be read (${(cause as Error).message})`, { cause });
  }
}
