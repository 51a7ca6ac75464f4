"""Draws what train.py learns from out of cut clips, once: features of clips as augment.py changes them.

  python models/train/make_sets.py --clips CLIPS --folds FOLDS --which made|recorded [--seed 1] [--size 1]      writes FOLDS/<which>-set.npz
"""

import argparse
import pathlib
import time

import numpy as np

import data
import net


def main():
    args = argparse.ArgumentParser()
    for name in ("--clips", "--folds"):
        args.add_argument(name, required=True)
    args.add_argument("--which", choices=("made", "recorded"), required=True)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--size", type=float, default=1.0)
    a = args.parse_args()
    began = time.time()
    pathlib.Path(a.folds).mkdir(parents=True, exist_ok=True)
    make = {"made": data.simulated, "recorded": data.recorded}[a.which]
    out = make(a.clips, np.random.default_rng([a.seed, a.which == "recorded"]), a.size)
    np.savez(f"{a.folds}/{a.which}-set.npz", **out)
    counts = dict(zip(net.CLASSES, np.bincount(out["label"], minlength=len(net.CLASSES)).tolist()))
    print(f"{a.which} {counts} {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
