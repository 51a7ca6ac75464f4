"""Collects what is learned from: recorded clips (with the fold they belong to) and synthetic ones."""

import json

import numpy as np

import net
from augment import augment
from synth import MAKERS
from synth_negatives import MAKERS as NEGATIVES

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
KIND_CLASS = {"close_shot": "gunshot", "firework": "firework", "firecrackers": "firework", "backfire": "vehicle", "door": "impact", "hammer": "impact",
              "metal": "impact", "glass": "glass", "balloon": "other", "babble": "other", "noise": "other",
              "crackle": "other", "drops": "other", "pop": "other", "bark": "other", "drum": "impact", "hammering": "impact", "fall": "impact"}
# Copies of each recorded impulse, by kind: hard and rare ones more often.
COPIES = {"shot": 15, "percussion_hit": 15, "street": 1.25, "echo": 0.6, "door": 37, "explosion": 19, "dog_bark": 3.7,
          "person_sneeze": 5, "music_loop": 10, "clock_tick": 5.5, "fire_crackling": 5, "helicopter": 2.5, "rain": 7.4,
          "sea_waves": 6.2, "baby_cry": 3.7, "rooster": 3.7, "chainsaw": 7.4}
# Copies of each impulse of the simulated world, and clips of our own synthesis.
SIMULATED = {"gunshot": 3, "sim_echo": 0.3, "sim_noise": 0.25, "firecrackers": 1.3, "firework": 4, "glass": 3, "door": 3,
             "balloon": 4, "babble": 5, "metal": 2, "hammer": 3, "backfire": 2}
# Copies of each impulse of spoken words.
SPEECH = 0.3
SYNTHETIC = {"gunshot": 2000, "close_shot": 3000, "firework": 1000, "vehicle": 600, "impact": 1400, "glass": 500,
             "crackle": 1500, "drum": 2500, "drops": 800, "hammering": 1000, "pop": 900, "fall": 800, "bark": 700}
# A later arrival this much weaker than one within 0.6 s before it is an echo, and no shot of its own.
ECHO_DB, ECHO_S = 8, 0.6


def fold_of(row):
    """The fold whose model must not learn from a recorded clip: cut-clips.ts gave each position and each group of recordings one."""
    return row["fold"]


def permissive(row):
    return row["source"] == "pittsburgh" or row.get("licence", "").startswith(PERMISSIVE)


def load(folder, name="real"):
    rows = [json.loads(line) for line in open(f"{folder}/{name}.jsonl")]
    clips = np.memmap(f"{folder}/{name}.f32", np.float32, "r").reshape(-1, STRIDE)
    assert len(rows) == len(clips), "jsonl and f32 differ: cut the clips again"
    return rows, clips


def looks_of(clips):
    """net.features of cut clips, block by block."""
    parts = [net.features(np.asarray(clips[i : i + 512, MARGIN : MARGIN + net.SAMPLES])) for i in range(0, len(clips), 512)]
    return [np.concatenate(x) for x in zip(*parts)]


class Set:
    """What net.features gives (float16), class index, kind, and the fold whose models must not learn from the clip (-1: none)."""

    def __init__(self):
        self.parts, self.labels, self.folds, self.kinds, self._batch = [], [], [], [], []

    def add(self, clip, name, fold, kind):
        self._batch.append(clip)
        self.labels.append(net.CLASSES.index(name))
        self.folds.append(fold)
        self.kinds.append(kind)
        if len(self._batch) == 256:
            self._flush()

    def _flush(self):
        if self._batch:
            self.parts.append([part.astype(np.float16) for part in net.features(np.stack(self._batch))])
            self._batch.clear()

    def arrays(self):
        self._flush()
        return {
            **{name: np.concatenate(parts) for name, parts in zip(("mel", "before", "fine"), zip(*self.parts))},
            "label": np.array(self.labels),
            "fold": np.array(self.folds),
            "what": np.array(self.kinds),
        }


def mark_weaker(rows):
    """Sets `weakerDb`: how much weaker than the loudest arrival of the same recording within ECHO_S before it."""
    before = []
    for row in rows:
        before = [r for r in before if r["group"] == row["group"] and r.get("file") == row.get("file") and 0 <= row["onsetS"] - r["onsetS"] < ECHO_S]
        row["weakerDb"] = max((r["peakDbFs"] for r in before), default=-200) - row["peakDbFs"]
        before.append(row)


def noise_pools(rows, clips, kinds, rng):
    """Quiet clips by fold, so that no fold is trained with another's noise."""
    pools = {}
    for i in rng.permutation(len(rows)):
        if rows[i]["what"] in kinds and permissive(rows[i]):
            pool = pools.setdefault(fold_of(rows[i]), [])
            if len(pool) < 120:
                x = np.array(clips[i, : net.SAMPLES], np.float64)
                pool.append(x / (x.std() + 1e-9))
    return pools


def shifted(clip, rng):
    shift = MARGIN + rng.integers(-30, 31)
    return np.array(clip[shift : shift + net.SAMPLES], np.float64)


def recorded(folder, rng, size=1.0):
    rows, clips = load(folder, "real")
    mark_weaker(rows)
    pools = noise_pools(rows, clips, ("street", "rain", "sea_waves", "helicopter"), rng)
    out = Set()
    for row, clip in zip(rows, clips):
        if row["what"] == "ungrouped" or not permissive(row):
            continue
        if row["what"] == "echo" and row["weakerDb"] < ECHO_DB:
            continue
        fold = fold_of(row)
        for k in range(int(COPIES.get(row["what"], 1) * size + rng.random())):
            x = shifted(clip, rng)
            x = augment(rng, x, pools[fold], False) if k > 0 or rng.random() < 0.5 else x.astype(np.float32)
            out.add(x, CLASS_OF.get(row["what"], "other"), fold, row["what"])
    return out.arrays()


def simulated(folder, rng, size=1.0):
    """The simulated world and our own synthesis: nothing recorded."""
    worlds = [load(folder, name) for name in ("sim", "distractors", "shots")]
    rows, clips = worlds[0]
    pool = [np.array(clips[i, : net.SAMPLES], np.float64) for i in range(len(rows)) if rows[i]["of"] == "noise"][:200]
    pool = [x / (x.std() + 1e-9) for x in pool]
    out = Set()
    for rows, clips in worlds:
        mark_weaker(rows)
        for row, clip in zip(rows, clips):
            what = row["what"]
            if what == "sim_echo" and row["of"] == "gunshot" and row["weakerDb"] < ECHO_DB:
                continue
            name = row["soundClass"]
            if what == "sim_echo" and row["of"] != "gunshot":
                name = KIND_CLASS[row["of"]]
            for k in range(int(SIMULATED.get(what, 1) * size + rng.random())):
                x = shifted(clip, rng)
                out.add(augment(rng, x, pool, False) if k > 0 or rng.random() < 0.4 else x.astype(np.float32), name, -1, what)
    rows, clips = load(folder, "speech")
    for row, clip in zip(rows, clips):
        for _ in range(int(SPEECH * size + rng.random())):
            x = shifted(clip, rng)
            out.add(augment(rng, x, pool, False) if rng.random() < 0.6 else x.astype(np.float32), "other", -1, "speech")
    for name, count in SYNTHETIC.items():
        for _ in range(int(count * size)):
            sound = np.roll({**MAKERS, **NEGATIVES}[name](rng), rng.integers(-18, 19))
            out.add(augment(rng, sound, pool, True), KIND_CLASS.get(name, name), -1, name)
    return out.arrays()
