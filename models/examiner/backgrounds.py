"""What goes on meanwhile: all of it made up here, words by espeak-ng. No recording is used."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

from sound import RATE_HZ, coloured, diffuse_tail, modal, swelling, times_of

SENTENCES = [
    "get down get down everybody get back in the house now",
    "nine one one what is the address of your emergency",
    "I think somebody is shooting outside please hurry up",
    "and then we went to the park because it was such a nice day",
    "put your hands where I can see them do it now",
    "buy two get one free only this week at your local store",
    "peter piper picked a peck of pickled peppers",
    "we are just driving down the road here nothing to see",
    "happy birthday to you happy birthday dear anna",
    "stop stop don't do that come over here",
    "top deck cut the tape, put it back, kick the bucket, take that box",
    "the committee will discuss the budget at its next meeting on tuesday",
]
VOICES = ["en-us", "en-gb", "en-us+f3", "en-gb+m4", "en-us+m7", "de", "es", "fr+f2", "it", "pl"]
_spoken = {}


def _say(sentence, voice, words_per_minute, pitch):
    key = (sentence, voice, words_per_minute, pitch)
    if key not in _spoken:
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "spoken.wav")
            command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "-w", file, sentence]
            subprocess.run(command, check=True, capture_output=True)
            x, rate_hz = soundfile.read(file)
        _spoken[key] = signal.resample_poly(x, RATE_HZ, rate_hz)
    return _spoken[key]


def speech(rng, n):
    """A sentence again and again, RMS 1 where it is loud."""
    sentence, voice = SENTENCES[int(rng.integers(len(SENTENCES)))], VOICES[int(rng.integers(len(VOICES)))]
    x = _say(sentence, voice, int(rng.choice([130, 165, 200])), int(rng.choice([30, 50, 70])))
    y = np.resize(np.concatenate([x, np.zeros(int(0.3 * RATE_HZ))]), n + len(x))
    start = int(rng.integers(0, len(x)))
    y = y[start : start + n]
    return y / (np.sqrt(np.mean(y[np.abs(y) > 1e-3] ** 2)) + 1e-9)


def drum(rng, kind):
    t = times_of(0.5)
    if kind == "kick":
        body = np.sin(2 * np.pi * (48 * t + 90 * 0.03 * (1 - np.exp(-t / 0.03))))
        return 1.6 * body * np.exp(-t / 0.14) + 0.3 * rng.normal(size=len(t)) * np.exp(-t / 0.002)
    if kind == "snare":
        b, a = signal.butter(2, [900 / 24000, 9000 / 24000], "band")
        skin = 0.9 * np.sin(2 * np.pi * 190 * t) * np.exp(-t / 0.05)
        wires = 0.9 * signal.lfilter(b, a, rng.normal(size=len(t))) * np.exp(-t / rng.uniform(0.06, 0.14))
        return skin + wires + 0.5 * np.sin(2 * np.pi * 330 * t) * np.exp(-t / 0.04)
    if kind == "tom":
        hz = rng.uniform(80, 180)
        return 1.2 * np.sin(2 * np.pi * (hz * t + hz * 0.02 * (1 - np.exp(-t / 0.05)))) * np.exp(-t / 0.18)
    b, a = signal.butter(2, 6000 / 24000, "high")
    return 0.35 * signal.lfilter(b, a, rng.normal(size=len(t))) * np.exp(-t / rng.uniform(0.02, 0.06))


def music(rng, n):
    """Chords and a beat, RMS 1."""
    y = np.zeros(n)
    beat_s = 60 / rng.uniform(80, 150)
    t = np.arange(int(RATE_HZ * beat_s * 2)) / RATE_HZ
    roots_hz = rng.choice([98, 110, 130.8, 146.8, 164.8, 196], 4)
    for bar in range(int(n / RATE_HZ / (beat_s * 2)) + 1):
        for ratio in (1, 1.25 if rng.random() < 0.5 else 1.2, 1.5, 2):
            hz = roots_hz[bar % 4] * ratio
            note = sum(np.sin(2 * np.pi * hz * h * t) / h for h in range(1, 8)) * np.exp(-t * 1.2) * 0.25
            at = int(bar * beat_s * 2 * RATE_HZ)
            y[at : at + len(note)] += note[: max(0, n - at)]
    for half in range(int(n / RATE_HZ / (beat_s / 2)) + 1):
        at = int(half * beat_s / 2 * RATE_HZ)
        hit = drum(rng, "kick" if half % 4 == 0 else "snare" if half % 4 == 2 else "hat")
        y[at : at + len(hit)] += hit[: max(0, n - at)] * rng.uniform(0.8, 1.1)
    return y / np.std(y)


def rain(rng, n):
    y = coloured(rng, n, -1, 300, 14000) * 0.5
    for _ in range(int(n / RATE_HZ * rng.uniform(30, 150))):
        drop = modal(rng, [rng.uniform(1500, 8000)], [rng.uniform(5e-4, 3e-3)], [1], 0.012)
        at = int(rng.integers(0, n - len(drop)))
        y[at : at + len(drop)] += drop * rng.pareto(2.2) * 0.6
    return y / np.std(y)


def _traffic(rng, n):
    far = coloured(rng, n, rng.uniform(-6, -4), 30, 8000) * swelling(rng, n, 0.6, 0.35)
    y = far + 0.3 * coloured(rng, n, -1, 400, 6000) * swelling(rng, n, 0.5, 0.8)
    return y / np.std(y)


def _wind(rng, n):
    y = coloured(rng, n, -10, 8, 3000) * swelling(rng, n, 1.5, 0.6)
    return y / np.std(y) + 0.02 * coloured(rng, n, -3)


def _crowd(rng, n):
    y = sum(speech(rng, n) * rng.uniform(0.3, 1) for _ in range(7))
    hall = np.r_[1, 0.6 * diffuse_tail(rng, RATE_HZ // 2, 0.8, 100, 6000) / 60]
    y = signal.fftconvolve(y, hall)[:n]
    return y / np.std(y)


def _engine(rng, n):
    hz = rng.uniform(22, 60)
    t = np.arange(n) / RATE_HZ
    phase = 2 * np.pi * hz * t + np.cumsum(rng.normal(0, 0.004, n))
    y = sum(np.sin(h * phase + rng.uniform(0, 6)) / h**0.8 for h in range(1, 25)) + 1.0 * coloured(rng, n, -5)
    return y / np.std(y)


# What makes it (RMS 1), and its level, dB SPL.
BACKGROUNDS = {
    "quiet": (lambda rng, n: coloured(rng, n, rng.uniform(-6, -3)), (36, 48)),
    "traffic": (_traffic, (52, 74)),
    "wind": (_wind, (62, 92)),
    "rain": (rain, (48, 66)),
    "speech": (lambda rng, n: speech(rng, n) + 0.05 * coloured(rng, n, -5), (60, 76)),
    "music": (music, (60, 84)),
    "crowd": (_crowd, (58, 82)),
    "engine": (_engine, (60, 78)),
}


def background(kind, rng, n):
    """RMS 1, and at what level, dB SPL."""
    make, (low, high) = BACKGROUNDS[kind]
    return make(rng, n), rng.uniform(low, high)
