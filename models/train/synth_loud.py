"""Shots as films, games and overdriven recorders have them, and what else such recorders hear: blasts of a charge, thunder.

Near by, or through a limiter, little is left of the wave itself: a burst of noise whose octaves die each at its own rate, a
boom below it, a tail behind it, all of it pressed to the same level. `press` does that to any sound, so that it tells no class.
Parameters are drawn wide, as in synth.py.
"""

import numpy as np

from recorder import envelope
from synth import ONSET, RATE, SAMPLES, _log_uniform, _rounds, friedlander
from synth_negatives import _place

AFTER = SAMPLES - ONSET
OCTAVES = (60, 120, 240, 480, 960, 1920, 3840)
F = np.maximum(np.fft.rfftfreq(AFTER, 1 / RATE), 1)
# Each octave's share of every frequency: triangles on a scale of octaves, the outermost ones level beyond.
_ABOVE = [np.clip(1 + np.log2(F / centre), 0, 1) for centre in OCTAVES]
_BELOW = [np.clip(1 - np.log2(F / centre), 0, 1) for centre in OCTAVES]
MASKS = [_BELOW[0], *(np.minimum(a, b) for a, b in zip(_ABOVE[1:-1], _BELOW[1:-1])), _ABOVE[-1]]


def press(rng, x):
    """A limiter, an overload, or a gain that falls with the level, harder than any microphone should be driven."""
    x = x / (np.abs(x).max() + 1e-12)
    way = rng.random()
    if way < 0.4:
        x = x * _log_uniform(rng, 1.5, 50)
        return np.clip(x, -1, 1) if rng.random() < 0.5 else np.tanh(x)
    if way < 0.8:
        level = envelope(x, _log_uniform(rng, 0.01, 0.6), 40)
        late = int(rng.uniform(0, 0.006) * RATE)  # the gain comes down after the attack has passed
        level = np.concatenate([np.full(late, level[0]), level[: SAMPLES - late]])
        x = x / (level + _log_uniform(rng, 0.003, 0.3)) ** rng.uniform(0.3, 0.95)
        if rng.random() < 0.5:
            x = np.tanh(x / (np.abs(x).max() + 1e-12) * _log_uniform(rng, 1, 10))
    return x


def _burst(rng, decay_s, faster, tilt):
    """Noise of AFTER samples, octave by octave: how long it lasts at 480 Hz, how much sooner the higher ones die, how loud they are."""
    spectrum = np.fft.rfft(rng.standard_normal(AFTER))
    t = np.arange(AFTER) / RATE
    out = np.zeros(AFTER)
    for centre, mask in zip(OCTAVES, MASKS):
        part = np.fft.irfft(spectrum * mask, AFTER)
        lasts = decay_s * (centre / 480) ** -faster
        out += (centre / 480) ** tilt * part / (part.std() + 1e-9) * np.exp(-t / lasts)
    return out


def _boom(rng, t):
    high, low = rng.uniform(60, 260), rng.uniform(25, 90)
    phase = 2 * np.pi * np.cumsum(low + (high - low) * np.exp(-t / _log_uniform(rng, 0.008, 0.1))) / RATE
    return np.sin(phase + rng.uniform(0, 6)) * np.exp(-t / _log_uniform(rng, 0.015, 0.25))


def _echoes(rng, out, strength):
    """Walls some way off: a few copies, each duller than the sound."""
    whole = out.copy()
    for _ in range(rng.integers(1, 5)):
        width = rng.integers(1, 12)
        late = int(_log_uniform(rng, 0.02, 0.5) * RATE)
        dull = np.convolve(whole, np.ones(width) / width, "full")[: len(whole)]
        out[late:] += rng.uniform(0.1, 1) * strength * dull[: len(out) - late]
    return out


def _clicks(rng, out, first_s, last_s, strength):
    """Slide, bolt, case: short and bright."""
    for _ in range(rng.integers(1, 4)):
        n = 400
        ring = np.sin(2 * np.pi * _log_uniform(rng, 900, 5500) * np.arange(n) / RATE) + rng.uniform(0.2, 2) * rng.standard_normal(n)
        _place(out, ring * np.exp(-np.arange(n) / RATE / _log_uniform(rng, 5e-4, 0.012)), ONSET + int(rng.uniform(first_s, last_s) * RATE), strength)


def loud_shot(rng):
    t = np.arange(AFTER) / RATE
    out = _burst(rng, _log_uniform(rng, 3e-3, 0.18), rng.uniform(-0.1, 0.9), rng.uniform(-1.3, 0.5))
    attack = _log_uniform(rng, 8e-5, 4e-3) if rng.random() < 0.85 else _log_uniform(rng, 4e-3, 0.03)
    out *= np.clip(t / attack, 0, 1)
    out /= np.abs(out).max() + 1e-9
    if rng.random() < 0.6:
        out += _log_uniform(rng, 0.1, 2.5) * _boom(rng, t)
    if rng.random() < 0.8:
        positive = _log_uniform(rng, 1.2e-4, 4e-3)
        wave = friedlander(t, positive, rng.uniform(0.7, 2))
        wave += rng.uniform(0, 0.9) * rng.choice([1, 1, -1]) * friedlander(t - _log_uniform(rng, 3e-4, 0.012), positive)
        out += _log_uniform(rng, 0.2, 6) * rng.choice([1, 1, -1]) * wave
    if rng.random() < 0.5:
        out = _echoes(rng, out, rng.uniform(0.05, 0.6))
    if rng.random() < 0.75:
        tail = _burst(rng, _log_uniform(rng, 0.06, 1.2), rng.uniform(0.1, 0.9), rng.uniform(-1.4, -0.1)) * np.clip(t / rng.uniform(0.002, 0.05), 0, 1)
        out += np.abs(out).max() * _log_uniform(rng, 0.003, 0.25) * tail / (np.abs(tail).max() + 1e-9)
    whole = np.concatenate([np.zeros(ONSET), out / np.abs(out).max()])
    if rng.random() < 0.3:
        _clicks(rng, whole, 0.03, 0.35, _log_uniform(rng, 0.01, 0.25))
    if rng.random() < 0.12:
        _clicks(rng, whole, -0.2, -0.01, _log_uniform(rng, 0.005, 0.1))
    return press(rng, _rounds(rng, whole, 0.25))


def explosion(rng):
    """A charge, a petrol tank, a film's fire ball: it swells for longer than any muzzle does, is dull, and lasts."""
    t = np.arange(AFTER) / RATE
    out = _burst(rng, _log_uniform(rng, 0.15, 0.9), rng.uniform(0.2, 0.9), rng.uniform(-1.8, -0.5))
    out *= np.clip(t / _log_uniform(rng, 4e-3, 0.12), 0, 1) ** rng.uniform(0.5, 2)
    out /= np.abs(out).max() + 1e-9
    out += rng.uniform(0, 1.2) * _boom(rng, t)
    if rng.random() < 0.5:
        out = _echoes(rng, out, rng.uniform(0.1, 0.8))
    whole = np.concatenate([np.zeros(ONSET), out])
    if rng.random() < 0.4:  # what it threw comes down
        _clicks(rng, whole, 0.1, 0.8, _log_uniform(rng, 0.01, 0.2))
    return press(rng, whole)


def thunder(rng):
    """Claps one upon another out of a rumble that was there before."""
    out = np.zeros(SAMPLES)
    times = np.append(rng.integers(-SAMPLES // 2, SAMPLES - 200, rng.integers(3, 30)), ONSET)
    decay, tilt = _log_uniform(rng, 0.04, 0.5), rng.uniform(-2, -0.4)
    claps = [_burst(rng, decay * rng.uniform(0.5, 2), rng.uniform(0.2, 0.9), tilt) * np.clip(np.arange(AFTER) / RATE / _log_uniform(rng, 1e-3, 0.06), 0, 1) for _ in range(3)]
    for at in times:
        _place(out, claps[rng.integers(3)], int(at), np.exp(0.8 * rng.standard_normal()) * (rng.uniform(1, 2.5) if at == ONSET else 1))
    if rng.random() < 0.4:  # near: it cracks
        for at in ONSET + (rng.exponential(0.06, rng.integers(3, 25)) * RATE).astype(int):
            snap = rng.standard_normal(600) * np.exp(-np.arange(600) / RATE / _log_uniform(rng, 5e-4, 0.012))
            _place(out, snap, int(at), np.abs(out).max() * _log_uniform(rng, 0.05, 0.8))
    return press(rng, out)


MAKERS = {"loud_shot": loud_shot, "explosion": explosion, "thunder": thunder}
