#!/bin/sh
# Everything from recordings to a released model: models/train.sh DATA SCRATCH VERSION
# DATA: the folder with pittsburgh/ and sounds/. SCRATCH: 9 GB of room outside the repository. Needs python3 and espeak-ng.
set -eu
[ $# -eq 3 ] || { echo "usage: models/train.sh DATA SCRATCH VERSION" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
data=$1 scratch=$2 version=$3
export PATH="$here/../node_modules/node/bin:$PATH"
mkdir -p "$scratch/clips" "$scratch/folds"
[ -x "$scratch/venv/bin/python" ] || python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" -q install -r "$here/train/requirements.txt"
cut() { kind=$1; shift; node "$here/train/cut-$kind.ts" "$scratch/clips" "$@"; }
cut clips "$data"
cut simulated 2400 3 sim
cut simulated 1300 4 distractors firework,firecrackers,hammer,balloon 0.5
cut simulated 900 5 shots gunshot 0.6
cut simulated 1500 2 held
cut speech 200
python() { script=$1; shift; "$scratch/venv/bin/python" "$here/train/$script.py" --folds "$scratch/folds" "$@"; }
python make_sets --clips "$scratch/clips" --which made
python make_sets --clips "$scratch/clips" --which recorded
python train
python calibrate --clips "$scratch/clips" --out "$here/gunshot/$version" --version "$version"
node "$here/evaluate.ts" --data "$data" --folds "$scratch/folds" --model "$here/gunshot/$version"
