"""What records it: microphone, gain, limiter, noise suppression, codec. In: pressure at RATE_HZ; out: samples at the recorder's own rate."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

from sound import RATE_HZ, pascals

FULL_SCALE = 0.99997
ENCODERS = ["aac", "ac3", "adpcm_ima_wav", "g723_1", "g726", "libgsm", "libmp3lame", "libopus", "libspeex", "mp2", "pcm_alaw", "pcm_mulaw"]


def _automatic_gain(x, rate_hz, target_db, attack_ms, release_ms, max_gain_db, min_gain_db):
    """The gain follows the level of blocks of 1 ms."""
    block = max(1, int(rate_hz / 1000))
    k = len(x) // block + 1
    levels = np.sqrt(np.mean(np.pad(x, (0, k * block - len(x))).reshape(k, block) ** 2, 1) + 1e-14)
    envelope = np.empty(k)
    held = np.median(levels)
    attack, release = np.exp(-1.0 / attack_ms), np.exp(-1.0 / release_ms)
    for i, level in enumerate(levels.tolist()):
        held = level + (held - level) * (attack if level > held else release)
        envelope[i] = held
    gain_db = np.clip(target_db - 20 * np.log10(envelope), min_gain_db, max_gain_db)
    return x * 10 ** (np.interp(np.arange(len(x)), (np.arange(k) + 1.0) * block, gain_db) / 20)


def _limiter(x, rate_hz, threshold, attack_ms, release_ms):
    block = max(1, int(rate_hz * 2.5e-4))
    k = len(x) // block + 1
    peaks = np.max(np.abs(np.pad(x, (0, k * block - len(x))).reshape(k, block)), 1)
    gains = np.empty(k)
    held = 1.0
    attack, release = np.exp(-0.25 / attack_ms), np.exp(-0.25 / release_ms)
    for i, peak in enumerate(peaks.tolist()):
        wanted = min(1.0, threshold / (peak + 1e-12))
        held = wanted + (held - wanted) * (attack if wanted < held else release)
        gains[i] = held
    return x * np.interp(np.arange(len(x)), (np.arange(k) + 0.5) * block, gains)


def _suppress_noise(x, rate_hz, rng, floor_db):
    """A spectral gate over frames of 20 ms."""
    n = int(rate_hz * 0.02) // 2 * 2
    _, _, frames = signal.stft(x, rate_hz, nperseg=n)
    size = np.abs(frames)
    noise = np.median(size, 1, keepdims=True) * rng.uniform(1.5, 2.5)
    gain = np.maximum(1 - (noise / (size + 1e-12)) ** 2, 10 ** (floor_db / 20))
    gain = signal.lfilter([0.6], [1, -0.4], gain, axis=1)
    return signal.istft(frames * gain, rate_hz, nperseg=n)[1][: len(x)]


def _microphone(x, overload_db_spl, highpass_hz, rng, is_soft=True):
    """Full scale at its acoustic overload point, dB SPL."""
    order = 2 if rng.random() < 0.6 else 1
    sos = signal.butter(order, highpass_hz / (RATE_HZ / 2), "high", output="sos")
    x = signal.sosfilt(sos, x) / (pascals(overload_db_spl) * 1.4142)
    if is_soft:
        x = np.where(np.abs(x) < 0.7, x, np.sign(x) * (0.7 + 0.3 * np.tanh((np.abs(x) - 0.7) / 0.3)))
    x = np.clip(x, -1, 1)
    if rng.random() < 0.3:  # coupled behind the overload, so that it sags
        x = signal.lfilter([1, -1], [1, -np.exp(-2 * np.pi * rng.uniform(15, 60) / RATE_HZ)], x)
    return x + rng.normal(size=len(x)) * 10 ** (rng.uniform(-72, -58) / 20) * 0.1


def to_rate(x, rate_hz):
    if rate_hz == RATE_HZ:
        return x
    common = np.gcd(RATE_HZ, int(rate_hz))
    return signal.resample_poly(x, int(rate_hz) // common, RATE_HZ // common)


def _through(x, rate_hz, encoding, extension, out_hz=None):
    """Through an encoder of ffmpeg and back."""
    with tempfile.TemporaryDirectory() as folder:
        plain, coded, back = (str(Path(folder) / name) for name in ("plain.wav", f"coded.{extension}", "back.wav"))
        soundfile.write(plain, np.clip(x, -1, FULL_SCALE), int(rate_hz), subtype="PCM_16")
        ffmpeg = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i"]
        subprocess.run([*ffmpeg, plain, "-c:a", *encoding, coded], check=True, capture_output=True)
        rate = ["-ar", str(out_hz)] if out_hz else []
        subprocess.run([*ffmpeg, coded, *rate, "-ac", "1", back], check=True, capture_output=True)
        return soundfile.read(back)


def _kbps(rate):
    return ["-b:a", f"{rate}k"]


def _phone_aac(y, rate_hz, rng):
    kbps = rng.choice([48, 64, 96, 128])
    return *_through(y, rate_hz, ["aac", *_kbps(kbps)], "m4a"), f"aac{kbps}"


def _phone_opus(y, rate_hz, rng):
    kbps = int(rng.choice([12, 16, 24, 32]))
    out_hz = int(rng.choice([rate_hz, 48000]))
    return *_through(y, rate_hz, ["libopus", *_kbps(kbps), "-application", "voip"], "ogg", out_hz), f"opus{kbps}"


def _phone_video_web(y, rate_hz, rng):
    """Taken by a phone and encoded again by the site it was put on."""
    first = int(rng.choice([64, 96, 128]))
    y, rate_hz = _through(y, rate_hz, ["aac", *_kbps(first)], "m4a")
    second = int(rng.choice([48, 64, 96]))
    out_hz = int(rng.choice([44100, 48000, 22050]))
    return *_through(y, rate_hz, ["libopus", *_kbps(second)], "ogg", out_hz), f"aac{first}+opus{second}"


def _bodycam(y, rate_hz, rng):
    kbps = {16000: 24, 32000: 48, 48000: 64}[rate_hz]
    return *_through(y, rate_hz, ["aac", *_kbps(kbps)], "m4a"), f"aac{kbps}"


def _dashcam(y, rate_hz, rng):
    codec = str(rng.choice(["aac", "adpcm_ima_wav", "pcm_s16le"]))
    if codec == "aac":
        return *_through(y, rate_hz, ["aac", *_kbps(32)], "m4a"), codec
    return *_through(y, rate_hz, [codec], "wav"), codec


def _cctv_g711(y, rate_hz, rng):
    codec = str(rng.choice(["pcm_mulaw", "pcm_alaw"]))
    return *_through(y, rate_hz, [codec], "wav"), codec


def _cctv_adpcm(y, rate_hz, rng):
    codec = str(rng.choice(["adpcm_ima_wav", "g726"]))
    return *_through(y, rate_hz, [codec, *(_kbps(32) if codec == "g726" else [])], "wav"), codec


def _cctv_aac16(y, rate_hz, rng):
    return *_through(y, rate_hz, ["aac", *_kbps(24)], "m4a"), "aac24"


CALL_CODECS = {
    "libgsm": (["libgsm"], "gsm"),
    "libspeex": (["libspeex", "-b:a", "11k"], "ogg"),
    "g723_1": (["g723_1", "-b:a", "6300"], "wav"),
    "opus": (["libopus", "-b:a", "12k", "-application", "voip", "-cutoff", "4000"], "ogg"),
    "mulaw": (["pcm_mulaw"], "wav"),
}


def _call(y, rate_hz, rng):
    y = signal.sosfilt(signal.butter(4, [280 / (rate_hz / 2), 3400 / (rate_hz / 2)], "band", output="sos"), y)
    codec = str(rng.choice(list(CALL_CODECS)))
    return *_through(y, rate_hz, *CALL_CODECS[codec], 8000), codec


def _camcorder(y, rate_hz, rng):
    codec, kbps, extension = [("ac3", 192, "ac3"), ("mp2", 128, "mp2"), ("pcm_s16le", 0, "wav")][int(rng.integers(3))]
    return *_through(y, rate_hz, [codec, *(_kbps(kbps) if kbps else [])], extension), codec


def _mp3(y, rate_hz, rng):
    kbps = int(rng.choice([32, 48, 64, 96, 128]))
    return *_through(y, rate_hz, ["libmp3lame", *_kbps(kbps)], "mp3"), f"mp3-{kbps}"


# Each gives samples, their rate and the codec's name.
CODECS = {
    "phone-aac": _phone_aac,
    "phone-opus": _phone_opus,
    "phone-video-web": _phone_video_web,
    "bodycam": _bodycam,
    "dashcam": _dashcam,
    "cctv-g711": _cctv_g711,
    "cctv-adpcm": _cctv_adpcm,
    "cctv-aac16": _cctv_aac16,
    "call-911": _call,
    "camcorder": _camcorder,
    "mp3": _mp3,
    "old-phone-8k": _call,
}
RECORDERS = [*list(CODECS)[:10], "field", "mp3", "old-phone-8k"]
SUPPRESSING = ("phone-opus", "call-911", "bodycam", "phone-aac", "old-phone-8k")


def _rate_of(kind, rng):
    # Drawn for all, so that what is drawn next does not hang on the recorder.
    rates = {
        "bodycam": int(rng.choice([16000, 32000, 48000])),
        "dashcam": int(rng.choice([16000, 32000, 44100])),
        "cctv-g711": 8000,
        "cctv-adpcm": 8000,
        "cctv-aac16": 16000,
        "call-911": 8000,
        "old-phone-8k": 8000,
        "phone-opus": int(rng.choice([16000, 24000, 48000])),
    }
    return rates.get(kind, int(rng.choice([44100, 48000])))


def _field(x, rng):
    """A good recorder, set to what comes; three in ten are overdriven by it."""
    set_db_spl = rng.uniform(118, 142)
    peak_db_spl = 20 * np.log10(np.max(np.abs(x)) / 2e-5)
    overload_db_spl = max(set_db_spl, peak_db_spl - (rng.uniform(0, 14) if rng.random() < 0.3 else -rng.uniform(1, 12)))
    y = _microphone(x, overload_db_spl, 20, rng, is_soft=False)
    rate_hz = int(rng.choice([44100, 48000, 48000, 96000]))
    return to_rate(y, rate_hz), rate_hz, {"overloadDbSpl": overload_db_spl}


def record(kind, x, rng):
    """Samples, their rate, and what was drawn."""
    if kind == "field":
        return _field(x, rng)
    overload_db_spl = rng.uniform(112, 128)
    y = _microphone(x, overload_db_spl, rng.uniform(50, 180), rng)
    rate_hz = _rate_of(kind, rng)
    y = to_rate(y, rate_hz)
    # Digital gain brings what is around up to the recorder's target.
    window = np.ones(rate_hz // 50) / (rate_hz // 50)
    around_db = 20 * np.log10(np.sqrt(np.median(np.convolve(y**2, window, "same"))) + 1e-9)
    target_db = rng.uniform(-56, -30)
    gain_db = np.clip(target_db - around_db, 0, rng.uniform(6, 28))
    style = str(rng.choice(["fast", "slow", "fixed"], p=[0.35, 0.35, 0.3]))
    if kind == "camcorder":
        y = _limiter(y * 10 ** (gain_db / 20), rate_hz, 0.7, rng.uniform(0.4, 4), rng.uniform(80, 900))
        style = "limiter"
    elif style == "fast":
        y = _automatic_gain(y, rate_hz, target_db + 8, rng.uniform(1, 6), rng.uniform(60, 400), gain_db, -10)
    elif style == "slow":
        y = _automatic_gain(y, rate_hz, target_db + 10, rng.uniform(15, 80), rng.uniform(400, 2500), gain_db, -15)
    else:
        y = y * 10 ** (gain_db / 20)
    is_suppressed = kind in SUPPRESSING and rng.random() < 0.4
    if is_suppressed:
        y = _suppress_noise(y, rate_hz, rng, rng.uniform(-22, -8))
    y, rate_hz, codec = CODECS[kind](np.clip(y, -1, 1), rate_hz, rng)
    info = {"overloadDbSpl": overload_db_spl, "digitalGainDb": gain_db, "gain": style, "suppressed": is_suppressed, "codec": codec}
    return y, rate_hz, info
