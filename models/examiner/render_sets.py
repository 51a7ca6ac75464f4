"""Renders the examiner's sets: render_sets.py SCRATCH [--part 0 --of 1] [--seed 20261123] [--each 20]

440 files with shots, 444 with other sounds chosen to be hard, 24 with firecrackers and backfires, in SCRATCH/sets; what was drawn for each in
SCRATCH/rows-PART.jsonl. Each file hangs on the seed and its own number alone. Half of them, by a digest of the name, are `open`, the others `blind`:
training may look at the ways the first are missed.

Nothing here is shared with sim/ or models/train: what both had wrong would not show.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

import blows
import pops
from backgrounds import BACKGROUNDS, background
from blasts import GUNS, through_air
from recorders import FULL_SCALE, RECORDERS, record, to_rate
from rounds import round_at
from sound import RATE_HZ, lowpass, pascals, peak_one, put
from surroundings import SURROUNDINGS, response_of

COUNTS = {"gun": 440, "other": 444, "apart": 24}
NUMBER_OF_SET = {"gun": 1, "other": 2, "apart": 3}
OTHERS = [
    blows.door_slam, blows.car_door, blows.hammering, blows.nail_gun, blows.planks, blows.plates_drop, pops.claps, pops.applause, pops.thunder,
    pops.crackle, pops.drums, blows.dumpster, blows.truck_plate, pops.balloon, blows.basketball, blows.jackhammer, pops.helicopter, pops.plosives,
    pops.speech_loud, pops.cork, pops.switch, pops.clipped_music, pops.handling, blows.glass, pops.whip, blows.wood_chop, blows.ball_bat,
    pops.dropouts, blows.hooves, blows.train, pops.dog, pops.cough, blows.pans, pops.stun, blows.hail, blows.pallet, blows.footsteps,
]  # fmt: skip
# Too near to shots to count among the negatives.
APART = [pops.firecracker, pops.backfire]
# At the recorder itself, or everywhere: no distance, no surroundings.
WITHOUT_ROOM = (pops.plosives, pops.handling, pops.switch, pops.dropouts, pops.clipped_music, pops.thunder, pops.helicopter)
BEHIND_GLASS = ("phone-aac", "cctv-adpcm", "call-911", "dashcam", "bodycam", "phone-opus", "cctv-aac16")
LEAST_SNR_DB = 3
ATTEMPTS = 12


def _drawn_background(rng, shares):
    return str(rng.choice(list(BACKGROUNDS), p=shares))


def _ambience(rng, n, kind):
    x, db_spl = background(kind, rng, n)
    quiet, quiet_db_spl = background("quiet", rng, n)
    return x * pascals(db_spl) + quiet * pascals(quiet_db_spl), db_spl


def _recorded(x, recorder, rng):
    """Samples, their rate, what was drawn, and by how much recorder and codec are late (by correlation with what went in), seconds."""
    y, rate_hz, info = record(recorder, x, rng)
    common = np.gcd(8000, rate_hz)
    before = to_rate(x, 8000)
    after = signal.resample_poly(y, 8000 // common, rate_hz // common) if rate_hz != 8000 else y
    highpass = signal.butter(2, 300 / 4000, "high", output="sos")
    before, after = signal.sosfilt(highpass, before), signal.sosfilt(highpass, after)
    most = np.percentile(np.abs(before), 99.9)
    before = np.clip(before, -most, most)
    most = np.percentile(np.abs(after), 99.9)
    after = np.clip(after, -most, most)
    alike = np.abs(signal.correlate(after, before, "full", "fft"))
    lags = np.arange(-len(before) + 1, len(after))
    near = np.abs(lags) < 1600
    late_s = lags[near][np.argmax(alike[near])] / 8000
    if abs(late_s) < 5e-4 or recorder == "field":
        late_s = 0.0
    return y, rate_hz, {**info, "lateS": float(late_s)}, late_s


def _snr_db(y, rate_hz, at_s):
    """The most within 30 ms over the median of the 0.6 s before, both over 10 ms and above 300 Hz."""
    x = signal.sosfilt(signal.butter(2, 300 / (rate_hz / 2), "high", output="sos"), y)
    k = int(0.01 * rate_hz)
    power = np.convolve(x**2, np.ones(k) / k, "valid")
    at = int(max(0, at_s - 0.002) * rate_hz)
    most = np.max(power[at : at + int(0.03 * rate_hz)]) if at < len(power) else 0
    before = power[max(0, at - int(0.6 * rate_hz)) : max(1, at - k)]
    noise = np.median(before) if len(before) else 1e-12
    return 10 * np.log10((most + 1e-14) / (noise + 1e-14))


def _spacing(rng, mode):
    """How many rounds, the gaps between them, and rounds a minute of automatic fire."""
    rounds = {"single": 1, "double": 2, "string": int(rng.integers(3, 6)), "auto": int(rng.integers(3, 11))}[mode]
    if mode == "auto":
        per_minute = float(rng.uniform(550, 1100))
        return rounds, 60 / per_minute * np.exp(rng.normal(0, 0.02, rounds)), per_minute
    if mode == "double":
        return rounds, np.full(rounds, rng.uniform(0.12, 0.6)), 0.0
    return rounds, rng.uniform(0.18, 0.55, rounds), 0.0


def _mode_of(name, rng):
    if name.startswith(("shotgun", "revolver", "rifle-22")):
        return str(rng.choice(["single", "double", "string"], p=[0.6, 0.25, 0.15]))
    return str(rng.choice(["single", "single", "double", "string", "auto"], p=[0.3, 0.2, 0.2, 0.12, 0.18]))


def _distance_m(kind, rng):
    distance_m = float(10 ** rng.uniform(0, np.log10(300)))
    if kind == "indoor":
        return float(rng.uniform(1, 12))
    if kind in ("yard", "garage"):
        return float(10 ** rng.uniform(0.2, 1.7))
    return distance_m


def with_shots(i, rng):
    """Samples, their rate, and what is so."""
    n = int(rng.uniform(3, 6) * RATE_HZ)
    name = list(GUNS)[i % len(GUNS)]
    recorder = RECORDERS[i % len(RECORDERS)]
    kind = list(SURROUNDINGS)[int(np.random.default_rng([77, i]).integers(len(SURROUNDINGS)))]
    noise_kind = _drawn_background(rng, [0.2, 0.2, 0.12, 0.1, 0.14, 0.1, 0.08, 0.06])
    distance_m = _distance_m(kind, rng)
    angle_deg = float(rng.uniform(0, 180)) if distance_m > 3 else float(rng.uniform(40, 180))
    mode = _mode_of(name, rng)
    first_s = float(rng.uniform(0.5, n / RATE_HZ - 1.8))
    rounds, gaps_s, per_minute = _spacing(rng, mode)
    at_s = [first_s + float(np.sum(gaps_s[:j])) for j in range(rounds)]
    at_s = [t for t in at_s if t < n / RATE_HZ - 0.5]
    round_pa, lag_s, info = round_at(name, distance_m, angle_deg, kind, rng)
    x = np.zeros(n)
    for j, t in enumerate(at_s):
        if j and mode != "auto":
            rng.random()  # drawn for nothing: the published sets hold this draw
        put(x, round_pa, t, 10 ** (rng.normal(0, 0.8) / 20))
        if j:  # no two rounds are quite the same
            k = int(0.02 * RATE_HZ)
            unlike = rng.normal(size=k) * np.exp(-np.arange(k) / RATE_HZ / 0.004)
            put(x, unlike * np.max(np.abs(round_pa)) * 10 ** (-30 / 20), t + lag_s, 1)
    is_inside = rng.random() < 0.18 and recorder in BEHIND_GLASS
    is_muffled = is_inside or recorder == "dashcam"
    if is_muffled:  # through a window, a pocket, a car's body
        x = lowpass(lowpass(x, rng.uniform(500, 2500)), 5000) * 10 ** (-rng.uniform(3, 18) / 20)
    noise_pa, noise_db_spl = _ambience(rng, n, noise_kind)
    y, rate_hz, drawn, late_s = _recorded(x + noise_pa, recorder, rng)
    at_s = [t + late_s for t in at_s]
    snr_db = _snr_db(y, rate_hz, at_s[0])
    if lag_s:
        snr_db = max(snr_db, _snr_db(y, rate_hz, at_s[0] + lag_s))
    row = {"gun": name, "family": GUNS[name].family, "surroundings": kind, "recorder": recorder, "background": noise_kind, "noiseDbSpl": noise_db_spl,
           "distanceM": distance_m, "angleDeg": angle_deg, "mode": mode, "roundsPerMinute": per_minute, "roundsS": at_s, "blastLagS": lag_s,
           "snrDb": float(snr_db), "muffled": bool(is_muffled), **info, **drawn}  # fmt: skip
    return y, rate_hz, row


def without_shots(i, rng, makers, is_apart):
    n = int(rng.uniform(3, 6) * RATE_HZ)
    make = makers[i % len(makers)]
    recorder = RECORDERS[(i // len(makers) * 5 + i) % len(RECORDERS)]
    noise_kind = _drawn_background(rng, [0.3, 0.2, 0.12, 0.1, 0.1, 0.06, 0.06, 0.06])
    x, at_s, (low_db_spl, high_db_spl) = make(rng, n)
    distance_m = float(10 ** rng.uniform(0, 1.5))
    has_room = make not in WITHOUT_ROOM
    if not has_room:
        distance_m = 1.0
    if is_apart:
        distance_m = float(10 ** rng.uniform(0.5, 2))
    kind = str(rng.choice(list(SURROUNDINGS)))
    level_db_spl = float(rng.uniform(low_db_spl, high_db_spl))
    x = peak_one(x) * pascals(level_db_spl)
    info = {}
    if has_room:
        ir, info = response_of(kind, distance_m, rng, 1.2)
        x = through_air(signal.fftconvolve(x, ir)[:n], distance_m)
    noise_pa, noise_db_spl = _ambience(rng, n, noise_kind)
    if make is pops.dropouts:
        noise_pa *= 0.1
    y, rate_hz, drawn, late_s = _recorded(x + noise_pa, recorder, rng)
    row = {"sound": make.__name__, "surroundings": kind, "recorder": recorder, "background": noise_kind, "noiseDbSpl": noise_db_spl,
           "distanceM": distance_m, "levelDbSpl": level_db_spl, "atS": [t + late_s for t in at_s], **info, **drawn}  # fmt: skip
    return y, rate_hz, row


def render(which, i, seed, folder):
    """One file into `folder`, and its row."""
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([seed, NUMBER_OF_SET[which], i, attempt])
        if which == "gun":
            y, rate_hz, row = with_shots(i, rng)
            if row["snrDb"] < LEAST_SNR_DB:
                continue
            name = f"g{i:04d}"
        else:
            y, rate_hz, row = without_shots(i, rng, OTHERS if which == "other" else APART, which == "apart")
            name = f"{'n' if which == 'other' else 'a'}{i:04d}-{row['sound']}"
        extension = "flac" if rng.random() < 0.2 else "wav"
        subtype = "PCM_24" if row["recorder"] == "field" and rng.random() < 0.6 else "PCM_16"
        soundfile.write(folder / f"{name}.{extension}", np.clip(y, -1, FULL_SCALE), int(rate_hz), subtype=subtype)
        half = "blind" if int(hashlib.sha256(("judge" + name).encode()).hexdigest()[0], 16) % 2 else "open"
        return {"file": f"{name}.{extension}", "set": which, "half": half, "rateHz": int(rate_hz), "attempt": attempt, **row}
    raise RuntimeError(f"{which} {i}: below {LEAST_SNR_DB} dB in {ATTEMPTS} tries")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--of", type=int, default=1)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--each", type=int, help="so many of each set only")
    asked = parser.parse_args()
    folder = asked.scratch / "sets"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for which, count in COUNTS.items():
        for i in range(asked.part, min(count, asked.each or count), asked.of):
            rows.append(json.dumps(render(which, i, asked.seed, folder), default=float))
            if len(rows) % 20 == 0:
                print(f"render_sets: part {asked.part}: {len(rows)} files", flush=True)
    (asked.scratch / f"rows-{asked.part}.jsonl").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
