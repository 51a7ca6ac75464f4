"""Trains models/gunshot/<version> from cut clips; see models/README.md.

  python models/train/train.py --clips CLIPS --out models/gunshot/1 [--seed 1] [--folds FOLDS_OUT] [--size 1]
"""

import argparse
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np

import data
import net
from export import export


def train(mel, fine, labels, rng, epochs, note=""):
    params = {k: jnp.asarray(v) for k, v in net.init(rng).items()}
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
    start = time.time()
    for epoch in range(epochs):
        order = rng.permutation(len(labels))
        total = 0.0
        for i in range(0, len(order) - size + 1, size):
            pick = np.sort(order[i : i + size])
            t += 1
            rate = 2e-3 * min(1, t / 50) * 0.5 * (1 + np.cos(np.pi * t / (steps + 1)))
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
        print(f"{note}epoch {epoch + 1}/{epochs} loss {total / (len(order) // size):.4f} {time.time() - start:.0f} s", flush=True)
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
    args.add_argument("--out", required=True)
    args.add_argument("--folds")
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--size", type=float, default=1.0)
    args.add_argument("--epochs", type=int, default=10)
    a = args.parse_args()
    rng = np.random.default_rng(a.seed)
    t0 = time.time()
    mel, fine, labels, folds = data.build(a.clips, rng, a.size)
    print(f"{len(labels)} clips {dict(zip(net.CLASSES, np.bincount(labels)))} {time.time() - t0:.0f} s", flush=True)
    pathlib.Path(a.out).mkdir(parents=True, exist_ok=True)
    params = train(mel, fine, labels, np.random.default_rng(a.seed + 1), a.epochs)
    export(params, 1.0, np.zeros(len(net.CLASSES), np.float32), f"{a.out}/model.onnx")


if __name__ == "__main__":
    main()
