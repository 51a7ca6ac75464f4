"""Recorders unlike one another, from a telephone's to a sound studio's: rooms with separate reflections, causal microphone
responses, noise gates, codecs. The same for every class, as augment.py."""

import numpy as np

from augment import ONSET, RATE, SAMPLES, _log_uniform, _response, augment

# Drawn once for a set.
ROOMS = 300


def least_phase(h):
    """The causal response with the magnitudes `h` over F (cepstrum folded; A. V. Oppenheim and R. W. Schafer, ch. 13)."""
    n = 2 * SAMPLES
    cepstrum = np.fft.irfft(np.log(np.maximum(h, 1e-4)), n)
    cepstrum[1 : n // 2] *= 2
    cepstrum[n // 2 + 1 :] = 0
    return np.exp(np.fft.rfft(cepstrum))


def reflections(rng):
    """A room's or yard's response: reflections at random, ever denser and weaker, each duller than the sound itself."""
    n = int(RATE * 0.9)
    ir = np.zeros(n)
    decay_s = _log_uniform(rng, 0.12, 2.2)
    per_s = _log_uniform(rng, 15, 400)
    at_s = _log_uniform(rng, 5e-4, 0.02)
    strength = rng.uniform(0.15, 0.85)
    while at_s < n / RATE:
        gain = strength * 10 ** (-3 * at_s / decay_s) * rng.uniform(0.2, 1) * rng.choice([1, 1, 1, -1])
        width = 1 + min(20, int(at_s * rng.uniform(0, 200)))
        at = int(at_s * RATE)
        part = np.hanning(width + 2)[1:-1]
        part = part[: n - at] / part.sum()
        ir[at : at + len(part)] += gain * part
        at_s += rng.exponential(1 / (per_s * (1 + (at_s / 0.03) ** 1.5)))
        if per_s * (at_s / 0.03) ** 1.5 > 6000:
            break
    at = int(at_s * RATE)
    if at < n - 50:
        t = np.arange(n - at) / RATE
        diffuse = rng.standard_normal(n - at) * 10 ** (-3 * (at_s + t) / decay_s)
        ir[at:] += strength * rng.uniform(0.05, 0.4) * diffuse
    ir[0] = 1.0
    return ir


def envelope(x, release_s, block=12):
    """Running maximum that falls over `release_s`."""
    out = np.empty(len(x))
    level, keep = 1e-9, np.exp(-block / (release_s * RATE))
    for i in range(0, len(x), block):
        level = max(np.abs(x[i : i + block]).max(), level * keep)
        out[i : i + block] = level
    return out


def differences(rng, x):
    """What few bits whose step follows the level leave (ADPCM): error in proportion to what was loud just now."""
    step = envelope(x, _log_uniform(rng, 1.5e-3, 0.02)) * rng.uniform(0.04, 0.3)
    return step * np.round(x / step + rng.uniform(-0.5, 0.5, len(x)))


def bands(rng, x):
    """What a codec of blocks (MP3, AAC, Opus) leaves: weak parts of the spectrum gone, noise spread over the block, before an onset too."""
    size = int(rng.choice([240, 480, 960]))
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size)
    padded = np.concatenate([np.zeros(size), x, np.zeros(2 * size)])
    hop = size // 2
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    spectrum = np.fft.rfft(frames, axis=1)
    f = np.fft.rfftfreq(size, 1 / RATE)
    loudest = np.abs(spectrum).max(1, keepdims=True)
    step = loudest * 10 ** (-rng.uniform(14, 34) / 20) * (np.maximum(f, 200) / 1000) ** rng.uniform(-0.4, 0.2) + 1e-9
    spectrum = step * (np.round(spectrum.real / step) + 1j * np.round(spectrum.imag / step))
    spectrum[:, f > rng.uniform(2600, 6000)] = 0
    out = np.zeros(len(padded))
    for k, frame in enumerate(np.fft.irfft(spectrum, size, axis=1) * window):
        out[k * hop : k * hop + size] += frame
    return out[size : size + len(x)]


class Recorder:
    def __init__(self, rng):
        self.rooms = [np.fft.rfft(reflections(rng), 2 * SAMPLES).astype(np.complex64) for _ in range(ROOMS)]

    def record(self, rng, x, noise_pool, clean):
        """As augment: x of SAMPLES with the onset at ONSET; `clean`: made without a world round it."""
        x = x / (np.abs(x).max() + 1e-9)
        spectrum = np.fft.rfft(x, 2 * SAMPLES)
        if rng.random() < (0.6 if clean else 0.2):
            spectrum = spectrum * self.rooms[rng.integers(ROOMS)]
        if rng.random() < 0.7:
            spectrum = spectrum * least_phase(_response(rng))
        x = np.fft.irfft(spectrum)[:SAMPLES]
        if len(noise_pool) and rng.random() < (0.9 if clean else 0.25):
            noise = noise_pool[rng.integers(len(noise_pool))]
            noise = np.roll(noise, rng.integers(len(noise)))
            peak = np.abs(x[ONSET - 12 : ONSET + 600]).max() + 1e-9
            x = x + peak * 10 ** (-rng.uniform(8, 40) / 20) * noise / (noise.std() + 1e-12)
        if rng.random() < 0.2:  # a gate against noise
            level = envelope(x, _log_uniform(rng, 0.05, 0.4))
            gate = level.max() * 10 ** (-rng.uniform(15, 45) / 20)
            x = x * (level / (level + gate)) ** rng.uniform(0.5, 2)
        if rng.random() < 0.3:  # overload
            drive = _log_uniform(rng, 1, 15) / (np.abs(x).max() + 1e-9)
            x = np.clip(x * drive, -1, 1) if rng.random() < 0.6 else np.tanh(x * drive)
        if rng.random() < 0.2:
            x = differences(rng, x)
        if rng.random() < 0.25:
            x = bands(rng, x)
        if rng.random() < 0.35:
            return augment(rng, x, noise_pool, False)
        if rng.random() < 0.5:
            x = -x
        return (x / (np.abs(x).max() + 1e-9)).astype(np.float32)
