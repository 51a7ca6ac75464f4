/**
 * Places of the simulated world: metres east, north and up of an origin on the WGS84 ellipsoid, by way of earth-centred
 * co-ordinates, exact to well under a millimetre within a city. Written apart from the product's own geodesy on purpose.
 */
export interface Enu {
  eastM: number;
  northM: number;
  upM: number;
}

export interface Geodetic {
  lat: number;
  lon: number;
  /** Metres above the ellipsoid of the origin's ground: the simulated city lies at height 0. */
  altM: number;
}

const a = 6_378_137;
const flattening = 1 / 298.257223563;
const e2 = flattening * (2 - flattening);
const rad = Math.PI / 180;

type Vec = readonly [number, number, number];

function ecefOf(place: Geodetic): Vec {
  const sin = Math.sin(place.lat * rad);
  const cos = Math.cos(place.lat * rad);
  const n = a / Math.sqrt(1 - e2 * sin * sin);
  return [
    (n + place.altM) * cos * Math.cos(place.lon * rad),
    (n + place.altM) * cos * Math.sin(place.lon * rad),
    (n * (1 - e2) + place.altM) * sin,
  ];
}

/** Fixed-point iteration on the latitude (Hofmann-Wellenhof et al., GNSS, 2008, section 8.2.1); converges to 1e-12 in a few turns. */
function geodeticOf([x, y, z]: Vec): Geodetic {
  const p = Math.hypot(x, y);
  let lat = Math.atan2(z, p * (1 - e2));
  let altM = 0;
  for (let turn = 0; turn < 8; turn++) {
    const n = a / Math.sqrt(1 - e2 * Math.sin(lat) ** 2);
    altM = p / Math.cos(lat) - n;
    lat = Math.atan2(z, p * (1 - (e2 * n) / (n + altM)));
  }
  return { lat: lat / rad, lon: Math.atan2(y, x) / rad, altM };
}

/** The plane that touches the ellipsoid at the origin: x east, y north, z up. */
export class Plane {
  readonly origin: Geodetic;
  readonly #at: Vec;
  readonly #east: Vec;
  readonly #north: Vec;
  readonly #up: Vec;

  constructor(origin: Geodetic) {
    this.origin = origin;
    this.#at = ecefOf(origin);
    const [sl, cl] = [Math.sin(origin.lat * rad), Math.cos(origin.lat * rad)];
    const [so, co] = [Math.sin(origin.lon * rad), Math.cos(origin.lon * rad)];
    this.#east = [-so, co, 0];
    this.#north = [-sl * co, -sl * so, cl];
    this.#up = [cl * co, cl * so, sl];
  }

  geodetic(place: Enu): Geodetic {
    const at = [0, 1, 2].map(
      (i) => this.#at[i]! + place.eastM * this.#east[i]! + place.northM * this.#north[i]! + place.upM * this.#up[i]!,
    );
    return geodeticOf(at as unknown as Vec);
  }

  enu(place: Geodetic): Enu {
    const at = ecefOf(place);
    const d = [at[0] - this.#at[0], at[1] - this.#at[1], at[2] - this.#at[2]] as const;
    const along = (axis: Vec) => d[0] * axis[0] + d[1] * axis[1] + d[2] * axis[2];
    return { eastM: along(this.#east), northM: along(this.#north), upM: along(this.#up) };
  }
}
