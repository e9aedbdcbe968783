#!/usr/bin/env bash
# Installs what a build needs on Debian: LLVM and MLIR 22 and the libraries they link,
# and Python with pip, which fetches the examples' weights. Nothing happens where all of
# it is there already.
set -euo pipefail

packages=(libmlir-22-dev mlir-22-tools llvm-22-dev libpolly-22-dev clang-22 lld-22
    libclang-22-dev libzstd-dev libxml2-dev zlib1g-dev libffi-dev)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing+=("$package")
done
command -v cc >/dev/null 2>&1 || missing+=(gcc libc6-dev)
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3 python3-pip)
if ! command -v cargo >/dev/null 2>&1; then
    echo "cargo is not installed: install Rust 1.95 or later with rustup, then run this again" >&2
    exit 1
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
    root=()
elif command -v sudo >/dev/null 2>&1; then
    root=(sudo)
else
    echo "these packages are missing and only root can install them: ${missing[*]}" >&2
    echo "as root: apt-get update && apt-get install -y ${missing[*]}" >&2
    exit 1
fi
"${root[@]}" apt-get update
DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
