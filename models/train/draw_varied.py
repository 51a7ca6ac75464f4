"""Draws recorded clips once more, as if other things of their kind had made them, so that a network learns the kind and not the clip."""

import numpy as np

import counts
import net
from augment import augment
from data import CLASS_OF, ECHO_DB, MARGIN, Set, fold_of, load, mark_weaker, permissive
from draw import misplaced, noise_pools, shifted
from recorder import Recorder
from synth import RATE
from synth_near import process
from synth_yard import in_yard


def at_speed(rng, clip):
    """A cut clip played faster or slower about its onset, as if what sounds were smaller or larger; turned round where it lacks an end."""
    speed = np.exp(rng.uniform(-0.25, 0.25))
    x = np.asarray(clip, np.float64)
    if speed > 1:
        spectrum = np.fft.rfft(x)
        f = np.fft.rfftfreq(len(x), 1 / RATE)
        x = np.fft.irfft(spectrum * np.clip((5900 / speed - f) / 200, 0, 1), len(x))
    at = MARGIN + net.ONSET + rng.integers(-15, 16) + (np.arange(net.SAMPLES) - net.ONSET) * speed
    at = np.abs(at)
    at = np.where(at > len(x) - 1, 2 * (len(x) - 1) - at, at)
    low = np.floor(at).astype(int)
    part = at - low
    point = lambda k: x[np.clip(low + k, 0, len(x) - 1)]
    a, b, c, d = point(-1), point(0), point(1), point(2)  # cubic (Catmull-Rom) between samples
    return b + 0.5 * part * (c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a)))


def varied(folder, rng, _member, size=1.0):
    """What was recorded once more, at other speeds, two at once, through rooms, limiters and recorders: what errs most often most often."""
    rows, clips = load(folder, "real")
    mark_weaker(rows)
    pools = noise_pools(rows, clips, ("street", "rain", "sea_waves", "helicopter"), rng, True)
    use = [i for i, r in enumerate(rows) if r["what"] != "ungrouped" and permissive(r) and not (r["what"] == "echo" and r["weakerDb"] < ECHO_DB)]
    shot = {i for i in use if rows[i]["what"] == "shot"}
    beside = {k: [i for i in use if i not in shot and rows[i]["source"] == "sounds" and fold_of(rows[i]) == k] for k in {fold_of(rows[i]) for i in use}}
    recorder = Recorder(rng)
    out = Set()
    for i in use:
        row = rows[i]
        fold = fold_of(row)
        count = counts.VARIED["unsure"] if row.get("unsure") else counts.VARIED.get(row["what"], 0.6)
        for _ in range(int(count * size + rng.random())):
            x = at_speed(rng, clips[i]) if rng.random() < 0.7 else shifted(clips[i], rng)
            x = x / (np.abs(x).max() + 1e-9)
            if row["source"] == "sounds" and rng.random() < 0.25:  # another such sound under it
                other = at_speed(rng, clips[rng.choice(beside[fold])])
                other = np.roll(other, 0 if rng.random() < 0.5 else rng.integers(net.SAMPLES))
                x = x + 10 ** (-rng.uniform(0, 20) / 20) * other / (np.abs(other).max() + 1e-9)
            way = rng.random()
            if way < 0.2:
                x = in_yard(rng, x)
            if way < 0.45:
                x = process(rng, x, recorder.rooms)
            x = recorder.record(rng, x, pools[fold], False) if rng.random() < 0.4 else augment(rng, x, pools[fold], False)
            out.add(misplaced(rng, x), CLASS_OF.get(row["what"], "other"), fold, row["what"])
    return out.arrays()
