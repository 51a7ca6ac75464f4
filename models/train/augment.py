"""What happens to any sound between its source and our samples; the same for every class, or the class could be told by it."""

import numpy as np

RATE = 12000
SAMPLES = 22800
ONSET = 12600
F = np.fft.rfftfreq(2 * SAMPLES, 1 / RATE)


def _log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _response(rng):
    """Air, microphone, enclosure and band limit as one frequency response."""
    h = np.ones(len(F))
    f = np.maximum(F, 1)
    if rng.random() < 0.65:  # air and obstacles, or a band limit
        cut = _log_uniform(rng, 700, 6000)
        order = rng.uniform(0.5, 5)
        h = h / np.sqrt(1 + (f / cut) ** (2 * order))
    if rng.random() < 0.6:
        cut = _log_uniform(rng, 30, 500)
        h = h / np.sqrt(1 + (cut / f) ** (2 * rng.uniform(0.5, 3)))
    if rng.random() < 0.5:
        h = h * (f / 1000) ** rng.uniform(-0.5, 0.5)
    for _ in range(rng.poisson(1.2)):
        centre, width, db = _log_uniform(rng, 100, 5500), rng.uniform(0.1, 0.9), rng.normal(0, 6)
        h = h * 10 ** (db / 20 * np.exp(-((np.log(f / centre) / width) ** 2)))
    return h


def filtered(x, h):
    return np.fft.irfft(np.fft.rfft(x, 2 * SAMPLES) * h)[:SAMPLES]


def _room(rng):
    n = 9000
    t = np.arange(n) / RATE
    ir = rng.standard_normal(n) * 10 ** (-3 * t / _log_uniform(rng, 0.1, 1.8))
    ir *= np.clip(t / rng.uniform(0.001, 0.02), 0, 1)
    ir *= _log_uniform(rng, 0.02, 0.8) / (np.sqrt((ir**2).sum()) + 1e-9)
    ir[0] = 1.0
    return ir


def coloured(rng, n):
    spectrum = np.fft.rfft(rng.standard_normal(n))
    f = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20)
    spectrum *= (f / 500) ** rng.uniform(-1.3, 0.1)
    x = np.fft.irfft(spectrum, n)
    return x / (x.std() + 1e-12)


def augment(rng, x, noise_pool, clean):
    """x: SAMPLES with the onset at ONSET. `clean`: made, not recorded: it always gets noise."""
    x = x - x.mean()
    x = x / (np.abs(x).max() + 1e-9)
    if rng.random() < (0.5 if clean else 0.3):
        x = np.fft.irfft(np.fft.rfft(x, 2 * SAMPLES) * np.fft.rfft(_room(rng), 2 * SAMPLES))[:SAMPLES]
    if rng.random() < 0.85:
        x = filtered(x, _response(rng))
    near = x[ONSET - 12 : ONSET + 600]
    peak = np.abs(near).max() + 1e-9
    if rng.random() < (0.95 if clean else 0.6):
        if len(noise_pool) and rng.random() < 0.7:
            noise = noise_pool[rng.integers(len(noise_pool))]
            noise = np.roll(noise, rng.integers(len(noise)))
            noise = filtered(noise, _response(rng)) if rng.random() < 0.5 else noise
        else:
            noise = coloured(rng, SAMPLES)
        level = peak * 10 ** (-rng.uniform(8, 60) / 20)
        x = x + level * noise / (noise.std() + 1e-12)
    if rng.random() < 0.4:  # overload
        drive = _log_uniform(rng, 1, 12) / peak
        x = np.clip(x * drive, -1, 1) if rng.random() < 0.6 else np.tanh(x * drive)
    if rng.random() < 0.25:  # a telephone's or recorder's automatic gain
        release = rng.uniform(0.03, 0.4)
        size = np.abs(x)
        env = np.empty(SAMPLES)
        level, keep = 0.0, np.exp(-1 / (release * RATE))
        block = 24
        for i in range(0, SAMPLES, block):
            level = max(size[i : i + block].max(), level * keep**block)
            env[i : i + block] = level
        x = x / (env + 0.02 * env.max() + 1e-9) ** rng.uniform(0.2, 0.8)
    if rng.random() < 0.15:  # 8-bit mu-law, as on a telephone line
        y = np.clip(x / (np.abs(x).max() + 1e-9), -1, 1)
        u = np.sign(y) * np.log1p(255 * np.abs(y)) / np.log(256)
        u = np.round(u * 127) / 127
        x = np.sign(u) * np.expm1(np.abs(u) * np.log(256)) / 255
    if rng.random() < 0.08:  # 8-bit samples, as old sound cards had them
        x = np.round(x / (np.abs(x).max() + 1e-9) * 127) / 127
    if rng.random() < 0.25:  # cut tight, as sound libraries are: nothing before, or nothing after
        if rng.random() < 0.7:
            x[: ONSET - rng.integers(3, 300)] = 0
        elif rng.random() < 0.7:
            x[: ONSET - rng.integers(300, ONSET)] = 0
        if rng.random() < 0.6:
            end = ONSET + int(_log_uniform(rng, 0.12, 0.85) * RATE)
            fade = min(600, end)
            x[end - fade : end] *= np.linspace(1, 0, fade)
            x[end:] = 0
    if rng.random() < 0.5:
        x = -x
    return (x / (np.abs(x).max() + 1e-9)).astype(np.float32)
