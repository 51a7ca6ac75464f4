#!/bin/sh
# The examiner's sets and his table: models/examiner/examine.sh SCRATCH [MODEL [EACH]]
# SCRATCH: 500 MB of room outside the repository; what is rendered already is kept. MODEL: a folder such as models/gunshot/8. EACH: only so
# many files of each set, to see that it runs: in SCRATCH/each-EACH, for the whole examination keeps what it finds. Five minutes on two quiet cores. Needs python3 with venv, espeak-ng, and ffmpeg with the encoders that recorders.py names.
set -eu
[ $# -ge 1 ] && [ $# -le 3 ] || { echo "usage: models/examiner/examine.sh SCRATCH [MODEL [EACH]]" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
venv=$1/venv model=${2:-$here/../gunshot/8} each=${3:-}
scratch=$1${each:+/each-$each}
missing=""
for tool in python3 espeak-ng ffmpeg; do command -v "$tool" > /dev/null || missing="$missing $tool"; done
[ -z "$missing" ] || { echo "examine.sh: not installed:$missing (Debian: apt install python3-venv espeak-ng ffmpeg)" >&2; exit 69; }
encoders=$(ffmpeg -v error -encoders)
for name in $(sed -n 's/^ENCODERS = \[\(.*\)\]$/\1/p' "$here/recorders.py" | tr -d '",'); do
  echo "$encoders" | grep -q " $name " || missing="$missing $name"
done
[ -z "$missing" ] || { echo "examine.sh: ffmpeg has no encoder:$missing" >&2; exit 69; }
[ -e "$model/model.onnx" ] || { echo "examine.sh: no model in $model" >&2; exit 66; }
mkdir -p "$scratch"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" -q install -r "$here/requirements.txt"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PATH="$here/../../node_modules/node/bin:$PATH"
running=""
for part in 0 1; do
  [ -e "$scratch/rows-$part.jsonl" ] && continue
  "$venv/bin/python" -B "$here/render_sets.py" "$scratch" --part $part --of 2 ${each:+--each "$each"} &
  running="$running $!"
done
for process in $running; do wait "$process"; done
node "$here/score.ts" "$scratch" --model "$model"
