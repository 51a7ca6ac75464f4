"""One round as it arrives: blast through its surroundings, the bullet's shock ahead of it, the action's clatter close by."""

import numpy as np
from scipy import signal

from blasts import GUNS, bullet_shock, muzzle_blast, through_air
from sound import RATE_HZ, SOUND_M_S, modal, pascals, put
from surroundings import response_of

LEAST_MACH = 1.05


def round_at(name, distance_m, angle_deg, kind, rng):
    """Pressure from its first arrival on, how much later the blast comes (0: no shock wave), and what was drawn."""
    gun = GUNS[name]
    speed_m_s = rng.uniform(*gun.muzzle_m_s)
    ir, info = response_of(kind, distance_m, rng)
    y = signal.fftconvolve(through_air(muzzle_blast(gun, angle_deg, distance_m, rng), distance_m), ir)
    lag_s = 0.0
    mach = speed_m_s / SOUND_M_S
    is_inside_cone = mach > LEAST_MACH and angle_deg < np.degrees(np.arccos(1 / mach))
    if is_inside_cone and distance_m > 8 and kind != "indoor":
        along_m = distance_m * np.cos(np.radians(angle_deg))
        miss_m = max(0.7, distance_m * np.sin(np.radians(angle_deg)))
        # Where on its path the bullet was when the shock left that arrives here.
        left_m = along_m - miss_m / np.sqrt(mach * mach - 1)
        shock_s = left_m / speed_m_s + np.hypot(along_m - left_m, miss_m) / SOUND_M_S
        ahead_s = distance_m / SOUND_M_S - shock_s
        if left_m > 0 and ahead_s > 3e-4:
            lag_s = ahead_s
            shock = through_air(np.pad(bullet_shock(gun, speed_m_s, miss_m), (0, 256)), miss_m)
            shock = signal.fftconvolve(shock, ir * distance_m * rng.uniform(0.6, 1.0))
            both = np.zeros(len(y) + int(lag_s * RATE_HZ) + 2)
            put(both, y, lag_s)
            both[: min(len(shock), len(both))] += shock[: len(both)]
            y = both
            info.update(nwaveLagMs=1000 * lag_s, missM=miss_m)
    if distance_m < 6 and rng.random() < 0.7:
        action = modal(rng, rng.uniform(1200, 6000, 5), rng.uniform(2e-3, 9e-3, 5), None, 0.03)
        action_pa = action / np.max(np.abs(action)) * pascals(rng.uniform(95, 108))
        put(y, action_pa / max(distance_m, 0.7), lag_s + rng.uniform(0.02, 0.09))
    return y, lag_s, {**info, "bulletMS": speed_m_s}
