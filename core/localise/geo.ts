/**
 * WGS84 degrees <-> a flat frame of one site: `eastM`, `northM` are the horizontal ENU axes at the site's origin,
 * `upM` is the height above the ellipsoid. Distances between two points 50 km from the origin are 3e-5 short, and exact near it.
 * Source: NIMA TR8350.2 (WGS84), Misra & Enge, Global Positioning System, 4.A.
 */
const A_M = 6378137;
const F = 1 / 298.257223563;
const E2 = F * (2 - F);
const RAD = Math.PI / 180;

export interface LatLonAlt {
  lat: number;
  lon: number;
  altM: number;
}

export interface LocalPoint {
  eastM: number;
  northM: number;
  upM: number;
}

export interface Frame {
  readonly origin: LatLonAlt;
  toLocal(lat: number, lon: number, altM: number): LocalPoint;
  /** `upM` is the height above the ellipsoid, as `toLocal` gives it. */
  toWgs84(eastM: number, northM: number, upM: number): LatLonAlt;
}

/** Earth-centred coordinates in metres of WGS84 degrees and metres. */
export function ecefOf(lat: number, lon: number, altM: number): [number, number, number] {
  const sinLat = Math.sin(lat * RAD);
  const cosLat = Math.cos(lat * RAD);
  const n = A_M / Math.sqrt(1 - E2 * sinLat * sinLat);
  const r = (n + altM) * cosLat;
  return [r * Math.cos(lon * RAD), r * Math.sin(lon * RAD), (n * (1 - E2) + altM) * sinLat];
}

/** WGS84 degrees and metres of earth-centred coordinates (Bowring's start, then fixed-point; 1e-9 m near the ground). */
export function wgs84Of(x: number, y: number, z: number): LatLonAlt {
  const p = Math.hypot(x, y);
  let lat = Math.atan2(z, p * (1 - E2));
  let altM = 0;
  for (let i = 0; i < 6; i++) {
    const sinLat = Math.sin(lat);
    const n = A_M / Math.sqrt(1 - E2 * sinLat * sinLat);
    // Near the poles p / cos(lat) loses its digits; z / sin(lat) does not.
    altM = Math.abs(lat) < 1.2 ? p / Math.cos(lat) - n : z / sinLat - n * (1 - E2);
    lat = Math.atan2(z, p * (1 - (E2 * n) / (n + altM)));
  }
  return { lat: lat / RAD, lon: Math.atan2(y, x) / RAD, altM };
}

/** The flat frame whose origin is that point. */
export function frameAt(origin: LatLonAlt): Frame {
  const [ox, oy, oz] = ecefOf(origin.lat, origin.lon, origin.altM);
  const sinLat = Math.sin(origin.lat * RAD);
  const cosLat = Math.cos(origin.lat * RAD);
  const sinLon = Math.sin(origin.lon * RAD);
  const cosLon = Math.cos(origin.lon * RAD);
  return {
    origin,
    toLocal(lat, lon, altM) {
      // Horizontal axes are taken at the origin's height for every point, so that a tall node does not shift sideways.
      const [x, y, z] = ecefOf(lat, lon, origin.altM);
      const dx = x - ox;
      const dy = y - oy;
      const dz = z - oz;
      return {
        eastM: -sinLon * dx + cosLon * dy,
        northM: -sinLat * cosLon * dx - sinLat * sinLon * dy + cosLat * dz,
        upM: altM,
      };
    },
    toWgs84(eastM, northM, upM) {
      // The point lies below the tangent plane: find the ENU "up" at which the height is the origin's.
      let enuUp = -(eastM * eastM + northM * northM) / (2 * A_M);
      let at: LatLonAlt = { lat: 0, lon: 0, altM: 0 };
      for (let i = 0; i < 3; i++) {
        at = wgs84Of(
          ox - sinLon * eastM - sinLat * cosLon * northM + cosLat * cosLon * enuUp,
          oy + cosLon * eastM - sinLat * sinLon * northM + cosLat * sinLon * enuUp,
          oz + cosLat * northM + sinLat * enuUp,
        );
        enuUp -= at.altM - origin.altM;
      }
      return { lat: at.lat, lon: at.lon, altM: upM };
    },
  };
}
