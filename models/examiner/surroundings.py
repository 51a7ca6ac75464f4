"""What lies round a sound: ground, facades, trees, rooms, hills, as an impulse response from the source to the recorder."""

import numpy as np
from scipy import signal

from sound import RATE_HZ, SOUND_M_S, diffuse_tail, lowpass, put


class Response:
    """Pressure at the recorder over that at 1 m; sample 0 is the first arrival."""

    def __init__(self, distance_m, rng, seconds):
        self.rng = rng
        self.n = int(seconds * RATE_HZ)
        self.ir = np.zeros(self.n)
        self.info = {}
        self.distance_m = distance_m
        source_m = rng.uniform(1.0, 1.8)
        recorder_m = rng.choice([rng.uniform(0.8, 1.8), rng.uniform(2.5, 8)])
        self.direct_m = np.sqrt(distance_m * distance_m + (source_m - recorder_m) ** 2)
        self.ground_m = np.sqrt(distance_m * distance_m + (source_m + recorder_m) ** 2)
        self.ir[0] += 1 / self.direct_m
        self.info["groundDelayMs"] = 1000 * (self.ground_m - self.direct_m) / SOUND_M_S

    def ground(self, is_hard):
        reflection = np.zeros(64)
        reflection[0] = 1
        reflection = reflection * 0.93 if is_hard else lowpass(reflection, self.rng.uniform(500, 2500)) * 0.8
        put(self.ir, reflection, (self.ground_m - self.direct_m) / SOUND_M_S, 1 / self.ground_m)

    def reflect(self, way_m, part, lowpass_hz=9000.0):
        reflection = np.zeros(96)
        reflection[0] = 1
        put(self.ir, lowpass(lowpass(reflection, lowpass_hz), lowpass_hz), (way_m - self.direct_m) / SOUND_M_S, part / way_m)

    def tail(self, over_direct_db, rt60_s, start_s, low_hz=80, high_hz=6000, rise_s=0.01):
        """A diffuse tail whose energy is that much over the direct sound's."""
        start = int(start_s * RATE_HZ)
        tail = diffuse_tail(self.rng, self.n - start, rt60_s, low_hz, high_hz, rise_s)
        norm = np.sqrt(np.sum(tail**2)) + 1e-12
        self.ir[start:] += tail / norm * (1 / self.direct_m) * 10 ** (over_direct_db / 20)
        self.info["tailDb"], self.info["rt60S"] = over_direct_db, rt60_s

    @property
    def far_db(self):
        """From 20 m on the tail stands out by so much more."""
        return 4 * (1.0 if self.distance_m > 20 else 0.0)


def _open(to, rng):
    for _ in range(rng.integers(0, 4)):
        to.reflect(to.direct_m + rng.uniform(20, 300), rng.uniform(0.1, 0.5), 2500)
    to.tail(rng.uniform(-22, -12) + to.far_db, rng.uniform(0.5, 1.2), 0.01, 100, 3000, 0.1)


def _suburb(to, rng):
    for _ in range(rng.integers(3, 12)):
        to.reflect(to.direct_m + rng.gamma(2, 15), rng.uniform(0.2, 0.8), 5000)
    to.tail(rng.uniform(-12, -2) + to.far_db, rng.uniform(0.7, 1.6), 0.01, 80, 4000, 0.05)


def _yard(to, rng):
    walls_m = rng.uniform(4, 22, 3)
    for i in range(1, 8):
        for wall_m in walls_m:
            to.reflect(to.direct_m + i * wall_m * rng.uniform(0.7, 2), 0.85**i * rng.uniform(0.5, 1), 7000 / i)
    to.tail(rng.uniform(-8, 2), rng.uniform(0.5, 1.2), 0.005)


def _street(to, rng):
    width_m = rng.uniform(9, 30)
    aside_m = rng.uniform(0.2, 0.8) * width_m
    for i in range(1, 14):
        for side in (0, 1):
            way_m = i * width_m + (-1) ** i * (aside_m if side else width_m - aside_m) * 0.5
            to.reflect(np.hypot(to.direct_m, 2 * way_m * 0.5 + width_m * 0.2), 0.8**i, 6000 / np.sqrt(i))
    for _ in range(rng.integers(1, 4)):
        to.reflect(to.direct_m + rng.uniform(50, 250), rng.uniform(0.4, 1.2), 3000)
    to.tail(rng.uniform(-5, 5), rng.uniform(1.2, 2.6), 0.01, 60, 4000, 0.03)


def _woods(to, rng):
    for _ in range(rng.integers(30, 120)):
        to.reflect(to.direct_m + rng.gamma(1.5, 18), rng.uniform(-0.15, 0.3), 6000)
    to.tail(rng.uniform(-8, 3), rng.uniform(0.8, 2.0), 0.005, 200, 5000, 0.04)


def _indoor(to, rng):
    """Image sources of a box up to the third order a side (J. B. Allen and D. A. Berkley, JASA 65, 1979), and a tail."""
    size_m = np.array([rng.uniform(3, 14), rng.uniform(3, 9), rng.uniform(2.4, 4)])
    wall = rng.uniform(0.7, 0.93)
    source, recorder = rng.uniform(0.2, 0.8, 3) * size_m, rng.uniform(0.2, 0.8, 3) * size_m
    base_m = np.linalg.norm(source - recorder)
    for x in range(-3, 4):
        for y in range(-3, 4):
            for z in range(-3, 4):
                image = np.array([m * l + (s if m % 2 == 0 else l - s) for m, l, s in zip((x, y, z), size_m, source)])
                order = abs(x) + abs(y) + abs(z)
                if order:
                    way_m = to.direct_m + max(0.02, np.linalg.norm(image - recorder) - base_m)
                    to.reflect(way_m, wall**order, 8000 / np.sqrt(order))
    to.tail(rng.uniform(-3, 6), rng.uniform(0.25, 1.4), 0.008, 80, 7000, 0.01)


def _garage(to, rng):
    for _ in range(60):
        to.reflect(to.direct_m + rng.gamma(2, 12), rng.uniform(0.3, 0.9), 6000)
    to.tail(rng.uniform(2, 10), rng.uniform(2.0, 4.5), 0.01, 60, 5000, 0.02)


def _hills(to, rng):
    for _ in range(rng.integers(1, 4)):
        way_m = rng.uniform(120, 800)
        echo = diffuse_tail(rng, int(rng.uniform(0.02, 0.3) * RATE_HZ), 0.5, 80, 1800, 0.01)
        echo /= np.sqrt(np.sum(echo**2))
        put(to.ir, echo, way_m / SOUND_M_S, rng.uniform(0.2, 1.0) / to.direct_m)
    to.tail(rng.uniform(-10, -2), rng.uniform(1.5, 3), 0.02, 60, 2000, 0.2)


SURROUNDINGS = {"open": _open, "yard": _yard, "street": _street, "woods": _woods, "indoor": _indoor, "garage": _garage, "hills": _hills, "suburb": _suburb}
PAVED = ("street", "garage", "indoor", "yard")


def response_of(kind, distance_m, rng, seconds=2.5):
    """Impulse response and what was drawn for it."""
    to = Response(distance_m, rng, seconds)
    to.ground(rng.random() < 0.6 or kind in PAVED)
    SURROUNDINGS[kind](to, rng)
    if distance_m > 60 and rng.random() < 0.6:  # turbulence and refraction smear the front
        k = int(rng.uniform(0.3e-3, 3e-3) * RATE_HZ)
        smear = rng.normal(size=k) * np.exp(-np.arange(k) / (k / 3))
        smear *= rng.uniform(0.1, 0.5) / np.sqrt(np.sum(smear**2))
        smear[0] += 1
        return signal.fftconvolve(to.ir, smear)[: to.n], to.info
    return to.ir, to.info
