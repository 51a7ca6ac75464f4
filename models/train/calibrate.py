"""Calibrates what train.py made, on clips that no part of each model has seen, and writes the models with it.

  python models/train/calibrate.py --clips CLIPS --folds FOLDS --out models/gunshot/<version> --version <version>

Vector scaling (C. Guo et al., "On calibration of modern neural networks", ICML 2017): one scale and a bias per class.
A fold's calibration is fitted on the other folds' held-out logits; the released one on all of them.
Writes cards with threshold and calibration: counts (the class prior), scale, bias, negative log-likelihood, calibration error.
"""

import argparse
import base64
import datetime
import hashlib
import json
import math
import pathlib

import numpy as np
from scipy.optimize import minimize

import crowd
import data
import net
from augment import augment
from export import OPSET, export
from synth import MAKERS
from synth_negatives import MAKERS as NEGATIVES
from train import predict

LEFT_OUT = ("echo", "ungrouped", "sim_echo")
KEPT = 0.987
SOUNDS = (
    "CC0 and CC BY rows of the sounds folder: ESC-10 (K. J. Piczak, ESC: Dataset for Environmental Sound Classification, 2015), clips of freesound.org's"
    " users, adapted: cut, resampled, filtered, mixed; a clip's name begins with its fold and its number there, authors stand in ESC-10's own list;"
    " and samples of Sonic Pi (CC0)"
)
# Of simulated clips one in so many counts: a string of crackers has dozens of impulses, and New Year's Eve is not the whole year.
ONE_OF = {"sim_noise": 4, "firecrackers": 4, "firework": 2}


def softmax(z):
    z = z - z.max(1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(1, keepdims=True)


def fit(z, y):
    def cost(p):
        q = softmax(z * np.exp(p[0]) + p[1:])
        return -np.log(q[np.arange(len(y)), y] + 1e-12).mean() + 1e-3 * (p[1:] ** 2).mean()

    best = minimize(cost, np.zeros(1 + z.shape[1]), method="L-BFGS-B").x
    return float(np.exp(best[0])), (best[1:] - best[1:].mean()).astype(np.float32)


def calibration_error(p, hit, bins=10):
    """Expected calibration error of a probability over bins of equal width."""
    which = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum((which == b).mean() * abs(p[which == b].mean() - hit[which == b].mean()) for b in range(bins) if (which == b).any()))


def members(folds_folder, name):
    """Weights of each network of a fold, or of the release (all)."""
    return {member: net.halved(np.load(f"{folds_folder}/{member}/{name}.npz")) for member in net.MEMBERS}


def together(networks, looks):
    return net.joint({member: predict(params, looks) for member, params in networks.items()})


def held_out(clips_folder, folds_folder):
    """Every recorded impulse, and simulated ones of another seed: rows, held-out logits, class, fold, and which of them count.

    The others stay because they are what those that count were heard among."""
    rows, clips = data.load(clips_folder, "real")
    made, made_clips = data.load(clips_folder, "held")
    counts = [r["what"] not in LEFT_OUT and not (r["what"] == "street" and r["unsure"]) for r in rows]
    counts += [r["what"] not in LEFT_OUT and i % ONE_OF.get(r["what"], 1) == 0 for i, r in enumerate(made)]
    fold = [data.fold_of(r) for r in rows] + [int(r["group"].split("/")[1]) % data.FOLDS for r in made]
    label = [net.CLASSES.index(data.CLASS_OF.get(r["what"], "other")) for r in rows] + [net.CLASSES.index(r["soundClass"]) for r in made]
    looks = [np.concatenate(x) for x in zip(data.looks_of(clips), data.looks_of(made_clips))]
    fold = np.array(fold)
    logits = np.zeros((len(fold), len(net.CLASSES)), np.float32)
    for k in range(data.FOLDS):
        pick = np.flatnonzero(fold == k)
        logits[pick] = together(members(folds_folder, k), [x[pick] for x in looks])
    return rows + made, logits, np.array(label), fold, np.array(counts)


def card(folder, version, threshold, weights, more):
    """card.json beside model.onnx: what the device checks, and what models/evaluate.ts adds its figures to."""
    blob = pathlib.Path(folder, "model.onnx").read_bytes()
    content = {
        "name": "gunshot",
        "version": version,
        "sha256": hashlib.sha256(blob).hexdigest(),
        "bytes": len(blob),
        "opset": OPSET,
        "threshold": threshold,
        "classes": net.CLASSES,
        "input": {"name": "clip", "shape": ["n", net.SAMPLES], "sampleRateHz": net.RATE, "samples": net.SAMPLES, "onsetSample": net.ONSET},
        "outputs": {
            "scores": {"shape": ["n", len(net.CLASSES)], "what": "calibrated probabilities in the order of classes, of the sound alone"},
            "embedding": {"shape": ["n", net.EMBEDDING], "what": "frozen embedding that a site's own head can learn from"},
        },
        "crowd": weights,
        **more,
    }
    pathlib.Path(folder, "card.json").write_text(json.dumps(content, indent=2) + "\n")


def credits(clips_folder):
    """Whose recordings were learned from, of each package of elsewhere.json by licence: their licences ask that the authors be named."""
    packages = {}
    for row in map(json.loads, open(f"{clips_folder}/others.jsonl")):
        if row["learn"]:
            if not row.get("author"):
                raise SystemExit(f"others.jsonl: {row['file']} names no author; cut it again from recordings with a manifest that does")
            authors, shots = packages.setdefault((row["group"], row["version"]), ({}, set()))
            authors.setdefault(row["licence"], set()).add(row["author"])
            if row["kind"] == "shot":
                shots.add(row["file"])
    return [
        {
            "what": f"sounds of Debian's package {name} {version} as models/train/elsewhere.json lists them, adapted: cut, resampled, filtered, mixed"
            + (f"; {len(shots)} of them shots" if shots else ""),
            "licence": ", ".join(sorted(authors)),
            "authors": {licence: sorted(each) for licence, each in sorted(authors.items())},
        }
        for (name, version), (authors, shots) in sorted(packages.items())
    ]


def pick_threshold(rows, p):
    """The greatest threshold that leaves KEPT of the recorded shots of 6 dB and more over it."""
    shots = np.array([row["what"] == "shot" and row["snrDb"] >= 6 for row in rows])
    return math.floor(100 * float(np.quantile(p[shots, 0], 1 - KEPT))) / 100


def vectors(clips, networks, scale, bias, path):
    """Clips with what this code makes of them, for the test that holds the device to it."""
    pcm = np.stack([np.round(np.clip(clip, -1, 1) * 32767).astype("<i2") for clip in clips])
    scores = softmax(together(networks, net.features(pcm.astype(np.float32) / 32768)) * scale + bias)
    out = [{"pcm16": base64.b64encode(each.tobytes()).decode(), "scores": [float(s) for s in said]} for each, said in zip(pcm, scores)]
    pathlib.Path(path).write_text(json.dumps(out))


def main():
    args = argparse.ArgumentParser()
    for name in ("--clips", "--folds", "--out"):
        args.add_argument(name, required=True)
    args.add_argument("--version", required=True)
    a = args.parse_args()
    rows, logits, label, fold, counts = held_out(a.clips, a.folds)
    p = np.zeros_like(logits)
    for k in range(data.FOLDS):
        scale, bias = fit(logits[counts & (fold != k)], label[counts & (fold != k)])
        pick = fold == k
        p[pick] = softmax(logits[pick] * scale + bias)
        pathlib.Path(a.folds, str(k)).mkdir(exist_ok=True)
        export(members(a.folds, k), scale, bias, f"{a.folds}/{k}/model.onnx")
    scale, bias = fit(logits[counts], label[counts])
    odds, shot = crowd.log_odds(rows, p), label == 0
    weights = {k: crowd.calibrated(odds[counts & (fold != k)], shot[counts & (fold != k)]) for k in range(data.FOLDS)}
    for k in range(data.FOLDS):
        p[fold == k] = crowd.judged(p[fold == k], odds[fold == k], weights[k])
    weights["all"] = crowd.calibrated(odds[counts], shot[counts])
    rows, p, label, fold = [r for r, count in zip(rows, counts) if count], p[counts], label[counts], fold[counts]
    threshold = pick_threshold(rows, p)
    for k in range(data.FOLDS):  # what a fold reports is at a threshold that its clips had no say in
        others = np.flatnonzero(fold != k)
        card(f"{a.folds}/{k}", f"{a.version}-fold{k}", pick_threshold([rows[i] for i in others], p[others]), weights[k], {})
    pathlib.Path(a.out).mkdir(parents=True, exist_ok=True)
    released = members(a.folds, "all")
    export(released, scale, bias, f"{a.out}/model.onnx")
    made = [augment(np.random.default_rng(k), {**MAKERS, **NEGATIVES}[name](np.random.default_rng(k)), [], True) for k, name in enumerate({**MAKERS, **NEGATIVES})]
    vectors(made, released, scale, bias, f"{a.out}/vectors.json")
    crowd.vectors(f"{a.out}/crowd-vectors.json", weights["all"])
    real = np.array([r["source"] != "sim" for r in rows])
    report = {
        "method": "vector scaling, and after the crowd scale and bias of the gunshot's log odds, both cross-fitted over the folds; figures after both",
        "classPrior": {c: int(n) for c, n in zip(net.CLASSES, np.bincount(label, minlength=len(net.CLASSES)))},
        "scale": scale,
        "bias": [float(b) for b in bias],
        "accuracy": float((p.argmax(1) == label).mean()),
        "negativeLogLikelihood": float(-np.log(p[np.arange(len(label)), label] + 1e-12).mean()),
        "eceGunshot": calibration_error(p[:, 0], label == 0),
        "eceGunshotRecordedOnly": calibration_error(p[real, 0], label[real] == 0),
        "eceTopClass": calibration_error(p.max(1), p.argmax(1) == label),
        "reliability": [
            {"from": b / 10, "n": int(m.sum()), "said": float(p[m, 0].mean()), "true": float((label[m] == 0).mean())}
            for b in range(10)
            if (m := np.minimum((p[:, 0] * 10).astype(int), 9) == b).any()
        ],
    }
    trained = {member: json.loads(pathlib.Path(a.folds, member, "trained.json").read_text()) for member in net.MEMBERS}
    trained["shares"] = net.SHARES
    data_used = [
        {"what": "live fire of 18 December 2018, Pittsburgh, recorded by ShotSpotter", "licence": "CC BY 4.0"},
        {"what": SOUNDS, "licence": "CC0-1.0, CC BY 3.0"},
        {"what": "clips of the simulated world (sim/)", "licence": "Apache-2.0"},
        {"what": "impulses of models/train/synth*.py", "licence": "Apache-2.0"},
        *credits(a.clips),
        {"what": "words spoken by espeak-ng", "licence": "output of the program, no claim"},
    ]
    card(a.out, a.version, threshold, weights["all"], {"trained": datetime.date.today().isoformat(), "trainedWith": trained, "data": data_used, "calibration": report})
    shots = np.array([r["what"] == "shot" for r in rows])
    print("threshold", threshold, "recorded shots over it", float((p[shots, 0] >= threshold).mean()))
    print(json.dumps({k: v for k, v in report.items() if k != "reliability"}, indent=1))
    np.savez(f"{a.folds}/held-out.npz", p=p, label=label, fold=fold)
    json.dump(rows, open(f"{a.folds}/held-out.json", "w"))


if __name__ == "__main__":
    main()
