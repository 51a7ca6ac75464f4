/** Secrets of a link: the token in its address and the device's own. Kept only as hashes. */
import { randomBytes } from "node:crypto";

/** 144 bits in 24 characters of base64url, which no phone wraps or escapes. */
const TOKEN_BYTES = 18;
const DEVICE_BYTES = 32;

export const newToken = () => randomBytes(TOKEN_BYTES).toString("base64url");
export const newDeviceSecret = () => randomBytes(DEVICE_BYTES).toString("base64url");
export const looksLikeToken = (text: string) => /^[A-Za-z0-9_-]{24}$/.test(text);
