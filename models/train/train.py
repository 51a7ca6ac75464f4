"""Trains the released network and one for each fold from cut clips; see models/README.md.

  python models/train/train.py --clips CLIPS --folds FOLDS [--seed 1] [--size 1]      writes FOLDS/{base,all,0..5}.npz
"""

import argparse
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np

import data
import net


def train(mel, fine, labels, rng, epochs, note="", start=None, peak=2e-3):
    params = {k: jnp.asarray(v) for k, v in (start or net.init(rng)).items()}
    m = jax.tree.map(jnp.zeros_like, params)
    v = jax.tree.map(jnp.zeros_like, params)
    counts = np.bincount(labels, minlength=len(net.CLASSES))
    class_weight = jnp.asarray((counts.sum() / np.maximum(counts, 1) / len(counts)) ** 0.5, jnp.float32)

    def loss(p, mel, fine, y, key):
        out, _ = net.logits(p, mel, fine, key)
        logp = jax.nn.log_softmax(out)
        smooth = 0.02 / len(net.CLASSES)
        target = jax.nn.one_hot(y, len(net.CLASSES)) * 0.98 + smooth
        weight = class_weight[y]
        return -(weight * (target * logp).sum(1)).sum() / weight.sum()

    @jax.jit
    def step(p, m, v, t, rate, mel, fine, y, key):
        value, g = jax.value_and_grad(loss)(p, mel, fine, y, key)
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        p = jax.tree.map(
            lambda w, a, b: w * (1 - rate * (3e-2 if w.ndim > 1 else 0)) - rate * (a / (1 - 0.9**t)) / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8),
            p, m, v,
        )
        return p, m, v, value

    size = 256
    steps = epochs * (len(labels) // size)
    t = 0
    key = jax.random.PRNGKey(int(rng.integers(1 << 30)))
    began = time.time()
    for epoch in range(epochs):
        order = rng.permutation(len(labels))
        total = 0.0
        for i in range(0, len(order) - size + 1, size):
            pick = np.sort(order[i : i + size])
            t += 1
            rate = peak * min(1, t / 50) * 0.5 * (1 + np.cos(np.pi * t / (steps + 1)))
            key, drop = jax.random.split(key)
            a = mel[pick].astype(np.float32)
            # Masks and shifts on the image: a band or a stretch of time may be missing.
            a += rng.normal(0, 0.1, (size, 1, 1)).astype(np.float32)
            if rng.random() < 0.5:
                f0 = rng.integers(0, net.MELS - 6)
                a[:, f0 : f0 + rng.integers(1, 6)] = a.mean()
            if rng.random() < 0.3:
                t0 = rng.integers(30, net.FRAMES - 20)
                a[:, :, t0 : t0 + rng.integers(4, 20)] = a.mean()
            params, m, v, value = step(params, m, v, float(t), rate, a, fine[pick].astype(np.float32), labels[pick], drop)
            total += float(value)
        print(f"{note}epoch {epoch + 1}/{epochs} loss {total / (len(order) // size):.4f} {time.time() - began:.0f} s", flush=True)
    return {k: np.asarray(v) for k, v in params.items()}


def predict(params, mel, fine):
    run = jax.jit(lambda a, b: net.logits(params, a, b)[0])
    return np.concatenate([np.asarray(run(mel[i : i + 512].astype(np.float32), fine[i : i + 512].astype(np.float32))) for i in range(0, len(mel), 512)])


def real_features(rows, clips):
    parts = [net.features(np.asarray(clips[i : i + 512, data.MARGIN : data.MARGIN + net.SAMPLES])) for i in range(0, len(clips), 512)]
    return np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts])


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--clips", required=True)
    args.add_argument("--folds", required=True)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--size", type=float, default=1.0)
    args.add_argument("--epochs", type=int, default=8)
    args.add_argument("--tune-epochs", type=int, default=3)
    args.add_argument("--share", type=float, default=0.5, help="of the simulated clips that go into each fold's tuning")
    args.add_argument("--which", default="all,0,1,2,3,4,5", help="the released model (all) and the folds to train")
    args.add_argument("--base", help="a base.npz of an earlier run, to tune from it at once")
    a = args.parse_args()
    rng = np.random.default_rng(a.seed)
    began = time.time()
    pathlib.Path(a.folds).mkdir(parents=True, exist_ok=True)
    made = data.simulated(a.clips, rng, a.size)
    real = data.recorded(a.clips, rng, a.size)
    for name, part in (("simulated", made), ("recorded", real)):
        print(f"{name} {dict(zip(net.CLASSES, np.bincount(part[2], minlength=6).tolist()))} {time.time() - began:.0f} s", flush=True)
    # First what no fold holds out, then, fold by fold, what was recorded; the released model is tuned on all of it.
    if a.base:
        base = dict(np.load(a.base))
    else:
        base = train(*made[:3], np.random.default_rng(a.seed + 1), a.epochs, "base ")
    np.savez(f"{a.folds}/base.npz", **base)
    for fold in [-2 if name == "all" else int(name) for name in a.which.split(",")]:
        tune_rng = np.random.default_rng(a.seed + 10 + fold)
        some = tune_rng.permutation(len(made[2]))[: int(a.share * len(made[2]))]
        keep = np.flatnonzero(real[3] != fold)
        parts = [np.concatenate([made[k][some], real[k][keep]]) for k in range(3)]
        params = train(*parts, tune_rng, a.tune_epochs, f"fold {fold} ", base, 1.2e-3)
        np.savez(f"{a.folds}/{'all' if fold == -2 else fold}.npz", **params)
    print(f"done in {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
