"""Collects what is learned from: recorded clips (with the fold they belong to) and synthetic ones."""

import hashlib
import json

import numpy as np

import net
from augment import augment
from synth import MAKERS

MARGIN = 120
STRIDE = net.SAMPLES + 2 * MARGIN
FOLDS = 6
PERMISSIVE = ("CC0", "CC-BY-3", "CC-BY-4")
# What a recorded sound counts as. Anything not named is `other`.
CLASS_OF = {
    "shot": "gunshot",
    "car_backfire": "vehicle", "car_crash_impact": "vehicle", "engine": "vehicle", "tyre_skid": "vehicle",
    "percussion_hit": "impact", "impact_weapon": "impact", "door": "impact",
}
# Copies of each recorded impulse, by kind: hard and rare ones more often.
COPIES = {"shot": 10, "percussion_hit": 14, "street": 1.5, "door": 40, "explosion": 20, "dog_bark": 3, "person_sneeze": 3,
          "music_loop": 5, "clock_tick": 3, "fire_crackling": 1.5, "helicopter": 1.5, "rain": 2, "sea_waves": 2, "baby_cry": 3,
          "rooster": 2, "chainsaw": 2}
SYNTHETIC = {"gunshot": 5000, "firework": 1500, "vehicle": 1500, "impact": 3500, "glass": 1500}


def fold_of(row):
    if row["source"] == "pittsburgh":
        return int(row["group"][2:]) - 1
    return int(hashlib.sha256(row["group"].encode()).hexdigest(), 16) % FOLDS


def permissive(row):
    return row["source"] == "pittsburgh" or row.get("licence", "").startswith(PERMISSIVE)


def load(folder, name="real"):
    rows = [json.loads(line) for line in open(f"{folder}/{name}.jsonl")]
    clips = np.memmap(f"{folder}/{name}.f32", np.float32, "r").reshape(-1, STRIDE)
    assert len(rows) == len(clips), "jsonl and f32 differ: cut the clips again"
    return rows, clips


def build(folder, rng, size=1.0):
    """Training set: log-mels (float16), fine waves (float16), class index, fold (-1: in every fold's training), weight."""
    rows, clips = load(folder)
    quiet = [i for i, r in enumerate(rows) if r["what"] in ("street", "rain", "sea_waves", "helicopter") and permissive(r)]
    noise = np.stack([clips[i, :net.SAMPLES] for i in rng.choice(quiet, min(400, len(quiet)), replace=False)])
    noise /= noise.std(1, keepdims=True) + 1e-9
    mels, fines, labels, folds = [], [], [], []
    batch = []

    def flush():
        if batch:
            mel, fine = net.features(np.stack(batch))
            mels.append(mel.astype(np.float16))
            fines.append(fine.astype(np.float16))
            batch.clear()

    def add(clip, name, fold, clean):
        batch.append(augment(rng, clip, noise, clean))
        labels.append(net.CLASSES.index(name))
        folds.append(fold)
        if len(batch) == 256:
            flush()

    for row, clip in zip(rows, clips):
        if row["what"] in ("echo", "ungrouped") or not permissive(row):
            continue
        copies = COPIES.get(row["what"], 1) * size
        for _ in range(int(copies + rng.random())):
            shift = MARGIN + rng.integers(-30, 31)
            add(clip[shift : shift + net.SAMPLES].astype(np.float64), CLASS_OF.get(row["what"], "other"), fold_of(row), False)
    for name, count in SYNTHETIC.items():
        for _ in range(int(count * size)):
            add(np.roll(MAKERS[name](rng), rng.integers(-18, 19)), name, -1, True)
    flush()
    return np.concatenate(mels), np.concatenate(fines), np.array(labels), np.array(folds)
