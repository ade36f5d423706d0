#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the tools that the conformance tests ask, from PyPI:  setup.sh DIR
#   DIR/venv              Python 3.12 with the tt-lang 1.1.1 wheel: TTKernel dialect, EmitC conversion, C++ translator
#   DIR/ttnn69, ttnn81    unpacked ttnn wheels: the kernel headers of both generations
#   DIR/sfpi              SFPI headers and the RISC-V compiler, where the scripts of TTLANG_TOOLS install them
#   DIR/ttnn-venv         Python 3.12 with what ttnn and ttlang need: descriptors, and launches on a mocked chip
#   DIR/peer              tt-lang-sim 1.1.6, whose tutorials the compatibility layer runs, and torch
# Needs Python 3.12 (PY312=/path if it is not on the PATH); the host check of headers also needs Debian's g++-multilib.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dest=$(mkdir -p "${1:?usage: setup.sh DIR}" && cd "$1" && pwd)
tools=${TTLANG_TOOLS:-$here/../../../shared/tools}
quiet=(-q --disable-pip-version-check)
if [ -x "$tools/setup_judges.sh" ]; then
  "$tools/setup_judges.sh" "$dest"
else
  echo "The checks of headers need the scripts of TTLANG_TOOLS as well; without them those tests are skipped."
  python=${PY312:-python3.12}
  command -v "$python" > /dev/null || { echo "setup.sh: no Python 3.12; set PY312" >&2; exit 2; }
  [ -x "$dest/venv/bin/python" ] || "$python" -m venv "$dest/venv"
  pip=("$dest/venv/bin/python" -m pip "${quiet[@]}")
  "${pip[@]}" install --no-deps tt-lang==1.1.1
  "${pip[@]}" install numpy pydantic greenlet PyYAML ml_dtypes typing_extensions
  for pair in 69:0.69.0 81:0.81.1; do
    folder=$dest/ttnn${pair%%:*}
    [ -d "$folder/ttnn" ] && continue
    "${pip[@]}" download --no-deps -d "$dest/wheels" "ttnn==${pair##*:}"
    mkdir -p "$folder"
    "$dest/venv/bin/python" -m zipfile -e "$dest"/wheels/ttnn-"${pair##*:}"-*.whl "$folder"
  done
  rm -rf "$dest/wheels"
fi

if [ ! -x "$dest/ttnn-venv/bin/python" ]; then
  "$dest/venv/bin/python" -m venv "$dest/ttnn-venv"
  "$dest/ttnn-venv/bin/python" -m pip "${quiet[@]}" install 'xdsl==0.74.*' 'numpy<2.3' ml_dtypes typer rich platformdirs \
    flatbuffers click graphviz loguru networkx pandas pyyaml seaborn
fi
for generation in 69 81; do
  runtime=$dest/ttnn$generation/ttnn/runtime
  [ ! -d "$dest/sfpi" ] || [ ! -d "$runtime" ] || ln -sfn "$dest/sfpi" "$runtime/sfpi"
done

peer_python=${PEER_PYTHON:-python3.11}
if [ ! -d "$dest/peer/torch" ]; then
  "$peer_python" -m pip "${quiet[@]}" install --root-user-action=ignore --target "$dest/peer" torch==2.13.0 \
    && "$peer_python" -m pip "${quiet[@]}" install --root-user-action=ignore --no-deps --target "$dest/peer" tt-lang-sim==1.1.6 \
    || echo "tt-lang-sim and torch could not be installed: tests that run its tutorials are skipped"
fi
echo "installed; now: export JUDGES=$dest"
