"""What core/acoustics/crowd.ts does: an impulse among many of its kind is seldom a shot.

The weights are round numbers from the middle of a plateau, chosen on held-out logits of recorded and simulated sound (models/README.md);
scale and bias are fitted.
"""

import json
import pathlib

import numpy as np
from scipy.optimize import minimize

WEIGHTS = {
    "withinS": 2.0,
    "likeDb": 9.0,
    "half": 3.5,
    "width": 0.7,
    "noShotLogOdds": 0.0,
    "shotLogOddsFrom": 0.8,
    "shotShare": 0.1,
    "crowdLogOdds": 2.2,
    "echoDb": 2.0,
    "echoLogOdds": 1.2,
    "scale": 1.0,
    "bias": 0.0,
}
LEVEL_DB, NO_SHOT, SHOT, LEAST = 2.5, 1.0, 0.5, 6e-6


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sound_of(row):
    """Rows of one sound follow each other in order of onset."""
    return (row["source"], row.get("file") or row["group"], row.get("sensor"))


def log_odds(rows, p, weights=WEIGHTS):
    """Log odds [n] of a gunshot with those before each impulse in the same sound counted, before scale and bias."""
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
        like = sigmoid((louder + weights["likeDb"]) / LEVEL_DB)
        shot = sigmoid((own[before] - weights["shotLogOddsFrom"]) / SHOT)
        among = (like * sigmoid((weights["noShotLogOdds"] - own[before]) / NO_SHOT)).sum()
        after = (1 - np.prod(1 - like * shot)) * min(1, (like * shot).sum() / max(weights["shotShare"] * among, 1e-12))
        echo = (shot * sigmoid((louder - weights["echoDb"]) / LEVEL_DB)).max(initial=0)
        crowded = sigmoid((np.log(among + 1e-3) - np.log(weights["half"])) / weights["width"])
        out[i] -= weights["crowdLogOdds"] * crowded * (1 - after) + weights["echoLogOdds"] * echo
    return out


def calibrated(log_odds, hit):
    """WEIGHTS with the scale and bias under which log odds [n] say how often they hit [n]: Platt scaling after the crowd."""
    cost = lambda x: np.logaddexp(0, np.where(hit, -1, 1) * (x[0] * log_odds + x[1])).mean()
    scale, bias = minimize(cost, [1.0, 0.0], method="L-BFGS-B").x
    return {**WEIGHTS, "scale": round(float(scale), 4), "bias": round(float(bias), 4)}


def judged(p, log_odds, weights):
    """Probabilities [n, classes] of impulses alone, and their log odds with those before them -> what the device says."""
    gunshot = sigmoid(weights["scale"] * log_odds + weights["bias"])
    rest = p[:, 1:] * ((1 - gunshot) / np.maximum(1 - p[:, 0], 1e-12))[:, None]
    return np.concatenate([gunshot[:, None], rest], 1).astype(np.float32)


def vectors(path, weights):
    """Impulses of made-up sounds, alone and judged, for the test that holds the device to this code."""
    rng = np.random.default_rng(1)
    rows = [
        {"source": "made", "group": str(sound), "onsetS": round(float(at), 6), "peakDbFs": round(float(rng.uniform(-40, 0)), 3)}
        for sound in range(6)
        for at in np.cumsum(rng.exponential(0.15, 20))
    ]
    alone = rng.dirichlet(np.full(6, 0.3), len(rows))
    alone = np.round(alone, 7)
    said = judged(alone, log_odds(rows, alone, weights), weights)
    out = [
        {"sound": row["group"], "onsetS": row["onsetS"], "peakDbFs": row["peakDbFs"], "alone": [round(float(x), 7) for x in a], "scores": [round(float(x), 6) for x in s]}
        for row, a, s in zip(rows, alone, said)
    ]
    pathlib.Path(path).write_text(json.dumps(out))
