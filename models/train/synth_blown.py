"""Shots that drive what records or mixes them far beyond its end: slow waves of pressure with noise riding on them, both held flat for a while.

`overdrive` does to any sound what does that to a shot, so that it tells no class. Parameters are drawn wide, as in synth.py.
"""

import numpy as np
from scipy.signal import lfilter

from synth import ONSET, RATE, SAMPLES, _log_uniform, _rounds, friedlander
from synth_loud import _boom, _burst, _clicks
from synth_near import T, heard_late

LEAST = 1e-9


def overdrive(rng, x):
    """A gain that no stage has room for, the same again after a filter, and an end that fades evenly or is gated."""
    x = x / (np.abs(x).max() + LEAST)
    for _ in range(rng.integers(1, 3)):
        x = x * _log_uniform(rng, 1.5, 40)
        low, high = -rng.uniform(0.4, 1), rng.uniform(0.4, 1)  # seldom alike on both sides
        x = np.clip(x, low, high) if rng.random() < 0.5 else np.where(x > 0, high * np.tanh(x / high), low * np.tanh(x / low))
        if rng.random() < 0.5:
            a = np.exp(-2 * np.pi * _log_uniform(rng, 8, 120) / RATE)
            x = lfilter([1, -1], [1, -a], x)
        if rng.random() < 0.4:
            a = np.exp(-2 * np.pi * _log_uniform(rng, 600, 5000) / RATE)
            x = lfilter([1 - a], [1, -a], x)
    if rng.random() < 0.6:
        lasts = _log_uniform(rng, 0.06, 0.8)
        x[ONSET:] *= np.clip(1 - T / lasts, 0, 1) ** rng.uniform(0.4, 2)
    elif rng.random() < 0.4:
        x[ONSET:] *= 1 / (1 + (T / _log_uniform(rng, 0.05, 0.5)) ** rng.uniform(2, 12))
    return x


def _swell(rng):
    """Slow waves: pressure that comes and goes a few times, each half later and longer than the one before."""
    phase = 2 * np.pi * _log_uniform(rng, 12, 120) * T * (1 + T / _log_uniform(rng, 0.05, 1)) ** -rng.uniform(0, 0.8)
    return np.sin(phase + rng.uniform(-0.3, 2)) * np.exp(-T / _log_uniform(rng, 0.02, 0.25))


def blown_shot(rng):
    layers = (
        (_swell(rng), 0.75, 0.2),
        (_boom(rng, T), 0.4, 0.1),
        (_burst(rng, _log_uniform(rng, 0.02, 0.3), rng.uniform(-0.1, 0.8), rng.uniform(-1.3, 0.5)), 1.0, 0.15),
        (_burst(rng, _log_uniform(rng, 1e-3, 0.02), rng.uniform(0, 0.5), rng.uniform(-0.4, 0.9)), 0.6, 0.1),
        (friedlander(T, _log_uniform(rng, 3e-4, 0.012), rng.uniform(0.6, 2)), 0.6, 0.2),
    )
    out = np.zeros(len(T))
    for layer, chance, least in layers:
        if rng.random() < chance:
            out += _log_uniform(rng, least, 2) * rng.choice([-1, 1]) * layer / (np.abs(layer).max() + LEAST)
    out *= np.clip(T / _log_uniform(rng, 5e-5, 6e-3), 0, 1)
    tail = _burst(rng, _log_uniform(rng, 0.06, 0.8), rng.uniform(0.1, 0.9), rng.uniform(-1.4, 0))
    out += np.abs(out).max() * _log_uniform(rng, 1e-3, 0.2) * tail / (np.abs(tail).max() + LEAST)
    whole = np.concatenate([np.zeros(ONSET), out])
    if rng.random() < 0.3:
        _clicks(rng, whole, 0.02, 0.45, np.abs(out).max() * _log_uniform(rng, 0.01, 0.3))
    whole = _rounds(rng, whole, 0.1)
    return heard_late(rng, whole) if rng.random() < 0.2 else whole


MAKERS = {"blown_shot": blown_shot}
