"""What core/acoustics/crowd.ts does: an impulse among many of its kind is seldom a shot.

The weights are round numbers from the middle of a plateau, chosen on held-out logits of recorded and simulated sound (models/README.md).
"""

import json
import pathlib

import numpy as np

WEIGHTS = {
    "withinS": 2.0,
    "likeDb": 9.0,
    "half": 3.5,
    "width": 0.7,
    "noShotLogOdds": 0.5,
    "shotLogOddsFrom": 1.2,
    "crowdLogOdds": 2.2,
    "echoDb": 2.0,
    "echoLogOdds": 1.2,
}
LEVEL_DB, NO_SHOT, SHOT, FAINTER_DB, LEAST = 2.5, 1.0, 0.3, 15.0, 6e-6


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sound_of(row):
    """Rows of one sound follow each other in order of onset."""
    return (row["source"], row.get("file") or row["group"], row.get("sensor"))


def judged(rows, p, weights=WEIGHTS):
    """Probabilities [n, classes] of impulses alone -> with those before them in the same sound counted."""
    bounded = np.clip(p[:, 0].astype(np.float64), LEAST, 1 - LEAST)
    own = np.log(bounded / (1 - bounded))
    onset, level = (np.array([row[name] for row in rows], np.float64) for name in ("onsetS", "peakDbFs"))
    out = own.copy()
    first, sound = 0, None
    for i, row in enumerate(rows):
        if sound_of(row) != sound:
            first, sound = i, sound_of(row)
        before = np.arange(first, i)
        before = before[onset[i] - onset[before] < weights["withinS"]]
        louder = level[before] - level[i]
        among = (sigmoid((louder + weights["likeDb"]) / LEVEL_DB) * sigmoid((weights["noShotLogOdds"] - own[before]) / NO_SHOT)).sum()
        shot = sigmoid((own[before] - weights["shotLogOddsFrom"]) / SHOT)
        after = shot[louder > -FAINTER_DB].max(initial=0)
        echo = (shot * sigmoid((louder - weights["echoDb"]) / LEVEL_DB)).max(initial=0)
        crowded = sigmoid((np.log(among + 1e-3) - np.log(weights["half"])) / weights["width"])
        out[i] -= weights["crowdLogOdds"] * crowded * (1 - after) + weights["echoLogOdds"] * echo
    gunshot = sigmoid(out)
    rest = p[:, 1:] * ((1 - gunshot) / np.maximum(1 - p[:, 0], 1e-12))[:, None]
    return np.concatenate([gunshot[:, None], rest], 1).astype(np.float32)


def vectors(path):
    """Impulses of made-up sounds, alone and judged, for the test that holds the device to this code."""
    rng = np.random.default_rng(1)
    rows = [
        {"source": "made", "group": str(sound), "onsetS": round(float(at), 6), "peakDbFs": round(float(rng.uniform(-40, 0)), 3)}
        for sound in range(6)
        for at in np.cumsum(rng.exponential(0.15, 20))
    ]
    alone = rng.dirichlet(np.full(6, 0.3), len(rows))
    said = judged(rows, np.round(alone, 7))
    out = [
        {"sound": row["group"], "onsetS": row["onsetS"], "peakDbFs": row["peakDbFs"], "alone": [round(float(x), 7) for x in a], "scores": [round(float(x), 6) for x in s]}
        for row, a, s in zip(rows, alone, said)
    ]
    pathlib.Path(path).write_text(json.dumps(out))
