# SPDX-License-Identifier: Apache-2.0
"""The real dialect's word on many TTKernel modules in one process: `python check_modules.py FILE < modules.json`.

Runs under the Python of the judges; FILE is `check_ttkernel.py`. Takes a JSON list of texts and prints one JSON object for
each as soon as it is known, so that the caller sees which one a native crash belongs to.
"""

import argparse
import contextlib
import importlib.util
import json
import sys
from unittest import mock

spec = importlib.util.spec_from_file_location("check_ttkernel", sys.argv[1])
checker = importlib.util.module_from_spec(spec)
with (
    mock.patch.object(sys, "argv", ["check_ttkernel.py", "--help"]),
    mock.patch("sys.stdout"),
    contextlib.suppress(SystemExit),
):
    spec.loader.exec_module(checker)  # it is a script: it runs, prints its help and exits

options = argparse.Namespace(
    strict_text=False, roundtrip=False, frm="ttkernel", pipeline="lower-affine,ttl-lower-signpost-to-emitc"
)
for text in json.load(sys.stdin):
    result = checker.check(text, "module", options)
    wanted = {name: result[name] for name in ("verify", "emitc", "diagnostics", "cpp")}
    print(json.dumps(wanted), flush=True)
