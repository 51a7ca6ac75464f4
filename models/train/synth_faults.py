"""Faults of recordings that a detector wakes at: gaps and lost samples in steady noise, hands on a housing. And `flattened`, for every
sound: surroundings louder than the sound, held at one level by an end of range, a limiter or an automatic gain."""

import numpy as np

from recorder import envelope
from synth import ONSET, RATE, SAMPLES, _log_uniform
from synth_negatives import _band, _coloured, _place
from synth_street import rush
from synth_yard import in_yard

LEAST = 1e-9


def flattened(rng, x):
    if rng.random() < 0.85:
        x = in_yard(rng, x, (-6, 14))
    x = x / (np.abs(x).max() + LEAST)
    way = rng.random()
    if way < 0.65:
        level = envelope(x, _log_uniform(rng, 0.06, 0.9), 12)
        late = int(_log_uniform(rng, 3e-4, 6e-3) * RATE)
        level = np.concatenate([np.full(late, level[0]), level[: SAMPLES - late]])
        x = x / np.maximum(level, level.max() * 10 ** (-rng.uniform(6, 30) / 20)) ** rng.uniform(0.7, 1)
    if way > 0.4:
        x = x / (np.abs(x).max() + LEAST) * 10 ** (rng.uniform(6, 28) / 20)
        x = np.clip(x, -1, 1) if rng.random() < 0.6 else np.tanh(x)
    return x


def dropout(rng):
    """Steady noise that breaks off for 1 to 60 ms, now and then at the onset, or has single samples wrong."""
    out = rush(rng) if rng.random() < 0.3 else _coloured(rng, rng.uniform(-1.5, 0.3))
    out = out / (out.std() + LEAST) + rng.uniform(-0.5, 0.5)
    for at in [ONSET, *rng.integers(0, SAMPLES, rng.poisson(rng.choice([0.5, 4, 15])))]:
        lasts = int(_log_uniform(rng, 1e-3, 0.06) * RATE)
        begin = int(at) - (lasts if rng.random() < 0.5 else 0)
        way = rng.random()
        if way < 0.6:
            out[max(0, begin) : begin + lasts] *= 0 if rng.random() < 0.6 else 10 ** (-rng.uniform(6, 40) / 20)
        elif way < 0.75:
            out[max(0, begin) : begin + lasts] = out[max(0, min(begin, SAMPLES - 1))]
        if way > 0.55:
            _place(out, rng.choice([-1, 1]) * np.ones(rng.integers(1, 4)), int(at), np.abs(out).max() * _log_uniform(rng, 0.5, 8))
    return out


def handling(rng):
    """Thumps of a hand or a cable on a housing, with what rubs in them."""
    out = np.zeros(SAMPLES)
    for at in [ONSET, *rng.integers(0, SAMPLES - 100, rng.poisson(_log_uniform(rng, 0.5, 10)))]:
        n = int(_log_uniform(rng, 0.02, 0.15) * RATE)
        t = np.arange(3 * n) / n
        thump = np.sin(2 * np.pi * rng.uniform(0.3, 1.5) * t + rng.uniform(0, 6)) * np.exp(-t * rng.uniform(1, 4))
        rub = _band(rng, 3 * n, _log_uniform(rng, 300, 2500), _log_uniform(rng, 2500, 5900)) * np.exp(-t * rng.uniform(0.7, 5))
        rub *= 1 + rng.uniform(0, 1) * np.sign(np.sin(2 * np.pi * rng.uniform(2, 40) * t))
        part = (thump + _log_uniform(rng, 0.02, 1) * rub) * np.clip(t * n / RATE / _log_uniform(rng, 2e-4, 0.01), 0, 1)
        _place(out, part, int(at), 1 if at == ONSET else _log_uniform(rng, 0.1, 1.2))
    return out + np.abs(out).max() * _log_uniform(rng, 1e-3, 0.05) * _coloured(rng, rng.uniform(-1.4, 0))


MAKERS = {"dropout": dropout, "handling": handling}
