"""More that is no shot, for the very recorders and limiters of synth_near.py: rotors, rushing water and rain, loud snaps of a fire,
swings, slams, single strokes of a drum kit. Parameters are drawn wide, as in synth.py."""

import numpy as np

from synth import ONSET, RATE, SAMPLES, _log_uniform, impact
from synth_loud import AFTER, _burst
from synth_negatives import LENGTH, STRUCK, _band, _coloured, _place

T = np.arange(AFTER) / RATE


def rotor(rng):
    """A helicopter: slaps as even as its blades, in a roar that swells with each, under a whine."""
    period = 1 / _log_uniform(rng, 8, 42)
    n = int(min(period * rng.uniform(0.5, 2.5), 0.15) * RATE) + 40
    t = np.arange(n) / RATE
    width = _log_uniform(rng, 1e-3, 0.012)
    slap = -np.gradient(np.exp(-0.5 * ((t - 3 * width) / width) ** 2)) if rng.random() < 0.6 else np.exp(-t / (2 * width)) * np.sin(2 * np.pi * t / (3 * width))
    slap /= np.abs(slap).max() + 1e-9
    slap += rng.uniform(0, 1) * _band(rng, n, _log_uniform(rng, 60, 500), _log_uniform(rng, 600, 5000)) * np.exp(-t / _log_uniform(rng, 4e-3, 0.04))
    rough = _coloured(rng, rng.uniform(-1.6, -0.2))
    phase = (np.arange(SAMPLES) - ONSET) / RATE / period
    deep = rng.uniform(0, 1)
    out = rough * (1 - deep * 0.5 * (1 - np.cos(2 * np.pi * phase))) * rng.uniform(0.05, 0.5)
    spread = rng.uniform(0.02, 0.5)
    for k in range(int(-1.05 / period), int(0.85 / period) + 1):
        size = np.exp(spread * rng.standard_normal()) * (rng.uniform(1, 2.5) if k == 0 else 1)
        _place(out, slap, ONSET + int((k + rng.normal(0, 0.02)) * period * RATE), size)
    for _ in range(rng.integers(0, 4)):
        f = _log_uniform(rng, 100, 4500)
        out += _log_uniform(rng, 0.005, 0.2) * np.sin(2 * np.pi * f * np.arange(SAMPLES) / RATE + rng.uniform(0, 6))
    return out


def rush(rng):
    """Rain, surf, a stream, wind, collapsing rubble: so many small blows that only the largest stand out."""
    spread, rate = rng.uniform(0.6, 1.8), _log_uniform(rng, 100, 2500)
    count = int(rate * SAMPLES / RATE)
    train = np.zeros(SAMPLES)
    at = rng.integers(0, SAMPLES, count)
    np.add.at(train, at, np.exp(spread * rng.standard_normal(count)) * rng.choice([-1, 1], count))
    train[ONSET] += np.abs(train).max() * rng.uniform(0.5, 2.5)
    n = int(_log_uniform(rng, 20, 600))
    drop = _band(rng, n, _log_uniform(rng, 40, 2500), _log_uniform(rng, 800, 5800)) * np.exp(-np.arange(n) / (n * rng.uniform(0.1, 0.4)))
    out = np.fft.irfft(np.fft.rfft(train, 2 * SAMPLES) * np.fft.rfft(drop, 2 * SAMPLES))[:SAMPLES]
    out /= out.std() + 1e-9
    out += _log_uniform(rng, 0.05, 2) * _coloured(rng, rng.uniform(-1.5, 0.2))
    if rng.random() < 0.5:  # it swells
        t = (np.arange(SAMPLES) - ONSET) / RATE
        out *= 1 + rng.uniform(0, 3) * np.exp(-0.5 * ((t - rng.uniform(-0.1, 0.5)) / _log_uniform(rng, 0.03, 0.6)) ** 2)
    return out


def snap(rng):
    """One loud snap of a burning log, a twig, a spark or a relay in a quiet room, with a few small ones round it."""
    n = 2400
    t = np.arange(n) / RATE
    out = np.zeros(SAMPLES)
    last = _log_uniform(rng, 3e-4, 0.012)
    low, high = _log_uniform(rng, 100, 2000), _log_uniform(rng, 2000, 5900)

    def one():
        part = _band(rng, n, low, high) * np.exp(-t / (last * _log_uniform(rng, 0.6, 1.7)))
        part[: rng.integers(1, 10)] += rng.choice([-1, 1]) * _log_uniform(rng, 0.2, 3)
        for _ in range(rng.poisson(1.5)):  # it tears further
            late = int(rng.exponential(0.006) * RATE)
            part[late:] += rng.uniform(0.1, 0.9) * np.roll(part, 0)[: n - late] * rng.choice([-1, 1])
        return part

    for at in rng.integers(0, SAMPLES - 100, rng.poisson(_log_uniform(rng, 0.5, 15))):
        _place(out, one(), int(at), _log_uniform(rng, 0.005, 0.4))
    _place(out, one(), ONSET, 1)
    return out + np.abs(out).max() * _log_uniform(rng, 5e-4, 0.05) * _coloured(rng, rng.uniform(-1.4, 0))


def swing(rng):
    """A blade, a club, a sling through the air, and what it hits; or nothing."""
    t = (np.arange(SAMPLES) - ONSET) / RATE
    lead, width = rng.uniform(-0.05, 0.25), _log_uniform(rng, 0.01, 0.12)
    noise = _band(rng, SAMPLES, _log_uniform(rng, 150, 1500), _log_uniform(rng, 1500, 5800))
    out = noise * np.exp(-0.5 * ((t + lead) / width) ** 2) * _log_uniform(rng, 0.05, 1.5)
    if rng.random() < 0.7:
        hit = impact(rng)
        out += hit / (np.abs(hit).max() + 1e-9)
    else:
        out += noise * (t >= 0) * np.exp(-np.maximum(t, 0) / _log_uniform(rng, 0.01, 0.2))
    return out


def slam(rng):
    """A door, a lid, a box: a dull blow and its rattle in a room."""
    out = _burst(rng, _log_uniform(rng, 0.008, 0.12), rng.uniform(0.2, 1.2), rng.uniform(-1.8, -0.4))
    out *= np.clip(T / _log_uniform(rng, 3e-4, 8e-3), 0, 1)
    for _ in range(rng.integers(2, 9)):  # panels ring
        f = _log_uniform(rng, 45, 900)
        out += out.std() * rng.uniform(0.5, 4) * np.sin(2 * np.pi * f * T + rng.uniform(0, 6)) * np.exp(-T / _log_uniform(rng, 0.01, 0.15))
    out /= np.abs(out).max() + 1e-9
    for _ in range(rng.poisson(2)):
        late = int(_log_uniform(rng, 4e-3, 0.3) * RATE)
        out[late:] += rng.uniform(0.05, 0.7) * _burst(rng, _log_uniform(rng, 3e-3, 0.05), 0.5, rng.uniform(-1, 0.5))[: AFTER - late] / 8
    return np.concatenate([np.zeros(ONSET), out])


def stroke(rng):
    """One stroke of a drum or a hand, as sample libraries have it, now and then two instruments at once."""
    out = np.zeros(SAMPLES)
    for k in range(1 if rng.random() < 0.75 else 2):
        once = STRUCK[rng.integers(len(STRUCK))](rng)
        _place(out, once / (np.abs(once).max() + 1e-9), ONSET + (int(rng.exponential(0.003) * RATE) if k else 0), 1 if k == 0 else rng.uniform(0.2, 1))
    if rng.random() < 0.25:  # a roll or flam before
        gap = int(_log_uniform(rng, 0.012, 0.12) * RATE)
        for k in range(1, rng.integers(2, 14)):
            _place(out, out[ONSET : ONSET + LENGTH].copy(), ONSET - int(k * gap * rng.uniform(0.9, 1.1)), rng.uniform(0.2, 0.9))
    return out


MAKERS = {"rotor": rotor, "rush": rush, "snap": snap, "swing": swing, "slam": slam, "stroke": stroke}
