#!/bin/sh
# Everything from recordings to a released model: models/train.sh DATA SCRATCH VERSION
# DATA: the folder with pittsburgh/ and sounds/. SCRATCH: 6 GB of room outside the repository. Needs python3 and espeak-ng.
set -eu
[ $# -eq 3 ] || { echo "usage: models/train.sh DATA SCRATCH VERSION" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
data=$1 scratch=$2 version=$3
export PATH="$here/../node_modules/node/bin:$PATH"
mkdir -p "$scratch/clips" "$scratch/folds"
[ -x "$scratch/venv/bin/python" ] || python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" -q install -r "$here/train/requirements.txt"
node "$here/train/cut-clips.ts" "$scratch/clips" "$data"
node "$here/train/cut-simulated.ts" "$scratch/clips" 2400 3 sim
node "$here/train/cut-simulated.ts" "$scratch/clips" 1300 4 distractors firework,firecrackers,hammer,balloon 0.5
node "$here/train/cut-simulated.ts" "$scratch/clips" 900 5 shots gunshot 0.6
node "$here/train/cut-simulated.ts" "$scratch/clips" 1500 2 held
node "$here/train/cut-speech.ts" "$scratch/clips" 200
python="$scratch/venv/bin/python"
"$python" "$here/train/train.py" --clips "$scratch/clips" --folds "$scratch/folds" --seed 1
"$python" "$here/train/calibrate.py" --clips "$scratch/clips" --folds "$scratch/folds" --out "$here/gunshot/$version" --version "$version"
node "$here/evaluate.ts" --data "$data" --folds "$scratch/folds" --model "$here/gunshot/$version"
