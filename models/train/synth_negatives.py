"""What a street holds besides shots, made up: crackle, drums and music, rain drops, hammering, claps, pops, things that fall, barks.

Most come in numbers, so that what was before and after an impulse counts as much as the impulse: a clip holds 1.05 s before it.
Parameters are drawn wide, as in synth.py.
"""

import numpy as np

from synth import ONSET, RATE, SAMPLES, _log_uniform, impact

LENGTH = 6000  # of a single sound, samples


def _place(out, sound, at, gain=1.0):
    """Adds a sound that starts at sample `at`, as far as it lies within."""
    a, b = max(0, at), min(len(out), at + len(sound))
    if b > a:
        out[a:b] += gain * sound[a - at : b - at]


def _coloured(rng, slope):
    spectrum = np.fft.rfft(rng.standard_normal(SAMPLES))
    spectrum *= (np.maximum(np.fft.rfftfreq(SAMPLES, 1 / RATE), 30) / 500) ** slope
    noise = np.fft.irfft(spectrum, SAMPLES)
    return noise / (noise.std() + 1e-12)


def _band(rng, n, low, high):
    spectrum = np.fft.rfft(rng.standard_normal(n))
    f = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 1)
    spectrum *= 1 / np.sqrt((1 + (low / f) ** 4) * (1 + (f / high) ** 4))
    noise = np.fft.irfft(spectrum, n)
    return noise / (np.abs(noise).max() + 1e-12)


def _times(rng, rate_hz):
    """Poisson arrivals over the clip, one of them at the onset."""
    count = rng.poisson(rate_hz * SAMPLES / RATE)
    return np.append(rng.integers(0, SAMPLES - 20, count), ONSET)


def crackle(rng):
    """Burning wood: snaps of a few milliseconds in every strength, over a roar."""
    out = np.zeros(SAMPLES)
    rate = _log_uniform(rng, 1.5, 70)
    spread = rng.uniform(0.5, 1.6)
    decay_s = _log_uniform(rng, 4e-4, 1.2e-2)
    tuned = rng.random() < 0.6
    centre = _log_uniform(rng, 400, 4500)
    for at in _times(rng, rate):
        n = 1200
        t = np.arange(n) / RATE
        envelope = np.exp(-t / (decay_s * _log_uniform(rng, 0.4, 2.5)))
        snap = rng.standard_normal(n)
        if tuned:
            snap = snap * 0.4 + np.sin(2 * np.pi * centre * _log_uniform(rng, 0.6, 1.6) * t + rng.uniform(0, 6))
        if rng.random() < 0.4:  # a blow before it
            snap[: rng.integers(2, 12)] += rng.choice([-1, 1]) * _log_uniform(rng, 0.5, 5)
        size = np.exp(spread * rng.standard_normal())
        _place(out, snap * envelope, int(at), size * (rng.uniform(1, 3) if at == ONSET else 1))
    return out + np.abs(out).max() * _log_uniform(rng, 0.003, 0.15) * _coloured(rng, rng.uniform(-1.2, 0))


def _kick(rng):
    t = np.arange(LENGTH) / RATE
    low, high, fall = rng.uniform(35, 130), rng.uniform(90, 500), _log_uniform(rng, 0.005, 0.06)
    phase = 2 * np.pi * np.cumsum(low + (high - low) * np.exp(-t / fall)) / RATE
    body = np.sin(phase + rng.uniform(0, 1.6)) * np.exp(-t / _log_uniform(rng, 0.03, 0.4))
    return body + _log_uniform(rng, 0.02, 0.8) * rng.standard_normal(LENGTH) * np.exp(-t / _log_uniform(rng, 5e-4, 0.01))


def _snare(rng):
    t = np.arange(LENGTH) / RATE
    wires = _band(rng, LENGTH, _log_uniform(rng, 300, 2000), _log_uniform(rng, 2500, 5800)) * np.exp(-t / _log_uniform(rng, 0.015, 0.2))
    head = sum(np.sin(2 * np.pi * f * t) for f in rng.uniform(130, 480, 2)) * np.exp(-t / _log_uniform(rng, 0.01, 0.15))
    blow = rng.standard_normal(LENGTH) * np.exp(-t / _log_uniform(rng, 3e-4, 6e-3))
    return wires + rng.uniform(0.05, 0.8) * head + rng.uniform(0, 1) * blow


def _skin(rng):
    """Toms, tablas, congas, wood blocks: a few partials, one of them gliding."""
    t = np.arange(LENGTH) / RATE
    base = _log_uniform(rng, 60, 1200)
    glide = 1 + rng.uniform(-0.3, 0.6) * np.exp(-t / _log_uniform(rng, 0.01, 0.15))
    out = np.zeros(LENGTH)
    for k, ratio in enumerate((1, 1.59, 2.14, 2.3, 2.65, 2.92)[: rng.integers(1, 7)]):
        phase = 2 * np.pi * np.cumsum(base * ratio * (glide if k == 0 else 1)) / RATE
        out += rng.uniform(0.2, 1) / (1 + k * rng.uniform(0, 0.7)) * np.sin(phase) * np.exp(-t / (_log_uniform(rng, 0.01, 0.4) / (1 + 0.3 * k)))
    return out + rng.uniform(0, 1.2) * rng.standard_normal(LENGTH) * np.exp(-t / _log_uniform(rng, 5e-4, 8e-3))


def _metal(rng):
    """Hats, cymbals, cowbells, bells."""
    t = np.arange(LENGTH) / RATE
    if rng.random() < 0.5:
        low = _log_uniform(rng, 1200, 4000)
        return _band(rng, LENGTH, low, 5900) * np.exp(-t / _log_uniform(rng, 0.008, 0.5)) * np.clip(t / _log_uniform(rng, 1e-4, 2e-3), 0, 1)
    base = _log_uniform(rng, 250, 2200)
    tones = sum(np.sign(np.sin(2 * np.pi * base * r * t)) if rng.random() < 0.4 else np.sin(2 * np.pi * base * r * t) for r in rng.uniform(1, 3.2, 3))
    return tones * np.exp(-t / _log_uniform(rng, 0.02, 0.5))


def _clap(rng):
    out = np.zeros(LENGTH)
    low = _log_uniform(rng, 300, 1200)
    for k in range(rng.integers(1, 6)):
        n = 2000
        burst = _band(rng, n, low, low * rng.uniform(2, 8)) * np.exp(-np.arange(n) / RATE / _log_uniform(rng, 0.002, 0.03))
        _place(out, burst, int(k * rng.uniform(0.006, 0.016) * RATE), rng.uniform(0.5, 1))
    return out


STRUCK = (_kick, _snare, _skin, _skin, _metal, _clap)


def drum(rng):
    """One stroke, or a measure of music that has the onset on its beat."""
    lead = STRUCK[rng.integers(len(STRUCK))](rng)
    out = np.zeros(SAMPLES)
    _place(out, lead / np.abs(lead).max(), ONSET)
    if rng.random() < 0.3:
        return out
    beat = 60 / rng.uniform(60, 190) / rng.choice([1, 2, 2, 4])
    kit = [lead] + [STRUCK[rng.integers(len(STRUCK))](rng) for _ in range(rng.integers(1, 4))]
    for each, density in zip(kit, rng.uniform(0.1, 0.8, len(kit))):
        each = each / np.abs(each).max() * rng.uniform(0.3, 1.2)
        for k in range(-int(1.05 / beat), int(0.85 / beat) + 1):
            if k != 0 and rng.random() < density:
                _place(out, each, ONSET + int((k + rng.normal(0, 0.01)) * beat * RATE), rng.uniform(0.5, 1))
    t = np.arange(SAMPLES) / RATE
    for _ in range(rng.integers(0, 4)):
        f = _log_uniform(rng, 40, 2000)
        out += rng.uniform(0.02, 0.3) * sum(np.sin(2 * np.pi * f * h * t) / h for h in range(1, rng.integers(2, 8)))
    return out


def drops(rng):
    """Rain on a roof or a microphone's shield: bubbles that ring, small thuds, and the rush of all the others."""
    out = np.zeros(SAMPLES)
    spread = rng.uniform(0.4, 1.2)
    for at in _times(rng, _log_uniform(rng, 2, 90)):
        n = 600
        t = np.arange(n) / RATE
        f = _log_uniform(rng, 500, 5500)
        drop = np.sin(2 * np.pi * f * t) * np.exp(-t / _log_uniform(rng, 8e-4, 0.012))
        drop += rng.uniform(0, 1.5) * rng.standard_normal(n) * np.exp(-t / _log_uniform(rng, 2e-4, 4e-3))
        _place(out, drop, int(at), np.exp(spread * rng.standard_normal()) * (rng.uniform(1, 3) if at == ONSET else 1))
    return out + np.abs(out).max() * _log_uniform(rng, 0.01, 0.3) * _coloured(rng, rng.uniform(-0.7, 0.3))


def hammering(rng):
    """Blows of one tool: as even as an arm, a machine or a clock is."""
    once = impact(rng)
    out = np.zeros(SAMPLES)
    period = _log_uniform(rng, 0.09, 0.8)
    uneven = _log_uniform(rng, 0.002, 0.2)
    for k in range(-12, 10):
        if k == 0 or rng.random() < 0.85:
            _place(out, once[ONSET:], ONSET + int((k + (rng.normal(0, uneven) if k else 0)) * period * RATE), 1 if k == 0 else 10 ** (rng.normal(0, 2.5) / 20))
    return out


def pop(rng):
    """Switches, loose plugs, bumped microphones, gusts: a step, a click or a thump."""
    t = np.arange(SAMPLES) / RATE - ONSET / RATE
    after = np.maximum(t, 0)
    kind = rng.integers(4)
    if kind == 0:  # a step through a high-pass
        out = np.where(t >= 0, np.exp(-after / _log_uniform(rng, 5e-4, 0.2)), 0)
    elif kind == 1:  # clicks of a sample or a few
        out = np.zeros(SAMPLES)
        for at in _times(rng, _log_uniform(rng, 0.5, 20)):
            _place(out, rng.standard_normal(rng.integers(1, 8)), int(at), _log_uniform(rng, 0.2, 1))
    elif kind == 2:  # a bump
        f = _log_uniform(rng, 12, 150)
        out = np.where(t >= 0, np.sin(2 * np.pi * f * after + rng.uniform(0, 1)) * np.exp(-after / _log_uniform(rng, 0.01, 0.15)), 0)
        out += rng.uniform(0, 0.4) * rng.standard_normal(SAMPLES) * np.where(t >= 0, np.exp(-after / _log_uniform(rng, 1e-3, 0.05)), 0)
    else:  # a gust
        swell = np.exp(-0.5 * ((t - rng.uniform(0, 0.1)) / _log_uniform(rng, 0.02, 0.3)) ** 2)
        out = swell * _coloured(rng, rng.uniform(-2.5, -1)) * np.clip((t + 0.3) / 0.3, 0, 1)
    if rng.random() < 0.4:
        hum = rng.choice([50, 60])
        out += _log_uniform(rng, 0.005, 0.3) * sum(rng.uniform(0, 1) * np.sin(2 * np.pi * hum * k * t + rng.uniform(0, 6)) for k in range(1, 12))
    return out


def fall(rng):
    """A pallet, a plank, a can, a tray: a first blow, bounces ever closer, and a rattle."""
    out = np.zeros(SAMPLES)
    at, gap, gain = 0.0, _log_uniform(rng, 0.03, 0.35), 1.0
    kept, near = rng.uniform(0.4, 0.85), impact(rng)[ONSET:]
    for _ in range(rng.integers(2, 14)):
        _place(out, near if rng.random() < 0.7 else impact(rng)[ONSET:], ONSET + int(at * RATE), gain)
        at += gap * rng.uniform(0.7, 1.3)
        gap *= kept
        gain *= rng.uniform(0.4, 1.1)
    return out


def bark(rng):
    """A call with an abrupt start: harmonics under formants, with a breath of noise; often repeated."""
    n = int(_log_uniform(rng, 0.06, 0.5) * RATE)
    t = np.arange(n) / RATE
    base = _log_uniform(rng, 90, 900)
    pitch = base * (1 + rng.uniform(-0.4, 0.4) * t / t[-1] + rng.uniform(0, 0.3) * np.exp(-t / 0.03))
    formants, phase = [_log_uniform(rng, 300, 4000) for _ in range(3)], 2 * np.pi * np.cumsum(pitch) / RATE
    call = np.zeros(n)
    for h in range(1, 24):
        if h * base > 5500:
            break
        call += sum(1 / (1 + ((h * base - f) / (0.25 * f)) ** 2) for f in formants) * np.sin(h * phase + rng.uniform(0, 6))
    rough = _band(rng, n, 300, 5000) * np.abs(call).max()
    call += rng.uniform(0, 1.2) * rough
    call *= np.clip(t / _log_uniform(rng, 5e-4, 0.02), 0, 1) * np.exp(-t / _log_uniform(rng, 0.04, 0.4))
    out = np.zeros(SAMPLES)
    every = rng.uniform(0.15, 0.9)
    for k in range(-6, 6):
        if k == 0 or rng.random() < 0.4:
            _place(out, call, ONSET + int((k + (rng.normal(0, 0.1) if k else 0)) * every * RATE), 1 if k == 0 else rng.uniform(0.4, 1.2))
    return out


MAKERS = {"crackle": crackle, "drum": drum, "drops": drops, "hammering": hammering, "pop": pop, "fall": fall, "bark": bark}
