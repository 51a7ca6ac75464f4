"""Automatic fire, bullets ahead of their own blast, blasts with nothing round them, and what resembles those: drills and rolls as fast,
a latch or a stick before a blow, skins and damped strokes. Parameters are drawn wide, as in synth.py."""

import numpy as np

from synth import ONSET, OVER, RATE, SAMPLES, _decimate, _log_uniform, friedlander, impact, n_wave
from synth_loud import _burst
from synth_near import T, near_blast
from synth_negatives import LENGTH, STRUCK, _band, _place
from synth_street import slam

LEAD = 0.1  # of what is made at 48 kHz, before the blast, s
SPAN = 0.35


def _whole(wave, early=0.0):
    """48 kHz, the event at LEAD, to a clip with the onset `early` s before the event."""
    made = _decimate(wave)
    out = np.zeros(SAMPLES)
    start = ONSET + int(early * RATE) - int(LEAD * RATE)
    out[start : start + len(made)] = made[: SAMPLES - start]
    return out / (np.abs(out).max() + 1e-9)


def _blast(rng, t, positive):
    """A wave at 0 and at most the ground's reflection of it: open country."""
    wave = friedlander(t, positive, rng.uniform(0.6, 2.2)) * np.clip(t / _log_uniform(rng, 1e-6, 2e-4), 0, 1)
    if rng.random() < 0.55:
        late = _log_uniform(rng, 2e-4, 0.015)
        wave = wave + rng.uniform(0.1, 0.95) * rng.choice([1, 1, -1]) * np.interp(t - late, t, wave, left=0)
    return wave


def _tail(rng, out):
    tail = _burst(rng, _log_uniform(rng, 0.02, 0.9), rng.uniform(0, 0.9), rng.uniform(-1.3, 0.2)) * np.clip(T / _log_uniform(rng, 5e-4, 0.04), 0, 1)
    out[ONSET:] += _log_uniform(rng, 0.004, 0.5) * tail / (np.abs(tail).max() + 1e-9)
    return out


def _times():
    return np.arange(int(SPAN * RATE) * OVER) / (RATE * OVER) - LEAD


def open_blast(rng):
    out = _whole(_blast(rng, _times(), _log_uniform(rng, 1e-4, 8e-3)))
    return _tail(rng, out) if rng.random() < 0.4 else out


def supersonic(rng):
    """The bullet's wave, its reflections, and the muzzle's wave behind them; either may be the louder, and either the onset."""
    t = _times()
    lead, length, rise = _log_uniform(rng, 8e-4, 0.08), _log_uniform(rng, 1e-4, 1.2e-3), _log_uniform(rng, 5e-6, 1e-4)
    bullet = n_wave(t + lead, length, rise)
    for _ in range(rng.poisson(1.2)):
        bullet = bullet + rng.uniform(0.1, 0.95) * n_wave(t + lead - _log_uniform(rng, 2e-4, 0.03), length * rng.uniform(1, 1.3), rise)
    wave = _log_uniform(rng, 0.08, 8) * bullet + _blast(rng, t, _log_uniform(rng, 1.5e-4, 8e-3))
    out = _whole(wave, lead if rng.random() < 0.65 else 0.0)
    return _tail(rng, out) if rng.random() < 0.6 else out


def _train(rng, once, period, jitter, count, spread_db):
    """`once` over and over, any of them at the onset: the first as often as all others."""
    first = 0 if rng.random() < 0.5 else -int(rng.integers(count))
    swell = rng.uniform(-6, 6) / count if rng.random() < 0.3 else 0
    out = np.zeros(SAMPLES)
    for k in range(first, first + count):
        shift = int((k * period + (rng.normal(0, jitter) * period if k else 0)) * RATE)
        if abs(shift) >= SAMPLES - ONSET and abs(shift) >= ONSET:
            continue
        _place(out, once, shift, 10 ** ((rng.normal(0, spread_db) * (k != 0) + k * swell) / 20))
    return out


SHOTS = (open_blast, open_blast, supersonic, near_blast)


def automatic(rng):
    """A burst: the same wave at 400 to 1500 rounds a minute, with its tail; now and then two weapons at once."""
    out = np.zeros(SAMPLES)
    for k in range(1 if rng.random() < 0.85 else 2):
        once = SHOTS[rng.integers(len(SHOTS))](rng)
        count = int(_log_uniform(rng, 2, 31))
        one = _train(rng, once, 60 / _log_uniform(rng, 400, 1500), _log_uniform(rng, 5e-4, 0.08), count, _log_uniform(rng, 0.05, 2.5))
        out += one if k == 0 else rng.uniform(0.05, 0.8) * np.roll(one, rng.integers(0, 1200))
    return out


def _blow(rng):
    way = rng.random()
    if way < 0.3:
        return impact(rng)
    if way < 0.45:
        return slam(rng)
    out = np.zeros(SAMPLES)
    _place(out, (damped_stroke if way < 0.7 else STRUCK[rng.integers(len(STRUCK))])(rng), ONSET)
    return out / (np.abs(out).max() + 1e-9)


def drill(rng):
    """Breakers, nailers, rolls on a drum, sticks along a fence: blows as fast as any weapon's rounds."""
    once = _blow(rng)
    once = once / (np.abs(once).max() + 1e-9)
    count = int(_log_uniform(rng, 2, 40))
    return _train(rng, once, 1 / _log_uniform(rng, 5, 35), _log_uniform(rng, 5e-4, 0.2), count, _log_uniform(rng, 0.1, 5))


def double(rng):
    """A click ahead of a blow, as a latch's before a door's, a stick's before a skin's; either may be the louder, and either the onset."""
    lead, lasts = _log_uniform(rng, 8e-4, 0.08), _log_uniform(rng, 3e-4, 0.012)
    n = 1200
    click = _band(rng, n, _log_uniform(rng, 200, 2500), _log_uniform(rng, 2500, 5900)) * np.exp(-np.arange(n) / RATE / lasts)
    if rng.random() < 0.4:
        click += np.sin(2 * np.pi * _log_uniform(rng, 500, 5500) * np.arange(n) / RATE) * np.exp(-np.arange(n) / RATE / (lasts * rng.uniform(1, 4)))
    blow = _blow(rng)
    blow = blow / (np.abs(blow).max() + 1e-9)
    early = int(lead * RATE)
    late = early if rng.random() < 0.65 else 0
    out = np.zeros(SAMPLES)
    _place(out, blow, late)
    _place(out, click / (np.abs(click).max() + 1e-9), ONSET + late - early, _log_uniform(rng, 0.08, 4))
    return out


def skin(rng):
    """A hand on a drum whose partials are nearly whole multiples, sliding as the palm presses; and the slap itself."""
    t = np.arange(LENGTH) / RATE
    base = _log_uniform(rng, 55, 650)
    bend = 1 + rng.uniform(-0.25, 0.5) * np.exp(-t / _log_uniform(rng, 0.008, 0.25))
    out = np.zeros(LENGTH)
    for k in range(1, rng.integers(2, 9)):
        phase = 2 * np.pi * np.cumsum(base * k * rng.uniform(0.97, 1.03) * bend) / RATE + rng.uniform(0, 6)
        out += rng.uniform(0, 1) / k ** rng.uniform(0, 1.2) * np.sin(phase) * np.exp(-t / (_log_uniform(rng, 0.015, 0.5) / k ** rng.uniform(0, 0.8)))
    slap = _band(rng, LENGTH, _log_uniform(rng, 200, 1500), _log_uniform(rng, 1500, 5900)) * np.exp(-t / _log_uniform(rng, 5e-4, 0.02))
    out = out / (np.abs(out).max() + 1e-9) + _log_uniform(rng, 0.05, 3) * slap
    return out * np.clip(t / _log_uniform(rng, 5e-5, 3e-3), 0, 1)


def damped_stroke(rng):
    """A stroke that is stopped at once: a short noise that its surface colours, a hint of a tone, a dull end."""
    t = np.arange(LENGTH) / RATE
    out = np.zeros(LENGTH)
    for _ in range(rng.integers(1, 4)):
        middle = _log_uniform(rng, 120, 4000)
        out += rng.uniform(0.2, 1) * _band(rng, LENGTH, middle / rng.uniform(1, 2.5), middle * rng.uniform(1, 2.5)) * np.exp(-t / _log_uniform(rng, 1.5e-3, 0.05))
    for _ in range(rng.integers(0, 4)):
        out += rng.uniform(0, 0.8) * np.sin(2 * np.pi * _log_uniform(rng, 70, 1800) * t + rng.uniform(0, 6)) * np.exp(-t / _log_uniform(rng, 3e-3, 0.06))
    return out * np.clip(t / _log_uniform(rng, 5e-5, 4e-3), 0, 1) ** rng.uniform(0.5, 2)


def single(rng):
    """One stroke alone, or with another instrument's."""
    out = np.zeros(SAMPLES)
    for k in range(1 if rng.random() < 0.8 else 2):
        once = (skin, damped_stroke)[rng.integers(2)](rng)
        _place(out, once / (np.abs(once).max() + 1e-9), ONSET + (int(rng.exponential(0.003) * RATE) if k else 0), 1 if k == 0 else rng.uniform(0.2, 1))
    return out


MAKERS = {"open_blast": open_blast, "supersonic": supersonic, "automatic": automatic, "drill": drill, "double": double, "single": single}
