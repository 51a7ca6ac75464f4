"""Impulses of our own making, at 12 kHz, so that the classifier knows near shots and what resembles them.

A muzzle blast is a Friedlander wave (F. G. Friedlander, Proc. R. Soc. A 186, 1946); a supersonic bullet's shock wave an
N-wave (G. B. Whitham, 1952). Round them: the ground's and walls' reflections, a diffuse tail, further rounds.
All parameters are drawn wide: the world's weapons, microphones and streets are more varied than any recording of ours.
"""

import numpy as np

RATE = 12000
OVER = 4  # blasts are made at 48 kHz and low-passed, as a recorder does
SAMPLES = 22800
ONSET = 12600


def _log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _decimate(x):
    """48 kHz to 12 kHz with a linear-phase low-pass at 5.5 kHz."""
    n = len(x)
    spectrum = np.fft.rfft(x)
    f = np.fft.rfftfreq(n, 1 / (RATE * OVER))
    spectrum *= np.clip((5900 - f) / 500, 0, 1)
    return np.fft.irfft(spectrum, n)[::OVER]


def friedlander(t, positive_s, decay=1.0):
    wave = np.where(t >= 0, (1 - t / positive_s) * np.exp(-decay * np.maximum(t, 0) / positive_s), 0.0)
    return np.where(t > 12 * positive_s, 0.0, wave)


def n_wave(t, length_s, rise_s=2e-5):
    inside = (t >= 0) & (t <= length_s)
    wave = np.where(inside, 1 - 2 * t / length_s, 0.0)
    return wave * np.clip(t / rise_s, 0, 1)


def _paths(rng, open_air):
    """(delay s, gain) of the direct sound and its early reflections."""
    paths = [(0.0, 1.0)]
    if rng.random() < 0.9:  # ground
        paths.append((_log_uniform(rng, 2e-4, 9e-3), rng.uniform(0.2, 0.95) * rng.choice([1, 1, 1, -1])))
    count = rng.poisson(1.0 if open_air else 5.0)
    for _ in range(count):
        delay = _log_uniform(rng, 4e-3, 0.35)
        strength = rng.uniform(0.05, 0.9) * (0.02 / (0.02 + delay)) ** rng.uniform(0.1, 0.8)
        paths.append((delay, strength * rng.choice([1, 1, -1])))
    if rng.random() < 0.08:  # the direct sound is half hidden: an echo is stronger
        paths = [(d, g * (0.4 if d == 0 else 1.0)) for d, g in paths]
    return paths


def _tail(rng, n, strength, rt60_s, start):
    """Diffuse reverberation, brighter at first than later."""
    t = np.arange(n) / RATE
    noise = rng.standard_normal(n)
    dark = np.cumsum(noise - noise.mean())
    dark -= np.convolve(dark, np.ones(61) / 61, "same")
    dark /= dark.std() + 1e-9
    mix = np.exp(-t / (0.4 * rt60_s + 0.02))
    build = np.clip(t / rng.uniform(0.002, 0.03), 0, 1)
    body = (mix * noise + (1 - mix) * dark) * build * 10 ** (-3 * t / rt60_s)
    out = np.zeros(n)
    out[start:] = strength * body[: n - start]
    return out


def _render(rng, event, paths, tail):
    """event(t) at 48 kHz over paths, plus tail = (strength, rt60)."""
    n = SAMPLES * OVER
    t = np.arange(n) / (RATE * OVER) - ONSET / RATE
    x = np.zeros(n)
    for delay, gain in paths:
        x += gain * event(t - delay)
    y = _decimate(x)
    strength, rt60 = tail
    if strength > 0:
        y = y + _tail(rng, SAMPLES, strength * np.abs(y).max(), rt60, ONSET)
    return y


def _rounds(rng, out, chance):
    """Further rounds of the same weapon, before and after, over the same paths."""
    if rng.random() >= chance:
        return out
    interval = _log_uniform(rng, 0.045, 0.8)
    once = out
    out = once.copy()
    for k in range(rng.integers(-12, 1), 10):
        shift = int((k * interval + rng.normal(0, 0.02) * interval) * RATE)
        if k == 0 or abs(shift) >= SAMPLES:
            continue
        gain = 10 ** (rng.normal(0, 1.5) / 20)
        if shift > 0:
            out[shift:] += gain * once[: SAMPLES - shift]
        else:
            out[: SAMPLES + shift] += gain * once[-shift:]
    return out


def gunshot(rng):
    positive = _log_uniform(rng, 1.2e-4, 4.5e-3)
    decay = rng.uniform(0.7, 2.2)
    open_air = rng.random() < 0.4
    paths = _paths(rng, open_air)
    grit = rng.uniform(0, 0.5)

    def blast(t):
        wave = friedlander(t, positive, decay)
        if grit > 0.05:  # burning gas, mechanics
            rough = rng.standard_normal(len(t)) * np.where(t > 0, np.exp(-np.maximum(t, 0) / (6 * positive)), 0)
            wave = wave + grit * rough * 0.4
        return wave

    event = blast
    if rng.random() < 0.25:  # a supersonic round: the shock wave leads
        lead = _log_uniform(rng, 3e-3, 0.12)
        length = rng.uniform(1e-4, 6e-4)
        part = _log_uniform(rng, 0.15, 4.0)
        if rng.random() < 0.5:
            event = lambda t: part * n_wave(t, length) + blast(t - lead)
        else:
            event = lambda t: part * n_wave(t + lead, length) + blast(t)
    tail = (0.0 if rng.random() < 0.15 else _log_uniform(rng, 0.01, 0.6), _log_uniform(rng, 0.12, 2.5))
    out = _render(rng, event, paths, tail)
    return _rounds(rng, out, 0.4)


def close_shot(rng):
    """A shot as a telephone or a sound recordist a few metres away has it: the wave itself is lost in an overdriven burst
    of noise that dies in two stages, over a thump, with the weapon's mechanics behind it."""
    t = np.arange(SAMPLES) / RATE - ONSET / RATE
    after = np.maximum(t, 0)
    flat = _log_uniform(rng, 3e-4, 0.05)
    late = np.maximum(after - flat, 0)
    fast, slow = _log_uniform(rng, 0.006, 0.08), _log_uniform(rng, 0.06, 0.7)
    part = _log_uniform(rng, 0.01, 0.4)
    bright = rng.standard_normal(SAMPLES)
    dark = np.convolve(bright, np.exp(-np.arange(60) / rng.uniform(2, 20)), "full")[:SAMPLES]
    dark /= dark.std() + 1e-9
    out = (1 - part) * np.exp(-late / fast) * (bright + rng.uniform(0, 2) * dark) + part * np.exp(-late / slow) * dark
    sweep = rng.uniform(50, 260) * after - rng.uniform(0, 300) * after**2
    out = out + rng.uniform(0, 2) * np.exp(-after / _log_uniform(rng, 0.012, 0.12)) * np.sin(2 * np.pi * sweep + rng.uniform(0, 6))
    out *= np.clip(after / _log_uniform(rng, 5e-5, 2e-3), 0, 1)
    positive = _log_uniform(rng, 2e-4, 3e-3)
    out += _log_uniform(rng, 0.3, 8) * rng.choice([1, 1, -1]) * friedlander(t, positive)
    if rng.random() < 0.6:
        out += _log_uniform(rng, 0.2, 4) * friedlander(t - _log_uniform(rng, 5e-4, 0.02), positive)
    out = np.where(t >= 0, out, 0)
    if rng.random() < 0.4:  # slide, case, bolt
        for _ in range(rng.integers(1, 4)):
            at = ONSET + int(rng.uniform(0.03, 0.3) * RATE)
            n = 200
            out[at : at + n] += rng.uniform(0.02, 0.25) * rng.standard_normal(n) * np.exp(-np.arange(n) / rng.uniform(8, 60))
    return _rounds(rng, out, 0.45)


def firework(rng):
    """A burst charge high up: a longer wave, no strong ground reflection at once, then whistle, crackle or more bursts."""
    positive = _log_uniform(rng, 2.5e-3, 1.5e-2)
    paths = [(0.0, 1.0), (_log_uniform(rng, 0.03, 0.3), rng.uniform(0.1, 0.6))]
    rise = rng.uniform(1e-4, 1.2e-3)

    def burst(t):
        return friedlander(t, positive, rng.uniform(0.6, 1.2)) * np.clip(t / rise, 0, 1)

    out = _render(rng, burst, paths, (_log_uniform(rng, 0.02, 0.3), _log_uniform(rng, 0.6, 3.5)))
    t = np.arange(SAMPLES) / RATE
    peak = np.abs(out).max()
    if rng.random() < 0.5:  # crackle
        start = ONSET + int(rng.uniform(0.02, 0.5) * RATE)
        for _ in range(rng.poisson(40)):
            at = int(rng.uniform(start, SAMPLES - 40))
            n = rng.integers(6, 40)
            out[at : at + n] += peak * _log_uniform(rng, 0.03, 0.5) * rng.standard_normal() * np.exp(-np.arange(n) / rng.uniform(2, 8)) * np.cos(np.arange(n) * rng.uniform(0.3, 2.5))
    if rng.random() < 0.4:  # whistle before
        f0, f1 = rng.uniform(800, 4500), rng.uniform(600, 4500)
        sweep = np.sin(2 * np.pi * np.cumsum(np.linspace(f0, f1, ONSET)) / RATE)
        out[:ONSET] += peak * _log_uniform(rng, 0.02, 0.3) * sweep
    if rng.random() < 0.3:  # a string of crackers, irregular and small
        for _ in range(rng.integers(3, 14)):
            at = int(rng.uniform(0, SAMPLES - 600))
            small = friedlander(np.arange(600) / RATE, _log_uniform(rng, 1e-4, 8e-4))
            out[at : at + 600] += peak * _log_uniform(rng, 0.2, 1.5) * small
    return out


def vehicle(rng):
    """A backfire: a pulse out of a pipe, which rings at its length, over an engine's firing."""
    t = np.arange(SAMPLES) / RATE - ONSET / RATE
    rise = rng.uniform(1e-3, 5e-3)
    pipe = rng.uniform(45, 220)
    ring = np.zeros(SAMPLES)
    for k in range(1, rng.integers(3, 9)):
        ring += rng.uniform(0.2, 1) / k * np.sin(2 * np.pi * pipe * k * t + rng.uniform(0, 6))
    pulse = np.where(t >= 0, ring * np.exp(-np.maximum(t, 0) / rng.uniform(0.01, 0.12)) * np.clip(t / rise, 0, 1), 0)
    pulse += np.where(t >= 0, rng.uniform(0.1, 0.6) * rng.standard_normal(SAMPLES) * np.exp(-np.maximum(t, 0) / rng.uniform(0.01, 0.08)) * np.clip(t / rise, 0, 1), 0)
    idle = rng.uniform(18, 90)
    engine = sum(rng.uniform(0.2, 1) / k * np.sin(2 * np.pi * idle * k * t + rng.uniform(0, 6)) for k in range(1, 12))
    return pulse + _log_uniform(rng, 0.01, 0.4) * engine


def impact(rng):
    """Doors, hammers, dropped plates, drums: a body that rings at its modes, each dying at its own rate."""
    t = np.arange(SAMPLES) / RATE - ONSET / RATE
    base = _log_uniform(rng, 40, 2500)
    bright = rng.uniform(0.3, 2.0)
    length = _log_uniform(rng, 0.006, 0.5)
    out = np.zeros(SAMPLES)
    for k in range(rng.integers(2, 16)):
        f = base * (1 + k * rng.uniform(0.3, 1.7))
        if f > 5800:
            break
        out += (base / f) ** (2 - bright) * np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) * np.exp(-np.maximum(t, 0) / (length * (base / f) ** rng.uniform(0, 0.8)))
    contact = rng.uniform(2e-4, 6e-3)
    out = out / (np.abs(out).max() + 1e-9) * np.clip(t / contact, 0, 1)
    thud = rng.standard_normal(SAMPLES) * np.exp(-np.maximum(t, 0) / _log_uniform(rng, 0.003, 0.06)) * np.clip(t / contact, 0, 1)
    out += _log_uniform(rng, 0.03, 1.0) * thud
    out = np.where(t >= 0, out, 0)
    if rng.random() < 0.3:  # a rebound or a latch
        shift = int(_log_uniform(rng, 0.02, 0.3) * RATE)
        out[shift:] += rng.uniform(0.2, 1.2) * out[: SAMPLES - shift]
    return out


def glass(rng):
    """A pane breaks: a dull blow, then shards that ring high."""
    t = np.arange(SAMPLES) / RATE
    out = np.zeros(SAMPLES)
    for _ in range(rng.integers(15, 120)):
        at = ONSET + int(min(rng.exponential(0.12), 0.8) * RATE)
        n = min(SAMPLES - at, 1200)
        if n < 40:
            continue
        k = np.arange(n)
        f = rng.uniform(1800, 5800)
        out[at : at + n] += _log_uniform(rng, 0.05, 1) * np.sin(2 * np.pi * f * k / RATE) * np.exp(-k / RATE / _log_uniform(rng, 0.003, 0.05))
    blow = np.where(t >= ONSET / RATE, np.exp(-(t - ONSET / RATE) / 0.006), 0) * rng.standard_normal(SAMPLES)
    return out + rng.uniform(0.2, 2.0) * blow


MAKERS = {"gunshot": gunshot, "close_shot": close_shot, "firework": firework, "vehicle": vehicle, "impact": impact, "glass": glass}
