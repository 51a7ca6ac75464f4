"""Shots close by and shots as sound libraries and games have them, and what else is recorded and pressed the same way.

`near_blast` is a wave and its reflections, with a bullet, a silencer, a bolt; `game_shot` is layered as sound designers do it: a crack,
a body of noise whose octaves die each at its own rate, a thump whose pitch falls, a tail. `process` does to any sound what limiters,
old sample rates, codecs and scissors do, so that none of it tells a class. Parameters are drawn wide, as in synth.py.
"""

import numpy as np
from scipy.signal import lfilter

from recorder import bands, differences
from synth import ONSET, OVER, RATE, SAMPLES, _decimate, _log_uniform, _rounds, friedlander, n_wave
from synth_loud import AFTER, _boom, _burst, _clicks, _echoes, press

T = np.arange(AFTER) / RATE
SPAN = 0.25  # of what is made at 48 kHz, s


def near_blast(rng):
    n = int((SPAN + 0.02) * RATE) * OVER
    t = np.arange(n) / (RATE * OVER) - 0.02
    positive = _log_uniform(rng, 1e-4, 8e-3)
    decay, soft = rng.uniform(0.6, 2.4), _log_uniform(rng, 1e-6, 3e-4)
    muffled = rng.random() < 0.12
    ground = _log_uniform(rng, 2e-4, 0.012)
    paths = [(0.0, 1.0)]
    if rng.random() < 0.85:
        paths.append((ground, rng.uniform(0.15, 1.0) * rng.choice([1, 1, 1, -1])))
    for _ in range(rng.poisson(rng.choice([0.5, 2, 6]))):
        late = _log_uniform(rng, 1.5e-3, 0.2)
        paths.append((late, rng.uniform(0.05, 0.9) * (0.01 / (0.01 + late)) ** rng.uniform(0.2, 1) * rng.choice([1, 1, -1])))
    wave = np.zeros(n)
    for late, gain in paths:
        width = int(OVER * rng.uniform(0, 4)) if late else 0
        part = friedlander(t - late, positive * (1 if not late else rng.uniform(1, 1.6)), decay)
        part *= np.clip((t - late) / soft, 0, 1)
        if width > 1:
            part = np.convolve(part, np.ones(width) / width, "same")
        wave += gain * part
    if rng.random() < 0.3:  # a bullet faster than sound
        lead, length, part = _log_uniform(rng, 5e-4, 0.02), rng.uniform(1e-4, 6e-4), _log_uniform(rng, 0.1, 3)
        for late, gain in ((0, 1), (ground, 0.6)):
            wave += part * gain * n_wave(t + lead - late, length, _log_uniform(rng, 1e-5, 1e-4))
        wave = np.roll(wave, int(lead * RATE * OVER))
    if muffled:  # a silencer lets the gas out slowly
        hiss = rng.standard_normal(n) * np.clip(t / 2e-3, 0, 1) * np.exp(-np.maximum(t, 0) / _log_uniform(rng, 4e-3, 0.04)) * (t >= 0)
        wave = wave * _log_uniform(rng, 0.1, 1) + hiss * rng.uniform(0.1, 0.6)
    elif rng.random() < 0.6:  # gas that burns
        rough = rng.standard_normal(n) * np.exp(-np.maximum(t, 0) / (positive * _log_uniform(rng, 1.5, 20))) * (t >= 0)
        wave += _log_uniform(rng, 0.02, 0.8) * rough
    out = np.zeros(SAMPLES)
    start = ONSET - int(0.02 * RATE)
    made = _decimate(wave)
    out[start : start + len(made)] = made[: SAMPLES - start]
    out /= np.abs(out).max() + 1e-9
    if rng.random() < 0.75:
        tail = _burst(rng, _log_uniform(rng, 0.02, 0.8), rng.uniform(0, 0.9), rng.uniform(-1.3, 0.2)) * np.clip(T / _log_uniform(rng, 5e-4, 0.04), 0, 1)
        out[ONSET:] += _log_uniform(rng, 0.004, 0.5) * tail / (np.abs(tail).max() + 1e-9)
    if rng.random() < 0.3:
        out[ONSET:] = _echoes(rng, out[ONSET:], rng.uniform(0.02, 0.5))
    if rng.random() < 0.4:
        _clicks(rng, out, 0.01, 0.4, _log_uniform(rng, 0.005, 0.3))
    return _rounds(rng, out, 0.3)


def heard_late(rng, whole):
    """A detector may wake in the middle of what rises slowly: the onset lies up to some 40 ms after the beginning."""
    early = int(min(rng.exponential(0.012), 0.06) * RATE)
    return np.concatenate([whole[early:], np.zeros(early)])


def _pump(rng, out):
    """A slide or a lever worked by hand, twice in quick succession, after the shot."""
    first = rng.uniform(0.18, 0.6)
    strength = _log_uniform(rng, 0.03, 0.6)
    for at in (first, first + rng.uniform(0.06, 0.25)):
        _clicks(rng, out, at, at + 0.02, strength)


def game_shot(rng):
    """A crack, a body, a thump and a wave, each there or not; now and then the onset is heard late, or a pump follows."""
    out = np.zeros(AFTER)
    crack = _burst(rng, _log_uniform(rng, 1e-3, 0.02), rng.uniform(0, 0.5), rng.uniform(-0.4, 0.9))
    body = _burst(rng, _log_uniform(rng, 0.02, 0.35), rng.uniform(-0.1, 0.9), rng.uniform(-1.5, 0.5))
    if rng.random() < 0.5:  # held at one level before it falls
        held = _log_uniform(rng, 0.01, 0.25)
        body *= np.exp(np.minimum(T, held) / rng.uniform(0.05, 0.4))
    for layer, chance, low in ((crack, 0.7, 0.1), (body, 0.95, 0.2), (_boom(rng, T), 0.6, 0.1), (friedlander(T, _log_uniform(rng, 1.5e-4, 6e-3), rng.uniform(0.7, 2)), 0.5, 0.2)):
        if rng.random() < chance:
            late = int(rng.exponential(0.004) * RATE) if rng.random() < 0.4 else 0
            layer = layer / (np.abs(layer).max() + 1e-9)
            out[late:] += _log_uniform(rng, low, 2) * layer[: AFTER - late]
    out += 1e-3 * body / (np.abs(body).max() + 1e-9)
    rise = _log_uniform(rng, 5e-5, 4e-3) if rng.random() < 0.7 else _log_uniform(rng, 4e-3, 0.05)
    out *= np.clip(T / rise, 0, 1)
    out /= np.abs(out).max() + 1e-9
    if rng.random() < 0.35:  # noise that a filter lets fall
        sweep = np.exp(-T / _log_uniform(rng, 0.02, 0.2))
        dull = lfilter([0.08], [1, -0.92], out)
        out = sweep * out + (1 - sweep) * dull * rng.uniform(1, 3)
    if rng.random() < 0.4:
        out = _echoes(rng, out, rng.uniform(0.05, 0.7))
    if rng.random() < 0.6:
        tail = _burst(rng, _log_uniform(rng, 0.08, 1.0), rng.uniform(0.1, 0.9), rng.uniform(-1.4, 0)) * np.clip(T / _log_uniform(rng, 1e-3, 0.06), 0, 1)
        out += np.abs(out).max() * _log_uniform(rng, 0.01, 0.4) * tail / (np.abs(tail).max() + 1e-9)
    if rng.random() < 0.15:  # its beginning is cut off
        skip = int(_log_uniform(rng, 1e-3, 0.02) * RATE)
        out = np.concatenate([out[skip:], np.zeros(skip)])
    whole = np.concatenate([np.zeros(ONSET), out / (np.abs(out).max() + 1e-9)])
    if rng.random() < 0.35:
        _clicks(rng, whole, 0.02, 0.45, _log_uniform(rng, 0.02, 0.5))
    if rng.random() < 0.1:
        _clicks(rng, whole, -0.3, -0.01, _log_uniform(rng, 0.01, 0.3))
    if rng.random() < 0.15:
        _pump(rng, whole)
    whole = _rounds(rng, whole, 0.3)
    return heard_late(rng, whole) if rng.random() < 0.25 else whole


def _old_rate(rng, x):
    """Samples of 8 or 11 kHz and steps or straight lines between them."""
    rate = float(rng.choice([8000, 11025, 11025]))
    if rng.random() < 0.7:
        spectrum = np.fft.rfft(x)
        f = np.fft.rfftfreq(len(x), 1 / RATE)
        x = np.fft.irfft(spectrum * np.clip((0.48 * rate - f) / 200, 0, 1), len(x))
    at = np.arange(int(len(x) * rate / RATE)) * RATE / rate
    few = np.interp(at, np.arange(len(x)), x)
    back = np.arange(len(x)) * rate / RATE
    if rng.random() < 0.6:
        return np.interp(back, np.arange(len(few)), few)
    return few[np.minimum(back.astype(int), len(few) - 1)]


def process(rng, x, rooms):
    """What happens between a sound and a file in a library: a room, a limiter, a blocked DC, old rates, codecs, scissors."""
    if rng.random() < 0.35:
        x = np.fft.irfft(np.fft.rfft(x / (np.abs(x).max() + 1e-9), 2 * SAMPLES) * rooms[rng.integers(len(rooms))])[:SAMPLES]
    if rng.random() < 0.25:
        a = np.exp(-2 * np.pi * _log_uniform(rng, 15, 250) / RATE)
        x = lfilter([1, -1], [1, -a], x)
    if rng.random() < 0.5:
        x = press(rng, x)
    if rng.random() < 0.2:
        x = _old_rate(rng, x)
    if rng.random() < 0.12:
        x = np.round(x / (np.abs(x).max() + 1e-9) * 127) / 127
    if rng.random() < 0.12:
        x = differences(rng, x)
    if rng.random() < 0.2:
        x = bands(rng, x)
    if rng.random() < 0.35:  # nothing before
        x = x.copy()
        x[: ONSET - int(_log_uniform(rng, 2, 400)) + 1] = 0
    if rng.random() < 0.35:  # an end before its end
        x = x.copy()
        end = ONSET + int(_log_uniform(rng, 0.05, 0.8) * RATE)
        fade = int(min(end - ONSET, _log_uniform(rng, 5, 2500)))
        x[end - fade : end] *= np.linspace(1, 0, fade)
        x[end:] = 0
    return x


MAKERS = {"near_blast": near_blast, "game_shot": game_shot}
