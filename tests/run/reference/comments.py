"""Reads the comments that say how a program is run; see tests/it/run.rs."""

import re
from dataclasses import dataclass, field

import numpy as np

STARTS = ("# params:", "# params ", "# param ", "# stored ", "# run:", "# then:", "# tolerance ")
MASK = (1 << 64) - 1


def splitmix(seed, count):
    """The first outputs of SplitMix64, as uint64, whose products wrap."""
    z = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def random(seed, shape, low=-1.0, high=1.0):
    """Uniform numbers, rounded to f32."""
    count = int(np.prod(shape, dtype=int))
    fractions = (splitmix(seed, count) >> np.uint64(40)).astype(np.float64) / (1 << 24)
    numbers = (low + (high - low) * fractions).astype(np.float32)
    return numbers.astype(np.float64).reshape(shape)


def integers(seed, shape, low, end):
    count = int(np.prod(shape, dtype=int))
    steps = splitmix(seed, count) % np.uint64(end - low)
    return (low + steps.astype(np.int64)).reshape(shape)


def rounded(x, elem):
    """To what an element type holds."""
    if elem == "bf16":
        bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
        bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
        return bits.astype(np.uint32).view(np.float32).astype(np.float64)
    kinds = {None: np.float64, "f32": np.float32, "f64": np.float64, "f16": np.float16}
    return x.astype(kinds[elem]).astype(np.float64)


def name_hash(name):
    """FNV-1a of 64 bits."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


NAMES = {
    "random": random,
    "integers": integers,
    "nan": float("nan"),
    "inf": float("inf"),
    "true": True,
    "false": False,
    "expected": "expected",
}


def value(text):
    result = eval(text, {"__builtins__": {}}, NAMES)
    return result if isinstance(result, str) else np.array(result)


@dataclass
class Call:
    fresh: bool
    entry: str
    inputs: dict
    sizes: dict
    expected: list


@dataclass
class Comments:
    params: tuple = None
    patterns: list = field(default_factory=list)
    param: dict = field(default_factory=dict)
    stored: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)

    def numbers(self, name, shape):
        """Those of a tensor that no comment gives by its name."""
        own = (it for pattern, it in self.patterns if matches(pattern, name))
        seed, *bounds = next(own, self.params)
        return random(seed ^ name_hash(name), list(shape), *bounds)


def matches(pattern, name):
    """Whether a name is a pattern's, in which `*` alone stands for any letters, as in the tests."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None


def split(text):
    """At the commas outside of brackets."""
    parts, depth, part = [], 0, ""
    for letter in text:
        depth += letter in "[("
        depth -= letter in "])"
        if letter == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [it.strip() for it in parts + [part] if it.strip()]


def pairs(text):
    for part in split(text):
        name, _, right = part.partition("=")
        yield name.strip(), right.strip()


def read_calls(text):
    lines = []
    for line in text.splitlines():
        if line.startswith(STARTS):
            lines.append(line)
        elif lines and line.startswith("#    "):
            lines[-1] += " " + line[1:].strip()
    comments = Comments()
    for line in lines:
        if match := re.match(r"# params: random\((.*)\)$", line):
            comments.params = tuple(eval(f"({match[1]},)", {"__builtins__": {}}))
        elif match := re.match(r"# params (\S+): random\((.*)\)$", line):
            comments.patterns.append((match[1], tuple(eval(f"({match[2]},)", {"__builtins__": {}}))))
        elif match := re.match(r"# param (\S+) = (.*)$", line):
            comments.param[match[1]] = value(match[2])
        elif match := re.match(r"# stored ([^\s:]+)(?:: (\w+))? = (.*)$", line):
            comments.stored[match[1]] = rounded(value(match[3]), match[2])
        elif match := re.match(r"# (run|then): ([\w.]+)\((.*?)\)(?: where (.*?))? => (.*)$", line):
            results = dict(pairs(match[5]))
            comments.calls.append(
                Call(
                    fresh=match[1] == "run",
                    entry=match[2],
                    inputs={name: value(it) for name, it in pairs(match[3])},
                    sizes={name: int(it) for name, it in pairs(match[4] or "")},
                    expected=[name for name, it in results.items() if it == "expected"],
                )
            )
        elif not line.startswith("# tolerance"):
            raise SystemExit(f"not understood: {line}")
    return comments
