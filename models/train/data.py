"""Collects what is learned from: recorded clips (with the fold they belong to) and synthetic ones."""

import json

import numpy as np

import net
from augment import augment
from recorder import Recorder
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
# Copies of each recorded impulse, by kind, for each network: hard and rare ones more often. 0: none.
RARE = {"echo": 0.6, "door": 37, "explosion": 19, "dog_bark": 3.7, "person_sneeze": 5, "clock_tick": 5.5, "fire_crackling": 5,
        "baby_cry": 3.7, "rooster": 3.7, "chainsaw": 7.4}
COPIES = {
    "first": {**RARE, "shot": 15, "percussion_hit": 15, "street": 1.25, "unsure": 1.25, "music_loop": 10, "helicopter": 2.5, "rain": 7.4, "sea_waves": 6.2},
    "second": {**RARE, "shot": 18, "percussion_hit": 18, "street": 1.6, "unsure": 0, "music_loop": 12, "helicopter": 4, "rain": 9, "sea_waves": 8},
}
# Copies of each impulse of the simulated world, and clips of our own synthesis.
WORLD = {"glass": 3, "door": 3, "babble": 5, "metal": 2, "hammer": 3, "backfire": 2}
SIMULATED = {
    "first": {**WORLD, "gunshot": 3, "sim_echo": 0.3, "sim_noise": 0.25, "firecrackers": 1.3, "firework": 4, "balloon": 4},
    "second": {**WORLD, "gunshot": 4, "sim_echo": 0.4, "sim_noise": 0.8, "firecrackers": 0.8, "firework": 2.5, "balloon": 2.5},
}
# Copies of each impulse of spoken words.
SPEECH = 0.3
SYNTHETIC = {"gunshot": 2000, "close_shot": 3000, "firework": 1000, "vehicle": 600, "impact": 1400, "glass": 500,
             "crackle": 1500, "drum": 2500, "drops": 800, "hammering": 1000, "pop": 900, "fall": 800, "bark": 700}
# The same for the faint and otherwise recorded ones; what comes with a shot is plenty.
FAINT = {"gunshot": 1.7, "firecrackers": 2, "sim_noise": 0.5, "sim_echo": 0.2}
FAINT_OTHERS = {"sim_noise": 1.5, "sim_echo": 0.8, "firecrackers": 2}
FAINT_SYNTHETIC = {"gunshot": 500, "close_shot": 900, "impact": 500, "drum": 500, "hammering": 300, "pop": 200, "fall": 200, "crackle": 300, "drops": 200}
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


def noise_pools(rows, clips, kinds, rng, unsure):
    """Quiet clips by fold, so that no fold is trained with another's noise."""
    pools = {}
    for i in rng.permutation(len(rows)):
        if rows[i]["what"] in kinds and (unsure or not rows[i].get("unsure")) and permissive(rows[i]):
            pool = pools.setdefault(fold_of(rows[i]), [])
            if len(pool) < 120:
                x = np.array(clips[i, : net.SAMPLES], np.float64)
                pool.append(x / (x.std() + 1e-9))
    return pools


def shifted(clip, rng):
    shift = MARGIN + rng.integers(-30, 31)
    return np.array(clip[shift : shift + net.SAMPLES], np.float64)


def recorded(folder, rng, member, size=1.0):
    copies = COPIES[member]
    rows, clips = load(folder, "real")
    mark_weaker(rows)
    pools = noise_pools(rows, clips, ("street", "rain", "sea_waves", "helicopter"), rng, copies["unsure"] > 0)
    out = Set()
    for row, clip in zip(rows, clips):
        if row["what"] == "ungrouped" or not permissive(row):
            continue
        if row["what"] == "echo" and row["weakerDb"] < ECHO_DB:
            continue
        fold = fold_of(row)
        count = copies["unsure"] if row.get("unsure") else copies.get(row["what"], 1)
        if count == 0:
            continue
        for k in range(int(count * size + rng.random())):
            x = shifted(clip, rng)
            x = augment(rng, x, pools[fold], False) if k > 0 or rng.random() < 0.5 else x.astype(np.float32)
            out.add(x, CLASS_OF.get(row["what"], "other"), fold, row["what"])
    return out.arrays()


def simulated(folder, rng, member, size=1.0):
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
            for k in range(int(SIMULATED[member].get(what, 1) * size + rng.random())):
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


def faint(folder, rng, _member, size=1.0):
    """More of the simulated world, down to what is hardly above the street, through recorders of recorder.py."""
    worlds = [(load(folder, "faint-shots"), FAINT, 1), (load(folder, "faint-others"), FAINT_OTHERS, 4)]
    rows, clips = worlds[1][0]
    quiet = [i for i in range(len(rows)) if rows[i]["what"] == "sim_noise"][:150]
    pool = [np.array(clips[i, : net.SAMPLES], np.float64) for i in quiet]
    pool = [x / (x.std() + 1e-9) for x in pool]
    recorder = Recorder(rng)
    out = Set()
    for (rows, clips), copies, most in worlds:
        mark_weaker(rows)
        for row, clip in zip(rows, clips):
            what, of = row["what"], row["of"]
            if what == "sim_echo" and of == "gunshot" and row["weakerDb"] < ECHO_DB:
                continue
            name = KIND_CLASS[of] if what == "sim_echo" and of != "gunshot" else row["soundClass"]
            for k in range(int(copies.get(what, most) * size + rng.random())):
                x = shifted(clip, rng)
                out.add(recorder.record(rng, x, pool, False) if k > 0 or rng.random() < 0.6 else x.astype(np.float32), name, -1, what)
    for name, count in FAINT_SYNTHETIC.items():
        for _ in range(int(count * size)):
            sound = np.roll({**MAKERS, **NEGATIVES}[name](rng), rng.integers(-18, 19))
            out.add(recorder.record(rng, sound, pool, True), KIND_CLASS.get(name, name), -1, name)
    return out.arrays()


def street(folder, rng, _member, size=1.0):
    """Chance peaks of street noise alone."""
    rows, clips = load(folder, "street")
    recorder = Recorder(rng)
    out = Set()
    for row, clip in zip(rows, clips):
        out.add(shifted(clip, rng).astype(np.float32), row["soundClass"], -1, row["what"])
        if rng.random() < 0.4 * size:
            out.add(recorder.record(rng, shifted(clip, rng), [], False), row["soundClass"], -1, row["what"])
    return out.arrays()
