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

BATCH = 256
# Of a batch of the tuning: recorded clips; the rest is simulated and synthetic.
RECORDED_SHARE = 0.6
# What is laid under other clips while training.
STEADY = ("street", "rain", "sea_waves", "helicopter", "chainsaw", "sim_noise", "noise")
# How fast the averaged weights, which are the result, follow those that are stepped.
FOLLOW = 0.01


def over_noise(rng, mel, fine, noise_mel, noise_fine):
    """Lays another clip under each: powers add in the log-mel, samples in the wave."""
    power = np.exp(4 * mel - 12)
    gain = 10 ** (-rng.uniform(6, 50, (len(mel), 1, 1)).astype(np.float32) / 10)
    under = np.exp(4 * noise_mel - 12)
    mel = (np.log(power + gain * under + net.FLOOR) + 12) / 4
    return mel, np.clip(fine + np.sqrt(gain[:, 0]) * noise_fine, -2, 2)


def masked(rng, mel):
    """The image with shifts of level, and a band or a stretch of time missing in some."""
    mel += rng.normal(0, 0.1, (len(mel), 1, 1)).astype(np.float32)
    if rng.random() < 0.4:
        f0 = rng.integers(0, net.MELS - 6)
        mel[: len(mel) // 2, f0 : f0 + rng.integers(1, 6)] = mel.mean()
    if rng.random() < 0.3:
        t0 = rng.integers(30, net.FRAMES - 20)
        mel[len(mel) // 2 :, :, t0 : t0 + rng.integers(4, 20)] = mel.mean()
    return mel


def train(sets, rng, steps, note, start, peak):
    """sets: [(set of data.py, indices to use, share of a batch)]. Returns the averaged weights."""
    params = {k: jnp.asarray(v) for k, v in start.items()}
    m = jax.tree.map(jnp.zeros_like, params)
    v = jax.tree.map(jnp.zeros_like, params)
    mean = params

    def loss(p, mel, fine, y, key):
        out, _ = net.logits(p, mel, fine, key)
        logp = jax.nn.log_softmax(out)
        target = jax.nn.one_hot(y, len(net.CLASSES)) * 0.98 + 0.02 / len(net.CLASSES)
        # Shot or not counts once more than which of the others it is.
        shot = logp[:, 0]
        no_shot = jax.nn.logsumexp(logp[:, 1:], axis=1)
        return -(target * logp).sum(1).mean() - jnp.where(y == 0, shot, no_shot).mean()

    @jax.jit
    def step(p, m, v, mean, t, rate, mel, fine, y, key):
        value, g = jax.value_and_grad(loss)(p, mel, fine, y, key)
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        p = jax.tree.map(
            lambda w, a, b: w * (1 - rate * (3e-2 if w.ndim > 1 else 0)) - rate * (a / (1 - 0.9**t)) / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8),
            p, m, v,
        )
        follow = jnp.maximum(FOLLOW, 1 / t)
        return p, m, v, jax.tree.map(lambda a, w: a + follow * (w - a), mean, p), value

    key = jax.random.PRNGKey(int(rng.integers(1 << 30)))
    steady = [use[np.isin(s["what"][use], STEADY)] for s, use, _ in sets]
    began, total = time.time(), 0.0
    for t in range(1, steps + 1):
        parts = []
        for (s, use, share), noise in zip(sets, steady):
            pick = rng.choice(use, int(round(share * BATCH)))
            a, b = s["mel"][pick].astype(np.float32), s["fine"][pick].astype(np.float32)
            if len(noise):
                some = np.flatnonzero(rng.random(len(pick)) < 0.35)
                under = rng.choice(noise, len(some))
                a[some], b[some] = over_noise(rng, a[some], b[some], s["mel"][under].astype(np.float32), s["fine"][under].astype(np.float32))
            parts.append((masked(rng, a), b, s["label"][pick]))
        rate = peak * min(1, t / 50) * 0.5 * (1 + np.cos(np.pi * t / (steps + 1)))
        key, drop = jax.random.split(key)
        params, m, v, mean, value = step(params, m, v, mean, float(t), rate, *(np.concatenate(x) for x in zip(*parts)), drop)
        total += float(value)
        if t % 100 == 0:
            print(f"{note}step {t}/{steps} loss {total / 100:.4f} {time.time() - began:.0f} s", flush=True)
            total = 0.0
    return {k: np.asarray(w) for k, w in mean.items()}


def predict(params, mel, fine):
    run = jax.jit(lambda a, b: net.logits(params, a, b)[0])
    return np.concatenate([np.asarray(run(mel[i : i + 512].astype(np.float32), fine[i : i + 512].astype(np.float32))) for i in range(0, len(mel), 512)])


def real_features(clips):
    parts = [net.features(np.asarray(clips[i : i + 512, data.MARGIN : data.MARGIN + net.SAMPLES])) for i in range(0, len(clips), 512)]
    return np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts])


def kept(path, make):
    """A set, made once: an interrupted run goes on where it stopped."""
    if not pathlib.Path(path).exists():
        np.savez(path, **make())
    return dict(np.load(path))


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--clips", required=True)
    args.add_argument("--folds", required=True)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--size", type=float, default=1.0)
    args.add_argument("--steps", type=int, default=2000, help="of the base")
    args.add_argument("--tune-steps", type=int, default=600, help="of the released model and of each fold")
    args.add_argument("--which", default="all,0,1,2,3,4,5", help="the released model (all) and the folds to train")
    a = args.parse_args()
    began = time.time()
    pathlib.Path(a.folds).mkdir(parents=True, exist_ok=True)
    made = kept(f"{a.folds}/made-set.npz", lambda: data.simulated(a.clips, np.random.default_rng(a.seed), a.size))
    real = kept(f"{a.folds}/real-set.npz", lambda: data.recorded(a.clips, np.random.default_rng(a.seed + 1), a.size))
    for name, part in (("made", made), ("recorded", real)):
        print(f"{name} {dict(zip(net.CLASSES, np.bincount(part['label'], minlength=6).tolist()))} {time.time() - began:.0f} s", flush=True)
    # First what no fold holds out, then, fold by fold, what was recorded; the released model is tuned on all of it.
    every = np.arange(len(made["label"]))
    if not pathlib.Path(f"{a.folds}/base.npz").exists():
        rng = np.random.default_rng(a.seed + 2)
        np.savez(f"{a.folds}/base.npz", **train([(made, every, 1.0)], rng, a.steps, "base ", net.init(rng), 2e-3))
    base = dict(np.load(f"{a.folds}/base.npz"))
    for name in a.which.split(","):
        fold = -2 if name == "all" else int(name)
        sets = [(real, np.flatnonzero(real["fold"] != fold), RECORDED_SHARE), (made, every, 1 - RECORDED_SHARE)]
        params = train(sets, np.random.default_rng(a.seed + 10 + fold), a.tune_steps, f"{name} ", base, 1.5e-3)
        np.savez(f"{a.folds}/{name}.npz", **params)
    print(f"done in {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
