#!/bin/sh
# Everything from recordings to a released model: models/train.sh DATA SCRATCH VERSION [SIZE]
# DATA: the folder with pittsburgh/ and sounds/. SCRATCH: 12 GB of room outside the repository. Needs python3 with venv and espeak-ng.
# Recordings from elsewhere come from Debian's packages (train/fetch-elsewhere.ts), which needs apt-get on Debian, dpkg-deb, ffmpeg and
# gresource (libglib2.0-bin).
# SIZE, 0.01 to 1: so much of the made-up clips, copies, steps and measurements; below 1 nothing is released, the model lies in SCRATCH/model.
set -eu
[ $# -eq 3 ] || [ $# -eq 4 ] || { echo "usage: models/train.sh DATA SCRATCH VERSION [SIZE]" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
data=$1 scratch=$2 version=$3 size=${4:-1}
model="$here/gunshot/$version" report="$here/../docs/bench/hear.md"
[ "$size" = 1 ] || { model="$scratch/model" report="$scratch/hear.md"; }
missing=""
need() { for tool; do command -v "$tool" > /dev/null || missing="$missing $tool"; done; }
need python3 espeak-ng
[ -e "$scratch/elsewhere/manifest.csv" ] || need apt-get dpkg-deb ffmpeg gresource
[ -z "$missing" ] || { echo "train.sh: not installed:$missing (Debian: apt install python3-venv espeak-ng ffmpeg libglib2.0-bin)" >&2; exit 69; }
export PATH="$here/../node_modules/node/bin:$PATH"
mkdir -p "$scratch/clips" "$scratch/folds"
[ -x "$scratch/venv/bin/python" ] || python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" -q install -r "$here/train/requirements.txt"
of() { awk "BEGIN { print int($1 * $size + 0.999) }"; }
clips() { kind=$1; shift; node "$here/train/cut-$kind.ts" "$scratch/clips" "$@"; }
clips clips "$data"
[ -e "$scratch/elsewhere/manifest.csv" ] || node "$here/train/fetch-elsewhere.ts" "$scratch/elsewhere"
clips others "$scratch/elsewhere"
clips simulated "$(of 2400)" 3 sim
clips simulated "$(of 1300)" 4 distractors firework,firecrackers,hammer,balloon 0.5
clips simulated "$(of 900)" 5 shots gunshot 0.6
clips simulated "$(of 2400)" 6 faint-shots gunshot 0.3 0.75
clips simulated "$(of 1300)" 7 faint-others firework,firecrackers,backfire,door,hammer,metal,glass,balloon,noise 0.3 0.75
clips street "$(of 1300)"
clips simulated "$(of 1500)" 2 held
clips speech "$(of 200)"
step() { script=$1; shift; "$scratch/venv/bin/python" "$here/train/$script.py" --folds "$scratch/folds" "$@"; }
sets() { member=$1; shift; for set; do step make_sets --member "$member" --clips "$scratch/clips" --which "$set" --size "$size"; done; }
sets second made recorded faint street
sets third recorded loud near nearer others fire yard blown flat varied
for member in second first third; do step train --member "$member" --size "$size"; done
step calibrate --clips "$scratch/clips" --out "$model" --version "$version"
node "$here/evaluate.ts" --data "$data" --folds "$scratch/folds" --model "$model" --effort "$size" --report "$report"
