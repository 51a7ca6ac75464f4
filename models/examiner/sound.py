"""Building blocks of every sound here. Pressures in pascal, RATE_HZ samples a second, levels in dB SPL."""

import numpy as np
from scipy import signal

RATE_HZ = 48000
SOUND_M_S = 343.0


def pascals(db_spl):
    return 2e-5 * 10 ** (db_spl / 20)


def times_of(seconds):
    """Instants of that many seconds, seconds."""
    return np.arange(int(seconds * RATE_HZ)) / RATE_HZ


def peak_one(x):
    return x / (np.max(np.abs(x)) + 1e-12)


def lowpass(x, hz):
    """One pole."""
    a = np.exp(-2 * np.pi * hz / RATE_HZ)
    return signal.lfilter([1 - a], [1, -a], x)


def bandpass(x, low_hz, high_hz, order=2):
    return signal.sosfilt(signal.butter(order, [low_hz / (RATE_HZ / 2), min(0.98, high_hz / (RATE_HZ / 2))], "band", output="sos"), x)


def put(out, x, at_s, gain=1.0):
    """Adds x to `out` at that instant, between samples linearly."""
    position = at_s * RATE_HZ
    at = int(np.floor(position))
    part = position - at
    if at < 0 or at >= len(out):
        return
    n = min(len(x), len(out) - at)
    out[at : at + n] += gain * (1 - part) * x[:n]
    if at + 1 < len(out):
        n = min(len(x), len(out) - at - 1)
        out[at + 1 : at + 1 + n] += gain * part * x[:n]


def coloured(rng, n, slope_db_per_octave, low_hz=20, high_hz=16000):
    """Noise of RMS 1 that falls by that much an octave."""
    spectrum = np.fft.rfft(rng.normal(size=n))
    hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    hz[0] = hz[1]
    gain = (np.maximum(hz, 1) / 1000) ** (slope_db_per_octave / 6.02)
    gain[(hz < low_hz) | (hz > high_hz)] *= 0.03
    y = np.fft.irfft(spectrum * gain, n)
    return y / np.std(y)


def swelling(rng, n, hz, depth):
    """A gain that comes and goes about that often, log-normal."""
    k = max(4, int(n / RATE_HZ * hz * 2) + 4)
    gain = np.exp(rng.normal(0, depth, k))
    return np.interp(np.linspace(0, k - 1, n), np.arange(k), gain)


def diffuse_tail(rng, n, rt60_s, low_hz, high_hz, rise_s=0.0):
    """Noise that dies away by 60 dB in rt60_s, its high bands sooner."""
    t = np.arange(n) / RATE_HZ
    tail = np.zeros(n)
    for band_low, band_high, part in ((60, 500, 1.0), (500, 2000, 0.9), (2000, 8000, 0.5)):
        low, high = max(band_low, low_hz), min(band_high, high_hz)
        if high <= low * 1.1:
            continue
        sos = signal.butter(2, [low / (RATE_HZ / 2), high / (RATE_HZ / 2)], "band", output="sos")
        x = signal.sosfilt(sos, rng.normal(size=n))
        x /= np.std(x) + 1e-12
        tail += x * 10 ** (-3 * t / (rt60_s * part))
    if rise_s > 0:
        tail *= 1 - np.exp(-t / rise_s)
    return tail


def modal(rng, modes_hz, decays_s, amplitudes=None, seconds=0.5, contact_s=2e-4):
    """A struck body: decaying modes, smoothed by a half-sine blow of contact_s."""
    t = times_of(seconds)
    if amplitudes is None:
        amplitudes = rng.uniform(0.3, 1, len(modes_hz))
    y = sum(
        a * np.exp(-t / decay) * np.sin(2 * np.pi * hz * t + rng.uniform(0, 6.28))
        for hz, decay, a in zip(modes_hz, decays_s, amplitudes)
    )
    k = max(2, int(contact_s * RATE_HZ))
    return signal.fftconvolve(y, np.sin(np.pi * (np.arange(k) + 0.5) / k) / k * 1.57)[: len(t)]
