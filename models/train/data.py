"""Cut clips, and sets of what is learned from: features, class, and the fold whose models must not learn from each."""

import json

import numpy as np

import net

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
              "loud_shot": "gunshot", "blown_shot": "gunshot", "explosion": "other", "thunder": "other", "near_blast": "gunshot", "game_shot": "gunshot",
              "rotor": "other", "rush": "other", "snap": "other", "swing": "impact", "slam": "impact", "stroke": "impact",
              "open_blast": "gunshot", "supersonic": "gunshot", "automatic": "gunshot", "drill": "impact", "double": "impact", "single": "impact",
              "crackle": "other", "drops": "other", "pop": "other", "dropout": "other", "handling": "other", "bark": "other", "drum": "impact", "hammering": "impact", "fall": "impact"}
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
