"""What a gun sends out: its muzzle blast and its bullet's shock wave, and what the air takes off on the way.

Peak levels and durations as reported for small arms at 1 m beside the muzzle; a Friedlander wave for the blast (F. G. Friedlander, Proc. R. Soc. A 186,
1946), Whitham's formulas for the bullet's N-wave (G. B. Whitham, Comm. Pure Appl. Math. 5, 1952), ISO 9613-1 for the air.
"""

from typing import NamedTuple

import numpy as np
from scipy import signal

from sound import RATE_HZ, SOUND_M_S, pascals

ATMOSPHERE_PA = 101325
SIGNATURE_SAMPLES = 2048


class Gun(NamedTuple):
    peak_db_spl: float
    positive_s: float
    muzzle_m_s: tuple
    bullet_mm: float
    bullet_length_mm: float
    family: str


GUNS = {
    "pistol-9mm": Gun(158, 0.30e-3, (330, 390), 9.0, 15, "pistol"),
    "pistol-45acp": Gun(157, 0.36e-3, (245, 270), 11.4, 16, "pistol"),
    "pistol-22lr": Gun(151, 0.20e-3, (290, 330), 5.7, 11, "pistol"),
    "pistol-380": Gun(155, 0.28e-3, (270, 310), 9.0, 12, "pistol"),
    "revolver-357": Gun(163, 0.33e-3, (380, 440), 9.1, 16, "revolver"),
    "revolver-38": Gun(156, 0.33e-3, (240, 290), 9.1, 16, "revolver"),
    "rifle-22lr": Gun(140, 0.22e-3, (320, 380), 5.7, 11, "rifle"),
    "rifle-223": Gun(163, 0.42e-3, (880, 980), 5.7, 19, "rifle"),
    "rifle-308": Gun(166, 0.55e-3, (780, 850), 7.8, 28, "rifle"),
    "rifle-762x39": Gun(164, 0.48e-3, (690, 730), 7.9, 26, "rifle"),
    "shotgun-12ga": Gun(161, 0.60e-3, (350, 430), 18.5, 20, "shotgun"),
    "shotgun-20ga": Gun(158, 0.55e-3, (350, 410), 15.6, 18, "shotgun"),
}


def friedlander(peak_pa, positive_s, decay, n):
    t = np.arange(n) / RATE_HZ
    x = peak_pa * (1 - t / positive_s) * np.exp(-decay * t / positive_s)
    x[0] *= 0.5
    return x


def muzzle_blast(gun, angle_deg, distance_m, rng, n=SIGNATURE_SAMPLES):
    """As it would be at 1 m: the surroundings take the distance off. 0 degrees: in the line of fire."""
    db = gun.peak_db_spl + rng.normal(0, 1.5)
    forward = np.cos(np.radians(angle_deg))
    # 6 dB louder in front than beside, 10 dB softer behind.
    db += 6 * forward if forward > 0 else 10 * forward
    positive_s = gun.positive_s * (1.0 + 0.5 * (1 - forward) / 2 * rng.uniform(0.5, 1.5)) * rng.uniform(0.85, 1.2)
    # A weak shock grows longer on its way.
    positive_s *= np.sqrt(1 + 0.12 * np.log(max(distance_m, 1.0)))
    x = friedlander(pascals(db), positive_s, rng.uniform(0.8, 2.2), n)
    if rng.random() < 0.6:  # the gas plume's second wave
        late = int((positive_s * rng.uniform(1.5, 4)) * RATE_HZ)
        if late < n:
            second_pa = pascals(db) * rng.uniform(0.08, 0.35) * rng.choice([1, -1])
            x[late:] += friedlander(second_pa, positive_s * rng.uniform(0.4, 1.2), 1.5, n - late)
    if gun.family == "revolver":  # the gap before the barrel blows first
        late = int(rng.uniform(0.15e-3, 0.5e-3) * RATE_HZ)
        y = np.zeros(n)
        y[late:] = x[: n - late]
        y += friedlander(pascals(db) * rng.uniform(0.2, 0.6), positive_s * 0.5, 1.6, n)
        x = y
    t = np.arange(n) / RATE_HZ
    jet = rng.normal(size=n) * np.exp(-t / rng.uniform(2e-3, 8e-3)) * (1 - np.exp(-t / 4e-4))
    b, a = signal.butter(2, [300 / (RATE_HZ / 2), min(0.95, rng.uniform(4000, 12000) / (RATE_HZ / 2))], "band")
    return x + signal.lfilter(b, a, jet) * pascals(db) * 10 ** (rng.uniform(-36, -22) / 20)


def bullet_shock(gun, speed_m_s, miss_m):
    """The N-wave miss_m beside the bullet's path."""
    calibre_m = gun.bullet_mm / 1000
    length_m = gun.bullet_length_mm / 1000
    mach = speed_m_s / SOUND_M_S
    peak_pa = 0.53 * ATMOSPHERE_PA * (mach * mach - 1) ** 0.125 * calibre_m / (miss_m**0.75 * length_m**0.25)
    duration_s = 1.82 * calibre_m * mach * miss_m**0.25 / (SOUND_M_S * (mach * mach - 1) ** 0.375 * length_m**0.25)
    k = max(3, int(round(duration_s * RATE_HZ)))
    y = np.zeros(k + 8)
    y[2 : 2 + k] = np.linspace(1, -1, k) * peak_pa
    return np.convolve(y, [0.25, 0.5, 0.25])[: len(y)]


def absorption_db_per_m(hz, celsius=15, humidity_percent=60):
    """ISO 9613-1, at one atmosphere."""
    kelvin = celsius + 273.15
    reference = 293.15
    saturation = 10 ** (-6.8346 * (273.16 / kelvin) ** 1.261 + 4.6151)
    h = humidity_percent * saturation
    oxygen_hz = 24 + 4.04e4 * h * (0.02 + h) / (0.391 + h)
    nitrogen_hz = (kelvin / reference) ** -0.5 * (9 + 280 * h * np.exp(-4.170 * ((kelvin / reference) ** (-1 / 3) - 1)))
    return 8.686 * hz**2 * (1.84e-11 * (kelvin / reference) ** 0.5 + (kelvin / reference) ** -2.5 * (
        0.01275 * np.exp(-2239.1 / kelvin) / (oxygen_hz + hz**2 / oxygen_hz)
        + 0.1068 * np.exp(-3352 / kelvin) / (nitrogen_hz + hz**2 / nitrogen_hz)))


def through_air(x, distance_m):
    """With the air's loss over that way, minimum phase; below 15 m it is left out."""
    if distance_m < 15:
        return x
    spectrum = np.fft.rfft(x, 2 * len(x))
    hz = np.fft.rfftfreq(2 * len(x), 1 / RATE_HZ)
    gain = 10 ** (-absorption_db_per_m(hz) * distance_m / 20)
    cepstrum = np.fft.irfft(np.log(np.maximum(gain, 1e-8)))
    n = len(cepstrum)
    fold = np.zeros(n)
    fold[0] = 1
    fold[1 : n // 2] = 2
    fold[n // 2] = 1
    response = np.exp(np.fft.rfft(cepstrum * fold))
    return np.fft.irfft(spectrum * response)[: len(x)]
