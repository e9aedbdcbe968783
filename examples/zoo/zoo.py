#!/usr/bin/env python3
"""Runs the independent implementations of the zoo and writes what they give.

    zoo.py [NAME...]             writes NAME/check.txt
    zoo.py --check [NAME...]     says which files hold other numbers than would be written

Each member's `reference.py` has a function `check(here)` that builds the implementation at
the sizes of `check.nn`, fills it with the numbers that the tests make from a seed and the
names of tensors, and says what it gives; see README.md. It needs numpy, and most members
torch with torchvision, timm, transformers or diffusers.
"""

import re
import runpy
import sys
from pathlib import Path

import numpy as np

ZOO = Path(__file__).resolve().parent
sys.path.insert(0, str(ZOO.parents[1] / "tests/run"))

from reference.comments import read_calls  # noqa: E402


class Member:
    """A folder of the zoo with the comments of its `check.nn`."""

    def __init__(self, folder):
        self.comments = read_calls((folder / "check.nn").read_text())
        self.counts = []
        self.results = {}

    def parameters(self, model, reference):
        """The count of a model at its published size: that of a torch module's parameters
        (build it under `torch.device("meta")`, where nothing is allocated), or a number."""
        if not isinstance(reference, int):
            reference = sum(it.numel() for it in reference.parameters())
        self.counts.append((model, reference))

    def numbers(self, name, *shape):
        """The numbers of a tensor, by its name in `check.nn`."""
        own = self.comments.stored.get(name, self.comments.param.get(name))
        if own is None:
            return self.comments.numbers(name, shape)
        assert own.shape == shape, f"{name}: {own.shape} is not {shape}"
        return own

    def fill(self, module, rename=()):
        """Fills a torch module and makes it ready to be called, in f64.

        With a checkpoint block the names are those of the module. Without one, `rename` has
        rows (pattern, name) that make ours of them, as `re.sub` does, each applied to what
        the one before left; a third item is the order of our axes in theirs. A tensor with
        several names has the numbers of the first."""
        import torch

        module = module.double().eval()
        state, owners = {}, {}
        for name, tensor in module.state_dict().items():
            owner = owners.setdefault(tensor.data_ptr(), name)
            if owner != name or not tensor.dtype.is_floating_point:
                state[name] = state.get(owner, tensor)
                continue
            own, axes = name, tuple(range(tensor.dim()))
            for pattern, new, *order in rename:
                if re.search(pattern, own):
                    own, axes = re.sub(pattern, new, own), order[0] if order else axes
            shape = [tensor.shape[axis] for axis in axes]
            numbers = self.numbers(own, *shape).transpose(np.argsort(axes))
            state[name] = torch.from_numpy(np.ascontiguousarray(numbers))
        module.load_state_dict(state)
        return module

    def expect(self, entry, function):
        """What the calls of an entry give: `function` takes inputs and sizes by name and
        gives the output, or outputs by name. Inputs are torch tensors if torch is there."""
        for number, call in enumerate(self.comments.calls, 1):
            if call.entry != entry or not call.expected:
                continue
            outputs = function(**{name: tensor(it) for name, it in call.inputs.items()}, **call.sizes)
            outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
            for name in call.expected:
                self.results[number, name] = array(outputs[name])

    def text(self):
        text = "".join(f"parameters {model} {count}\n" for model, count in self.counts)
        for number, call in enumerate(self.comments.calls, 1):
            for name in call.expected:
                if (number, name) not in self.results:
                    raise SystemExit(f"nothing is said of {name} of call {number}, {call.entry}")
                text += written(number, name, self.results[number, name])
        return text


def tensor(values):
    torch = sys.modules.get("torch")
    return values if torch is None else torch.from_numpy(np.array(values))


def array(values):
    return values.detach().numpy() if hasattr(values, "detach") else np.asarray(values)


def written(call, name, values):
    shape = ", ".join(str(size) for size in values.shape)
    rows = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
    lines = [f"{call} {name} [{shape}]"]
    lines += [" ".join(f"{float(number) + 0.0:.9g}" for number in row) for row in rows]
    return "\n".join(lines) + "\n"


def same(text, before):
    """Whether heads are equal and numbers nearly so: libraries add in other orders."""
    if text is None or before is None or len(text.splitlines()) != len(before.splitlines()):
        return False
    for line, other in zip(text.splitlines(), before.splitlines()):
        if line == other:
            continue
        try:
            rows = [np.array(it.split(), np.float64) for it in (line, other)]
        except ValueError:
            return False
        if rows[0].shape != rows[1].shape or not np.allclose(*rows, rtol=1e-6, atol=1e-9):
            return False
    return True


def main():
    arguments = [it for it in sys.argv[1:] if it != "--check"]
    names = arguments or sorted(it.parent.name for it in ZOO.glob("*/reference.py"))
    stale = []
    for name in names:
        here = Member(ZOO / name)
        runpy.run_path(str(ZOO / name / "reference.py"))["check"](here)
        target = ZOO / name / "check.txt"
        before = target.read_text() if target.exists() else None
        text = here.text()
        if same(text, before):
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            target.write_text(text)
    print(("stale: " if "--check" in sys.argv else "written: ") + (", ".join(stale) or "none"))
    sys.exit(1 if "--check" in sys.argv and stale else 0)


if __name__ == "__main__":
    main()
