"""How the other sounds are put together: single sounds laid at instants of a clip of n samples."""

import numpy as np

from sound import RATE_HZ, bandpass, modal, peak_one, times_of


def burst(rng, decay_s, low_hz, high_hz, seconds=0.2, rise_s=2e-4):
    t = times_of(seconds)
    return bandpass(rng.normal(size=len(t)), low_hz, high_hz) * np.exp(-t / decay_s) * (1 - np.exp(-t / rise_s))


def plate(rng, lowest_hz, modes, decay_s, contact_s, seconds=0.8, damping=0.5):
    """A struck plate: many modes, the higher the shorter."""
    hz = lowest_hz * np.sort(rng.uniform(1, modes, modes))
    hz = hz[hz < 15000]
    return modal(rng, hz, decay_s * (lowest_hz / hz) ** damping, rng.uniform(0.3, 1, len(hz)), seconds, contact_s)


def instants(rng, n, gap_s, jitter=0.1, start_s=None, count=99):
    """Up to `count` instants about gap_s apart, to 0.4 s before the end."""
    t = rng.uniform(0.4, 1.2) if start_s is None else start_s
    out = []
    while t < n / RATE_HZ - 0.4 and len(out) < count:
        out.append(t)
        t += gap_s * np.exp(rng.normal(0, jitter))
    return out


def lay(rng, n, at_s, make, spread_db=2):
    """A new one at each instant, of levels that scatter so much; the sound, and the instants."""
    y = np.zeros(n)
    for t in at_s:
        x = peak_one(make()) * 10 ** (rng.normal(0, spread_db) / 20)
        at = int(t * RATE_HZ)
        y[at : at + len(x)] += x[: n - at]
    return y, at_s


def bounce(rng, n, make, first_gap_s, kept):
    """One after another, each gap and each level this part of the one before."""
    t = rng.uniform(0.5, 1.5)
    at_s, gap_s, level = [], first_gap_s, 1.0
    y = np.zeros(n)
    while gap_s > 0.012 and t < n / RATE_HZ - 0.3:
        x = peak_one(make()) * level
        at = int(t * RATE_HZ)
        y[at : at + len(x)] += x[: n - at]
        at_s.append(t)
        t += gap_s
        gap_s *= kept
        level *= kept
    return y, at_s

