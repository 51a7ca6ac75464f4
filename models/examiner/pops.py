"""What bursts, cracks, rubs, speaks or fails. Each: (rng, samples) -> sound, at which seconds, its peak's range at 1 m, dB SPL."""

import numpy as np
from scipy import signal

from backgrounds import drum, music, speech
from layers import burst, instants, lay
from sound import RATE_HZ, SOUND_M_S, bandpass, coloured, lowpass, modal, peak_one, swelling, times_of


def claps(rng, n):
    hz = rng.uniform(700, 2400)

    def one():
        return bandpass(burst(rng, rng.uniform(0.003, 0.008), 300, 9000, 0.1, 1e-4), hz * 0.6, hz * 1.8, 1)

    return *lay(rng, n, instants(rng, n, rng.choice([0.25, 0.5, 1.2]), 0.08), one, 3), (92, 113)


def applause(rng, n):
    y = np.zeros(n)
    for _ in range(int(n / RATE_HZ * rng.uniform(40, 140))):
        clap = burst(rng, 0.005, 300, 9000, 0.06, 1e-4)
        hz = rng.uniform(700, 2400)
        clap = peak_one(bandpass(clap, hz * 0.6, hz * 1.8, 1)) * 10 ** (rng.normal(0, 6) / 20)
        at = int(rng.integers(0, n - len(clap)))
        y[at : at + len(clap)] += clap
    return y, [], (85, 100)


def thunder(rng, n):
    """A tortuous channel, each of its segments an N-wave (A. A. Few, J. Geophys. Res. 74, 1969); near ones crack."""
    place_m = np.array([rng.uniform(200, 2500), 0.0, 0.0])
    start_s = rng.uniform(0.4, 1)
    y = np.zeros(n)
    distances_m = []
    for _ in range(500):
        place_m = place_m + np.array([rng.normal(0, 12), rng.normal(0, 12), abs(rng.normal(6, 6))])
        distances_m.append(np.linalg.norm(place_m))
    nearest_m = min(distances_m)
    for distance_m in distances_m:
        t = start_s + (distance_m - nearest_m) / SOUND_M_S
        k = int(rng.uniform(2e-3, 9e-3) * RATE_HZ)
        at = int(t * RATE_HZ)
        if at + k < n:
            y[at : at + k] += np.linspace(1, -1, k) * (nearest_m / distance_m) * rng.uniform(0.3, 1)
    t = np.arange(n) / RATE_HZ
    y = lowpass(y, 3000 * 300 / nearest_m + 200)
    rumble = 0.25 * lowpass(coloured(rng, n, -6, 20, 600), 300) * np.exp(-np.maximum(t - start_s, 0) / 1.5)
    return y + rumble * (t > start_s), [start_s], (98, 122)


def crackle(rng, n):
    y = np.zeros(n)
    at_s = np.sort(rng.uniform(0.2, n / RATE_HZ - 0.3, rng.poisson(n / RATE_HZ * rng.uniform(3, 14))))
    for t in at_s:
        x = peak_one(modal(rng, rng.uniform(800, 9000, 3), rng.uniform(3e-4, 3e-3, 3), None, 0.02, 5e-5))
        x = x * min(8, rng.pareto(1.6) + 0.1) * 0.12
        at = int(t * RATE_HZ)
        y[at : at + len(x)] += x
    return y + 0.004 * coloured(rng, n, -4), list(at_s), (78, 100)


def drums(rng, n):
    y = np.zeros(n)
    beat_s = rng.uniform(0.14, 0.3)
    t = 0.3
    at_s = []
    while t < n / RATE_HZ - 0.5:
        for kind, share in (("kick", 0.35), ("snare", 0.3), ("tom", 0.2), ("hat", 0.6)):
            if rng.random() < share:
                x = drum(rng, kind)
                at = int(t * RATE_HZ)
                y[at : at + len(x)] += x[: n - at] * rng.uniform(0.5, 1)
        at_s.append(t)
        t += beat_s
    return y, at_s, (98, 116)


def balloon(rng, n):
    radius_m = rng.uniform(0.09, 0.18)
    k = int(2 * radius_m / SOUND_M_S * RATE_HZ)

    def one():
        x = np.zeros(int(0.05 * RATE_HZ))
        x[:k] = np.linspace(1, -1, k)
        x = np.convolve(x, signal.windows.gaussian(2 * int(rng.uniform(2, 8)) + 1, 2))[: len(x)]
        return x + 0.3 * max(abs(x)) * peak_one(burst(rng, 0.002, 800, 9000, 0.05))

    return *lay(rng, n, instants(rng, n, 1.5, 0.4, count=int(rng.integers(1, 4))), one), (106, 124)


def helicopter(rng, n):
    """Blade slap."""
    per_s = rng.uniform(9, 22)

    def one():
        k = int(rng.uniform(5e-3, 12e-3) * RATE_HZ)
        x = np.zeros(int(0.05 * RATE_HZ))
        x[:k] = -np.sin(2 * np.pi * np.arange(k) / k) * signal.windows.hann(k)
        return x + 0.15 * peak_one(burst(rng, 0.015, 100, 2000, 0.05, 3e-3))

    y, at_s = lay(rng, n, instants(rng, n, 1 / per_s, 0.005, 0.01), one, 1)
    return y * swelling(rng, n, 0.5, 0.3) + 0.1 * coloured(rng, n, -5), at_s, (92, 112)


def plosives(rng, n):
    """Breath on a microphone held close."""
    y = speech(rng, n) * 0.08
    at_s = instants(rng, n, rng.uniform(0.5, 1.2), 0.3)
    for t in at_s:
        k = int(rng.uniform(0.03, 0.09) * RATE_HZ)
        x = lowpass(lowpass(rng.normal(size=k), rng.uniform(80, 400)), 800) * np.hanning(k) ** 0.5
        x += np.exp(-np.arange(k) / RATE_HZ / 0.012) * 0.02 * (1 if rng.random() < 0.8 else -1)
        at = int(t * RATE_HZ)
        y[at : at + k] += peak_one(x)[: n - at]
    return y, at_s, (100, 128)


def speech_loud(rng, n):
    return speech(rng, n) * swelling(rng, n, 2, 0.5), [], (92, 112)


def cork(rng, n):
    hz = rng.uniform(350, 1000)

    def one():
        bottle = modal(rng, [hz, hz * 2.1, hz * 3.2], [0.012, 0.006, 0.004], [1, 0.4, 0.2], 0.12, 3e-4)
        return bottle + 0.5 * peak_one(burst(rng, 0.003, 600, 9000, 0.12))

    return *lay(rng, n, instants(rng, n, 2, 0.3, count=int(rng.integers(1, 3))), one), (94, 114)


def switch(rng, n):
    def one():
        x = np.zeros(int(0.12 * RATE_HZ))
        for after_s in (0, rng.uniform(0.004, 0.09)):
            click = peak_one(modal(rng, rng.uniform(1500, 9000, 5), rng.uniform(4e-4, 4e-3, 5), None, 0.03, 4e-5))
            at = int(after_s * RATE_HZ)
            k = min(len(click), len(x) - at)
            x[at : at + k] += click[:k] * rng.uniform(0.4, 1)
        return x

    return *lay(rng, n, instants(rng, n, rng.uniform(0.4, 1.5), 0.4), one, 3), (72, 96)


def clipped_music(rng, n):
    return np.clip(music(rng, n) * rng.uniform(1, 4), -1.4, 1.4), [], (118, 132)


def handling(rng, n):
    """Hands on the recorder's housing."""

    def one():
        k = int(rng.uniform(0.02, 0.15) * RATE_HZ)
        x = lowpass(lowpass(rng.normal(size=k), rng.uniform(60, 500)), 900)
        x = x * np.exp(-np.arange(k) / RATE_HZ / rng.uniform(0.01, 0.06))
        rub = np.r_[peak_one(burst(rng, 0.002, 500, 6000, 0.015)), np.zeros(k)][:k]
        return x + 0.3 * np.max(np.abs(x)) * rub

    at_s = instants(rng, n, rng.uniform(0.15, 0.9), 0.6)
    y, at_s = lay(rng, n, at_s, one, 5)
    return peak_one(y) + 0.05 * bandpass(rng.normal(size=n), 400, 5000) * swelling(rng, n, 8, 1.2), at_s, (112, 134)


def whip(rng, n):
    def one():
        x = np.zeros(int(0.03 * RATE_HZ))
        k = int(rng.uniform(1.5e-4, 5e-4) * RATE_HZ) + 2
        x[:k] = np.linspace(1, -1, k)
        return x

    return *lay(rng, n, instants(rng, n, 1.3, 0.4, count=3), one), (110, 132)


def dropouts(rng, n):
    """Gaps and single wrong samples of a bad connection."""
    y = coloured(rng, n, -5)
    at_s = instants(rng, n, 0.6, 0.6)
    for t in at_s:
        at = int(t * RATE_HZ)
        k = int(rng.uniform(1, 60) * 1e-3 * RATE_HZ)
        if rng.random() < 0.5:
            y[at : at + k] = 0
        else:
            y[at] += rng.choice([-1, 1]) * rng.uniform(8, 40)
    return y, at_s, (80, 96)


def dog(rng, n):
    def one():
        k = int(rng.uniform(0.1, 0.22) * RATE_HZ)
        hz = rng.uniform(250, 700) * (1 + 0.5 * np.sin(np.pi * np.arange(k) / k))
        x = signal.sawtooth(2 * np.pi * np.cumsum(hz) / RATE_HZ) + 0.6 * rng.normal(size=k)
        return bandpass(x, 400, 3500) * np.hanning(k) ** 0.35

    return *lay(rng, n, instants(rng, n, rng.uniform(0.35, 0.9), 0.2), one), (92, 110)


def cough(rng, n):
    def one():
        x = burst(rng, rng.uniform(0.03, 0.09), 300, 6000, 0.35, rng.uniform(1e-3, 6e-3))
        return x + 0.5 * bandpass(x, 500, 900)

    return *lay(rng, n, instants(rng, n, 0.5, 0.3, count=4), one), (86, 104)


def stun(rng, n):
    """The sparks of a stun gun."""
    per_s = rng.uniform(15, 60)

    def one():
        x = np.zeros(int(0.012 * RATE_HZ))
        x[:4] = [0.5, 1, -0.6, -0.2]
        return x

    return *lay(rng, n, instants(rng, n, 1 / per_s, 0.08, rng.uniform(0.3, 1.2)), one, 2), (96, 112)


def firecracker(rng, n):
    positive_s = rng.uniform(1.5e-4, 5e-4)

    def one():
        t = times_of(0.03)
        blast = (1 - t / positive_s) * np.exp(-1.3 * t / positive_s)
        return blast + 0.02 * rng.normal(size=len(t)) * np.exp(-t / 0.004)

    return *lay(rng, n, instants(rng, n, rng.uniform(0.04, 0.5), 0.8), one, 3), (128, 148)


def backfire(rng, n):
    positive_s = rng.uniform(2e-3, 8e-3)

    def one():
        t = times_of(0.12)
        x = (1 - t / positive_s) * np.exp(-1.0 * t / positive_s)
        x = x + 0.5 * np.sin(2 * np.pi * rng.uniform(60, 200) * t) * np.exp(-t / 0.03)
        return lowpass(x + 0.2 * rng.normal(size=len(t)) * np.exp(-t / 0.02), rng.uniform(800, 3000))

    return *lay(rng, n, instants(rng, n, 1.2, 0.8, count=4), one, 3), (112, 130)
