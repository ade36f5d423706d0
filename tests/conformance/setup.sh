#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the tools that the conformance tests ask, from PyPI:  setup.sh DIR
#   DIR/venv              Python 3.12 with the tt-lang 1.1.1 wheel: TTKernel dialect, EmitC conversion, C++ translator
#   DIR/ttnn69, ttnn81    unpacked ttnn wheels: the kernel headers of both generations
#   DIR/sfpi              SFPI headers, where the scripts of TTLANG_TOOLS install them
# Needs Python 3.12 (PY312=/path if it is not on the PATH); the host check of headers also needs Debian's g++-multilib.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dest=$(mkdir -p "${1:?usage: setup.sh DIR}" && cd "$1" && pwd)
tools=${TTLANG_TOOLS:-$here/../../../shared/tools}
if [ -x "$tools/setup_judges.sh" ]; then
  exec "$tools/setup_judges.sh" "$dest"
fi
python=${PY312:-python3.12}
command -v "$python" > /dev/null || { echo "setup.sh: no Python 3.12; set PY312" >&2; exit 2; }
[ -x "$dest/venv/bin/python" ] || "$python" -m venv "$dest/venv"
pip=("$dest/venv/bin/python" -m pip -q --disable-pip-version-check)
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
echo "installed; now: export JUDGES=$dest"
echo "The checks of headers need the scripts of TTLANG_TOOLS as well; without them those tests are skipped."
