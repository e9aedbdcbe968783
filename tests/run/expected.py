#!/usr/bin/env python3
"""Computes the expected numbers of the programs in this folder, with numpy alone.

    expected.py [PROGRAM...]     writes expected/PROGRAM.txt
    expected.py --check          says which files are not as they would be written

Each program has a plain transcription of its mathematics in `reference/`, in float64,
which knows nothing of the compiler: it states the names and shapes of the parameters
itself. Inputs are read from the program's comments, whose format stands at the head of
tests/it/run.rs.
"""

import sys
from pathlib import Path

import numpy as np

from reference import REFERENCES
from reference.comments import read_calls
from reference.common import Params

FOLDER = Path(__file__).resolve().parent


def shown(number):
    """All digits of an integer; nine else, enough to tell any two numbers of f32 apart."""
    if isinstance(number, np.integer):
        return str(number)
    text = f"{float(number):.9g}"
    return "0" if text == "-0" else text


def written(call, name, values):
    values = np.asarray(values)
    shape = ", ".join(str(size) for size in values.shape)
    rows = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
    lines = [f"{call} {name} [{shape}]"]
    lines += [" ".join(shown(number) for number in row) for row in rows]
    return "\n".join(lines) + "\n"


def expected(path):
    """The text of a program's file, or None if its comments hold all numbers."""
    comments = read_calls(path.read_text())
    wanted = [name for call in comments.calls for name in call.expected]
    if not wanted:
        return None
    reference = REFERENCES.get(path.stem)
    if reference is None:
        raise SystemExit(f"{path.name}: reference/ has no transcription of it")
    text = ""
    asked = set()
    state, sizes = {}, {}
    for number, call in enumerate(comments.calls, 1):
        if call.fresh:
            state, sizes = {}, {}
        sizes.update(call.sizes)
        inputs = {**state, **call.inputs}
        entry = reference.get(call.entry) or reference.get(call.entry.split(".")[-1])
        if entry is None and not call.expected:
            continue
        params = Params(comments)
        outputs = entry(params, inputs, sizes)
        asked.update((call.entry, *it) for it in params.asked)
        for name, value in outputs.items():
            if isinstance(value, int):
                sizes[name] = value
            else:
                state[name] = value
        for name in call.expected:
            if name not in outputs:
                raise SystemExit(f"{path.name}: {call.entry} gives {list(outputs)}, not {name}")
            text += written(number, name, outputs[name])
    return text + "".join(f"asked {call} {name} {list(shape)}\n" for call, name, shape in sorted(asked))


def main():
    arguments = [it for it in sys.argv[1:] if it != "--check"]
    check = "--check" in sys.argv
    stale = []
    for path in sorted(FOLDER.glob("*.nn")):
        if arguments and path.stem not in arguments:
            continue
        text = expected(path)
        target = FOLDER / "expected" / f"{path.stem}.txt"
        before = target.read_text() if target.exists() else None
        if text == before:
            continue
        stale.append(path.stem)
        if check:
            continue
        if text is None:
            target.unlink()
        else:
            target.write_text(text)
    print(("stale: " if check else "written: ") + (", ".join(stale) or "none"))
    sys.exit(1 if check and stale else 0)


main()
