"""Refits the last two layers on the frozen trunk of each model that train.py made: cheap enough for many epochs, and with
recorded clips counting more than simulated ones.

  python models/train/head.py --clips CLIPS --folds FOLDS [--seed 1]      writes FOLDS/<fold>-head.npz
"""

import argparse
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np

import data
import net

HEAD = ("ew", "eb", "ow", "ob")
RECORDED_WEIGHT = 2.5
EPOCHS = 14


def trunks(params, mel, fine):
    run = jax.jit(lambda a, b: net.trunk(params, a, b))
    parts = [run(mel[i : i + 512].astype(np.float32), fine[i : i + 512].astype(np.float32)) for i in range(0, len(mel), 512)]
    return np.concatenate([np.asarray(p) for p in parts])


def refit(params, x, labels, weights, rng):
    p = {k: jnp.asarray(params[k]) for k in HEAD}
    m = jax.tree.map(jnp.zeros_like, p)
    v = jax.tree.map(jnp.zeros_like, p)
    counts = np.bincount(labels, weights, minlength=len(net.CLASSES))
    weights = weights * ((counts.sum() / np.maximum(counts, 1)) ** 0.3)[labels]
    weights = (weights / weights.mean()).astype(np.float32)

    def loss(p, x, y, w, key):
        x = x * jax.random.bernoulli(key, 0.8, x.shape) / 0.8
        e = jax.nn.relu(x @ p["ew"] + p["eb"])
        logp = jax.nn.log_softmax(e @ p["ow"] + p["ob"])
        return -(w * jnp.take_along_axis(logp, y[:, None], 1)[:, 0]).mean()

    @jax.jit
    def step(p, m, v, t, rate, x, y, w, key):
        g = jax.grad(loss)(p, x, y, w, key)
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        p = jax.tree.map(
            lambda q, a, b: q * (1 - rate * (2e-2 if q.ndim > 1 else 0)) - rate * (a / (1 - 0.9**t)) / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8),
            p, m, v,
        )
        return p, m, v

    size, t = 512, 0
    steps = EPOCHS * (len(labels) // size)
    key = jax.random.PRNGKey(int(rng.integers(1 << 30)))
    for _ in range(EPOCHS):
        order = rng.permutation(len(labels))
        for i in range(0, len(order) - size + 1, size):
            pick = order[i : i + size]
            t += 1
            rate = 1e-3 * min(1, t / 50) * 0.5 * (1 + np.cos(np.pi * t / (steps + 1)))
            key, drop = jax.random.split(key)
            p, m, v = step(p, m, v, float(t), rate, x[pick], labels[pick], weights[pick], drop)
    return {**params, **{k: np.asarray(p[k]) for k in HEAD}}


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--clips", required=True)
    args.add_argument("--folds", required=True)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--size", type=float, default=0.5)
    a = args.parse_args()
    began = time.time()
    kept = pathlib.Path(a.folds) / "head-set.npz"
    if kept.exists():
        sets = dict(np.load(kept))
    else:
        rng = np.random.default_rng(a.seed + 100)
        made, real = data.simulated(a.clips, rng, a.size), data.recorded(a.clips, rng, a.size * 1.4)
        sets = {n: np.concatenate([made[k], real[k]]) for k, n in enumerate(("mel", "fine", "label", "fold"))}
        sets["weight"] = np.concatenate([np.ones(len(made[2])), np.full(len(real[2]), RECORDED_WEIGHT)])
        np.savez(kept, **sets)
    print(f"{len(sets['label'])} clips {np.bincount(sets['label']).tolist()} {time.time() - began:.0f} s", flush=True)
    for name in ["all", *map(str, range(data.FOLDS))]:
        source = pathlib.Path(a.folds) / f"{name}.npz"
        # Resumes where an earlier run stopped.
        if not source.exists() or pathlib.Path(a.folds, f"{name}-head.npz").exists():
            continue
        params = dict(np.load(source))
        keep = np.flatnonzero(sets["fold"] != (-2 if name == "all" else int(name)))
        x = trunks(params, sets["mel"][keep], sets["fine"][keep])
        rng = np.random.default_rng(a.seed + 200)
        refitted = refit(params, x, sets["label"][keep], sets["weight"][keep], rng)
        np.savez(f"{a.folds}/{name}-head.npz", **refitted)
        print(f"{name} {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
