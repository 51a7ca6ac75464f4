"""Yards, garages, stairs, street canyons: what lies round a sound, for shots and everything else alike.

Near facades answer one by one, either way up and nearly as loud as the sound; behind them the diffuse field, which is louder than the
sound itself where its source stands round a corner. Rounds of a burst overlap in it. Parameters are drawn wide, as in synth.py.
"""

import numpy as np

from synth import ONSET, RATE, SAMPLES, _log_uniform
from synth_loud import _burst

LEAST = 1e-9


def _convolved(x, ir):
    n = 2 * SAMPLES
    return np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(ir, n), n)[:SAMPLES]


def in_yard(rng, x, field_db=(-36, 12)):
    """x of SAMPLES with its onset at ONSET -> the same with facades and a diffuse field round it, whose peak is in `field_db` over the sound's."""
    x = x / (np.abs(x).max() + LEAST)
    ir = np.zeros(int(0.6 * RATE))
    ir[0] = 1
    for _ in range(rng.poisson(rng.choice([0.4, 2, 5]))):
        late = _log_uniform(rng, 2e-3, 0.3)
        gain = rng.uniform(0.1, 1.1) * (0.03 / (0.03 + late)) ** rng.uniform(0, 1) * rng.choice([1, 1, -1])
        width = int(rng.integers(1, 7))
        at = int(late * RATE)
        ir[at : at + width] += gain / width
    out = _convolved(x, ir)
    if rng.random() < 0.75:
        field = _burst(rng, _log_uniform(rng, 0.03, 0.9), rng.uniform(0, 0.9), rng.uniform(-1.3, 0.3))
        field *= np.clip(np.arange(len(field)) / RATE / _log_uniform(rng, 3e-4, 0.03), 0, 1)
        late = int(_log_uniform(rng, 3e-4, 0.015) * RATE)
        diffuse = _convolved(x, np.concatenate([np.zeros(late), field]))
        near = slice(ONSET - 12, ONSET + 600)
        out += diffuse * np.abs(out[near]).max() / (np.abs(diffuse[near]).max() + LEAST) * 10 ** (rng.uniform(*field_db) / 20)
    return out
