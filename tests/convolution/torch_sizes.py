#!/usr/bin/env python3
"""Asks PyTorch for the sizes of its convolutions and pools, and writes sizes.txt.

    torch_sizes.py [SEED]     writes sizes.txt, and holds tests/run/reference against PyTorch

A row is a layer, its window `k`, stride `s`, padding `p`, dilation `d` and pixels behind `e`, and
behind the colon its output size for 1, 2, … pixels, `-` where PyTorch refuses. The checker is
held to them by lang/nnc-sema/src/tests/convolution.rs. One axis says all, because axes do
not meet; the numbers, of which the reference is told apart here, are of one and two axes.
"""

import itertools
import random
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "run"))
from reference import convolutions as ours  # noqa: E402

MOST = 12


def size(call):
    try:
        return str(call().shape[-1])
    except RuntimeError:
        return "-"


def row(name, call, **numbers):
    sizes = [size(lambda: call(torch.zeros(1, 1, n))) for n in range(1, MOST + 1)]
    if all(it == "-" for it in sizes):
        return []
    shown = " ".join(f"{key}={value}" for key, value in numbers.items())
    return [f"{name} {shown}: {' '.join(sizes)}"]


def rows():
    for k, s, d in itertools.product(range(1, 6), range(1, 4), range(1, 4)):
        weight = torch.zeros(1, 1, k)
        for p in range(k + 1):
            yield from row(
                "conv",
                lambda x: F.conv1d(x, weight, stride=s, padding=p, dilation=d),
                k=k, s=s, p=p, d=d,
            )
            for e in range(max(s, d)):
                yield from row(
                    "transposed",
                    lambda x: F.conv_transpose1d(
                        x, weight, stride=s, padding=p, dilation=d, output_padding=e
                    ),
                    k=k, s=s, p=p, d=d, e=e,
                )
    for k, s in itertools.product(range(1, 7), range(1, 5)):
        for p in range(k // 2 + 1):
            yield from row("pool", lambda x: F.max_pool1d(x, k, s, p), k=k, s=s, p=p)
            yield from row("mean", lambda x: F.avg_pool1d(x, k, s, p), k=k, s=s, p=p)
            yield from row(
                "ceil", lambda x: F.max_pool1d(x, k, s, p, ceil_mode=True), k=k, s=s, p=p
            )
    for k, d in itertools.product(range(1, 6), range(1, 4)):
        weight = torch.zeros(1, 1, k)
        yield from row(
            "same", lambda x: F.conv1d(x, weight, padding="same", dilation=d), k=k, s=1, d=d
        )


def close(name, mine, theirs):
    theirs = theirs.numpy()
    assert mine.shape == theirs.shape, f"{name}: {mine.shape} is not {theirs.shape}"
    assert np.allclose(mine, theirs, atol=1e-12), f"{name}: off by {abs(mine - theirs).max()}"


def numbers(seed, count=400):
    """The transcriptions' numbers for random layers and sizes."""
    choose = random.Random(seed)
    generator = np.random.default_rng(seed)
    done = 0
    while done < count:
        axes = choose.choice([1, 1, 2, 2, 3])
        k = [choose.randint(1, 4) for _ in range(axes)]
        s, d, p = ([choose.randint(low, 3) for _ in range(axes)] for low in (1, 1, 0))
        e = [choose.randrange(max(it)) for it in zip(s, d)]
        g, inputs, outputs = (choose.randint(1, 3) for _ in range(3))
        n = [choose.randint(1, 9) for _ in range(axes)]
        x = generator.normal(size=(2, g * inputs, *n))
        conv = [F.conv1d, F.conv2d, F.conv3d][axes - 1]
        back = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][axes - 1]
        try:
            weight = generator.normal(size=(g * outputs, inputs, *k))
            theirs = conv(torch.tensor(x), torch.tensor(weight), None, s, p, d, g)
            mine = ours.convolve(x, weight, s, p, groups=g, dilation=d)
            close(f"conv {n} {k=} {s=} {p=} {d=} {g=}", mine, theirs)
            weight = generator.normal(size=(g * inputs, outputs, *k))
            theirs = back(torch.tensor(x), torch.tensor(weight), None, s, p, e, g, d)
            mine = ours.transpose(x, weight, s, p, e, g, d)
            close(f"transposed {n} {k=} {s=} {p=} {d=} {e=} {g=}", mine, theirs)
            done += 1
        except RuntimeError:
            continue
    done = 0
    while done < count:
        axes = choose.choice([1, 2])
        k, s, ceil, padding = (choose.randint(1, 4), choose.randint(1, 4), *choose.choices([True, False], k=2))
        p = choose.randint(0, k // 2)
        n = [choose.randint(1, 9) for _ in range(axes)]
        x = generator.normal(size=(2, 3, *n))
        try:
            high = [F.max_pool1d, F.max_pool2d][axes - 1](torch.tensor(x), k, s, p, ceil_mode=ceil)
            mean = [F.avg_pool1d, F.avg_pool2d][axes - 1](torch.tensor(x), k, s, p, ceil, padding)
        except RuntimeError:
            continue
        how = f"{n} {k=} {s=} {p=} {ceil=} {padding=}"
        close(f"pool {how}", ours.pool(x, np.max, k, s, p, ceil, padding=False), high)
        close(f"mean {how}", ours.pool(x, np.mean, k, s, p, ceil, padding), mean)
        fitted = [F.adaptive_avg_pool1d, F.adaptive_avg_pool2d][axes - 1](torch.tensor(x), k)
        close(f"adaptive {n} {k}", ours.adaptive(x, *[k] * axes), fitted)
        norm = [F.lp_pool1d, F.lp_pool2d][axes - 1]
        if min(n) >= k:
            theirs = norm(torch.tensor(np.abs(x)), 3.0, k, s)
            close(f"norm {how}", ours.pool(np.abs(x) ** 3, np.sum, k, s) ** (1 / 3), theirs)
        done += 1


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)
    print(f"PyTorch {torch.__version__}, seed {seed}")
    numbers(seed)
    lines = list(rows())
    (FOLDER / "sizes.txt").write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} layers, {sum(len(it.split(':')[1].split()) for it in lines)} sizes")


main()
