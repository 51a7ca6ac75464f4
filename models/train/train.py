"""Trains a network for the release and one for each fold from the sets of make_sets.py; see models/README.md.

  python models/train/train.py --folds FOLDS --member first|second|third [--seed 1]      writes FOLDS/MEMBER/{base,...,all,0..5}.npz
"""

import argparse
import json
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np

import data
import net

BATCH, PART = 256, 32
# What a batch of the third's tunings is made of.
TUNED = {"recorded": 0.27, "varied": 0.16, "others": 0.16, "second/made": 0.04, "second/faint": 0.1, "nearer": 0.03, "near": 0.02, "fire": 0.05, "yard": 0.06,
         "blown": 0.02, "flat": 0.06, "second/street": 0.03}
# What a batch is made of, by set, when the base is made, widened, tuned, and in the last steps; and how many steps each has.
STAGES = {
    "first": {
        "base": ({"second/made": 0.45, "second/faint": 0.4, "third/loud": 0.15}, 2600),
        "near": ({"second/made": 0.12, "second/faint": 0.16, "third/loud": 0.06, "third/near": 0.11, "third/nearer": 0.12, "third/fire": 0.18, "third/yard": 0.16,
                  "third/blown": 0.09}, 3000),
        "again": ({"third/recorded": 0.26, "third/varied": 0.24, "third/others": 0.17, "second/made": 0.04, "second/faint": 0.1, "third/loud": 0.02, "third/nearer": 0.03,
                   "third/near": 0.02, "third/fire": 0.04, "third/yard": 0.04, "third/blown": 0.01, "second/street": 0.03}, 1000),
    },
    "second": {
        "base": ({"made": 1.0}, 2600),
        "wide": ({"made": 0.5, "faint": 0.5}, 1200),
        "tuned": ({"recorded": 0.56, "made": 0.2, "faint": 0.24}, 700),
        "last": ({"recorded": 0.5, "made": 0.16, "faint": 0.2, "street": 0.14}, 180),
    },
    "third": {
        "loud": ({"second/made": 0.25, "second/faint": 0.3, "loud": 0.45}, 1300),
        "louder": ({"second/made": 0.25, "second/faint": 0.3, "loud": 0.45}, 2000),
        "near": ({"second/made": 0.18, "second/faint": 0.22, "loud": 0.15, "near": 0.45}, 4500),
        "fire": ({"second/made": 0.12, "second/faint": 0.18, "loud": 0.1, "near": 0.1, "nearer": 0.14, "fire": 0.36}, 2200),
        "longer": ({"second/made": 0.12, "second/faint": 0.18, "loud": 0.08, "near": 0.13, "nearer": 0.13, "fire": 0.36}, 2500),
        "flat": ({"second/made": 0.12, "second/faint": 0.18, "loud": 0.04, "near": 0.07, "nearer": 0.08, "fire": 0.17, "yard": 0.12, "blown": 0.06, "flat": 0.16}, 2000),
        "again": (TUNED, 1000),
        "more": (TUNED, 1000),
    },
}
# Where a member begins that does not begin at random: with what the second was before it heard anything recorded.
BEGIN = {"third": "second/wide.npz"}
# Greatest rate of each stage's steps.
PEAK = {"base": 2e-3, "last": 5e-4}
PEAK_ELSE = 1.5e-3
# Only these stages see what was recorded: once for the release, once for each fold.
OF_FOLD = ("tuned", "again", "more", "last")
# This begins where `again` began, and the mean of the weights of both is the result.
BESIDE = ("more",)
# What of the trunk's answers is kept, the rest is dropped, and the spread of responses laid over each clip's spectrum.
KEEP = {"again": 0.5, "more": 0.5}
KEEP_ELSE = 0.7
RESPONSES = {"again": 0.11, "more": 0.11}
SEED_OF = {"base": 2, "wide": 3, "loud": 4, "louder": 5, "near": 6, "fire": 7, "longer": 8, "flat": 9, "tuned": 10, "last": 20, "again": 30, "more": 40}
SEED_OF_MEMBER = {"first": 200, "second": 0, "third": 100}
# What is laid under other clips while training.
STEADY = ("street", "rain", "sea_waves", "helicopter", "chainsaw", "sim_noise", "noise")
# How fast the averaged weights, which are the result, follow those that are stepped.
FOLLOW = 0.01
# How often the second before is missing up to some instant, as where a recording begins.
NOTHING_BEFORE = 0.25
# How many get a slow wave.
WINDY = 0.04
# A clip is drawn as often as this, plus how far off the last answer was: the harder ones more often.
EASY = 0.3
SILENCE = (np.log(net.FLOOR) + 12) / 4
LOOKS = ("mel", "before", "fine")


def over_noise(rng, looks, under):
    """Lays another clip under each: powers add in the log-mels, samples in the wave."""
    gain = 10 ** (-rng.uniform(6, 50, (len(looks[0]), 1, 1)).astype(np.float32) / 10)
    logs = lambda a, b: (np.log(np.exp(4 * a - 12) + gain * np.exp(4 * b - 12) + net.FLOOR) + 12) / 4
    fine = np.clip(looks[2] + np.sqrt(gain[:, 0]) * under[2], -2, 2)
    return logs(looks[0], under[0]), logs(looks[1], under[1]), fine


def masked(rng, mel, before, responses):
    """The images with shifts of level, and with responses of no known recorder; a band or a stretch of time, or what was before, is missing in some."""
    spread = np.array([0.1] if responses == 0 else [responses] * 5)
    waves = np.cos(np.pi * np.arange(len(spread))[:, None] * (np.arange(net.MELS) + 0.5) / net.MELS)
    shift = ((rng.standard_normal((len(mel), len(spread))) * spread) @ waves).astype(np.float32)[:, :, None]
    mel += shift
    before += shift.reshape(len(mel), net.BANDS, -1, 1).mean(2)
    for i in np.flatnonzero(rng.random(len(mel)) < NOTHING_BEFORE):
        before[i, :, : rng.integers(1, net.BEFORE + 1)] = SILENCE
    if rng.random() < 0.4:
        f0 = rng.integers(0, net.MELS - 6)
        mel[: len(mel) // 2, f0 : f0 + rng.integers(1, 6)] = mel.mean()
    if rng.random() < 0.3:
        t0 = rng.integers(30, net.FRAMES - 20)
        mel[len(mel) // 2 :, :, t0 : t0 + rng.integers(4, 20)] = mel.mean()
    return mel, before


def with_wind(rng, fine):
    """A wave of a few Hz under some: wind, a step, a recorder's drift. The bands of the images lie above it."""
    some = np.flatnonzero(rng.random(len(fine)) < WINDY)
    t = np.arange(net.FINE) / net.RATE
    size = np.exp(rng.uniform(np.log(0.03), 0, (len(some), 1)))
    wave = size * np.cos(2 * np.pi * rng.uniform(0, 8, (len(some), 1)) * t + rng.uniform(0, 2 * np.pi, (len(some), 1)))
    fine[some] = np.clip(fine[some] + wave, -2, 2)
    return fine


def _loss(p, looks, y, key, keep):
    out, _ = net.logits(p, *looks, key, keep)
    logp = jax.nn.log_softmax(out)
    target = jax.nn.one_hot(y, len(net.CLASSES)) * 0.98 + 0.02 / len(net.CLASSES)
    # Shot or not counts once more than which of the others it is.
    shot = logp[:, 0]
    no_shot = jax.nn.logsumexp(logp[:, 1:], axis=1)
    return -(target * logp).sum(1).mean() - jnp.where(y == 0, shot, no_shot).mean(), jnp.abs(jnp.exp(shot) - (y == 0))


@jax.jit
def _step(p, m, v, mean, t, rate, looks, y, key, keep):
    # Part by part, and the gradients' mean: what a part needs stays in the processor's cache.
    def part(sums, each):
        (value, off), g = jax.value_and_grad(_loss, has_aux=True)(p, *each, keep)
        return jax.tree.map(jnp.add, sums, (value, g)), off

    split = lambda x: x.reshape(BATCH // PART, PART, *x.shape[1:])
    begin = (jnp.zeros(()), jax.tree.map(jnp.zeros_like, p))
    sums, off = jax.lax.scan(part, begin, ([split(x) for x in looks], split(y), jax.random.split(key, BATCH // PART)))
    value, g = jax.tree.map(lambda x: x * PART / BATCH, sums)
    off = off.reshape(-1)
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
    p = jax.tree.map(
        lambda w, a, b: w * (1 - rate * (3e-2 if w.ndim > 1 else 0)) - rate * (a / (1 - 0.9**t)) / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8),
        p, m, v,
    )
    follow = jnp.maximum(FOLLOW, 1 / t)
    return p, m, v, jax.tree.map(lambda a, w: a + follow * (w - a), mean, p), value, off


def train(sets, rng, steps, note, start, peak, keep=KEEP_ELSE, responses=0.0):
    """sets: [(set of data.py, indices to use, share of a batch)]. Returns the averaged weights."""
    params = {k: jnp.asarray(v) for k, v in start.items()}
    m = jax.tree.map(jnp.zeros_like, params)
    v = jax.tree.map(jnp.zeros_like, params)
    mean = params

    key = jax.random.PRNGKey(int(rng.integers(1 << 30)))
    steady = [use[np.isin(s["what"][use], STEADY)] for s, use, _ in sets]
    hard = [np.full(len(use), 0.5) for _, use, _ in sets]
    counts = np.diff(np.round(np.cumsum([0, *(share for *_, share in sets)]) * BATCH)).astype(int)
    began, total = time.time(), 0.0
    for t in range(1, steps + 1):
        parts, drawn = [], []
        for (s, use, _), noise, off, count in zip(sets, steady, hard, counts):
            sums = np.cumsum(EASY + off)
            place = np.searchsorted(sums, rng.random(count) * sums[-1])
            drawn.append(place)
            look = lambda pick: [s[name][pick].astype(np.float32) for name in LOOKS]
            looks = look(use[place])
            some = np.flatnonzero(rng.random(len(place)) < 0.35)
            if len(noise):
                for whole, part in zip(looks, over_noise(rng, [x[some] for x in looks], look(rng.choice(noise, len(some))))):
                    whole[some] = part
            parts.append((*masked(rng, looks[0], looks[1], responses), with_wind(rng, looks[2]), s["label"][use[place]]))
        rate = peak * min(1, t / 50) * 0.5 * (1 + np.cos(np.pi * t / (steps + 1)))
        key, drop = jax.random.split(key)
        *looks, y = (np.concatenate(x) for x in zip(*parts))
        params, m, v, mean, value, off = _step(params, m, v, mean, float(t), rate, looks, y, drop, keep)
        total += float(value)
        for each, place, part in zip(hard, drawn, np.split(np.asarray(off), np.cumsum([len(d) for d in drawn])[:-1])):
            each[place] = part
        if t % 100 == 0:
            print(f"{note}step {t}/{steps} loss {total / 100:.4f} {time.time() - began:.0f} s", flush=True)
            total = 0.0
    return {k: np.asarray(w) for k, w in mean.items()}


def predict(params, looks):
    run = jax.jit(lambda *x: net.logits(params, *x)[0])
    return np.concatenate([np.asarray(run(*(x[i : i + 64].astype(np.float32) for x in looks))) for i in range(0, len(looks[0]), 64)])


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--folds", required=True)
    args.add_argument("--member", choices=net.MEMBERS, required=True)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--size", type=float, default=1.0, help="of the number of steps")
    args.add_argument("--which", default="all,0,1,2,3,4,5", help="the release (all) and the folds to train; none: the base alone")
    a = args.parse_args()
    began = time.time()
    folder = pathlib.Path(a.folds, a.member)
    stages = STAGES[a.member]
    folder.mkdir(parents=True, exist_ok=True)
    # A set of another member is named with it.
    path_of = lambda name: folder.parent / f"{name}-set.npz" if "/" in name else folder / f"{name}-set.npz"
    sets = {}

    def set_of(name):
        if name not in sets:
            sets[name] = dict(np.load(path_of(name)))
        return sets[name]

    def stage(name, path, start, fold=None):
        """A stage's weights, from the file where it was done before."""
        if path.exists():
            return dict(np.load(path))
        shares, steps = stages[name]
        use = [(set_of(each), np.flatnonzero(set_of(each)["fold"] != fold), part) for each, part in shares.items()]
        rng = np.random.default_rng(a.seed + SEED_OF_MEMBER[a.member] + SEED_OF[name] + (fold if name in OF_FOLD else 0))
        begin = net.init(rng) if start is None else start
        note, peak = f"{path.stem} {name} ", PEAK.get(name, PEAK_ELSE)
        params = train(use, rng, max(1, round(steps * a.size)), note, begin, peak, KEEP.get(name, KEEP_ELSE), RESPONSES.get(name, 0))
        np.savez(path, **params)
        return params

    shared = dict(np.load(folder.parent / BEGIN[a.member])) if a.member in BEGIN else None
    for name in [name for name in stages if name not in OF_FOLD]:
        shared = stage(name, folder / f"{name}.npz", shared)
    steps = {name: f"{round(count * a.size)} steps of {shares}" for name, (shares, count) in stages.items()}
    in_turn = [name for name in stages if name in OF_FOLD and name not in BESIDE]
    beside = [name for name in stages if name in BESIDE]
    for which in a.which.split(",") if a.which else ():
        fold = -2 if which == "all" else int(which)
        params, whole = shared, folder / f"{which}.npz"
        for name in in_turn:
            alone = name == in_turn[-1] and not beside
            params = stage(name, whole if alone else folder / f"{name}-{which}.npz", params, fold)
        if beside:
            tuned = [params, *(stage(name, folder / f"{name}-{which}.npz", shared, fold) for name in beside)]
            np.savez(whole, **{name: np.mean([each[name] for each in tuned], 0) for name in params})
    if a.which:
        clips = {name: len(each["label"]) for name, each in sets.items()}
        (folder / "trained.json").write_text(json.dumps({"seed": a.seed, **steps, "clips": clips}))
    print(f"done in {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
