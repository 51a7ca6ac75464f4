"""Draws what train.py learns from out of cut clips, once: features of clips as augment.py changes them.

  python models/train/make_sets.py --clips CLIPS --folds FOLDS --member first|second|third --which made|recorded|faint|street|loud|near|nearer|others|fire|yard|blown|flat|varied [--seed 1] [--size 1]

writes FOLDS/<member>/<which>-set.npz
"""

import argparse
import pathlib
import time

import numpy as np

import draw
import net
from draw_varied import varied

DRAWN = {**draw.DRAWN, "varied": varied}
SETS = tuple(DRAWN)


def main():
    args = argparse.ArgumentParser()
    for name in ("--clips", "--folds"):
        args.add_argument(name, required=True)
    args.add_argument("--which", choices=SETS, required=True)
    args.add_argument("--member", choices=net.MEMBERS, required=True)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--size", type=float, default=1.0)
    a = args.parse_args()
    began = time.time()
    folder = pathlib.Path(a.folds, a.member)
    folder.mkdir(parents=True, exist_ok=True)
    out = DRAWN[a.which](a.clips, np.random.default_rng([a.seed, SETS.index(a.which)]), a.member, a.size)
    np.savez(folder / f"{a.which}-set.npz", **out)
    counts = dict(zip(net.CLASSES, np.bincount(out["label"], minlength=len(net.CLASSES)).tolist()))
    print(f"{a.member} {a.which} {counts} {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
