"""Positions."""

import math

import numpy as np

from ..common import linear, of, softmax


def sinusoidal(t, n, past=0):
    table = np.zeros((t, n))
    for i in range(t):
        for f in range(n):
            angle = (past + i) / 10000 ** (2 * (f // 2) / n)
            table[i, f] = math.cos(angle) if f % 2 else math.sin(angle)
    return table


def sinusoidal_2d(h, w, n):
    """Beyer et al., 2022, appendix."""
    y, x = np.meshgrid(np.arange(h), np.arange(w), indexing="ij")
    omega = 1 / 10000 ** (np.arange(n // 4) / (n // 4 - 1))
    x, y = x[..., None] * omega, y[..., None] * omega
    return np.concatenate([np.sin(x), np.cos(x), np.sin(y), np.cos(y)], -1)


def alibi_slopes(n):
    if n & (n - 1) == 0:
        return np.array([2 ** (-8 * (i + 1) / n) for i in range(n)])
    below = 2 ** math.floor(math.log2(n))
    return np.concatenate([alibi_slopes(below), alibi_slopes(2 * below)[0::2][: n - below]])


def bucket(distance, buckets, reach, both):
    """T5's: of key minus query."""
    first = 0
    if both:
        buckets //= 2
        first = buckets if distance > 0 else 0
        distance = abs(distance)
    else:
        distance = max(-distance, 0)
    near = buckets // 2
    if distance < near:
        return first + distance
    far = math.log(distance / near) / math.log(reach / near) * (buckets - near)
    return first + min(near + math.floor(far + 1e-9), buckets - 1)


def distance_buckets(t, s, buckets, reach, both):
    return np.array([[bucket(j - i, buckets, reach, both) for j in range(s)] for i in range(t)])


def distance_attention(q, k, v, key, value, reach):
    """Shaw et al., 2018, equations 3 and 4."""
    t = q.shape[2]
    away = np.clip(np.arange(t) - np.arange(t)[:, None], -reach, reach) + reach
    keys, values = key[away], value[away]
    scores = np.einsum("bnid,bnjd->bnij", q, k) + np.einsum("bnid,ijd->bnij", q, keys)
    p = softmax(scores / math.sqrt(q.shape[-1]))
    return np.einsum("bnij,bnjd->bnid", p, v) + np.einsum("bnij,ijd->bnid", p, values)


@of("position_codes", "tables")
def _(p, x, sizes):
    angles = x["x"][:, None] / 10000 ** (np.arange(5) / 5)
    return {
        "a": sinusoidal(9, 7, 3),
        "b": sinusoidal_2d(2, 3, 12),
        "c": np.concatenate([np.cos(angles), np.sin(angles)], -1),
    }


@of("position_codes", "coordinates")
def _(p, x, sizes):
    f, x = x["f"], x["x"]
    angles = 2 * np.pi * x @ f.T
    octaves = [
        wave(2**k * np.pi * x[..., d]) for d in range(4) for k in range(3) for wave in (np.sin, np.cos)
    ]
    return {
        "a": np.concatenate([np.cos(angles), np.sin(angles)], -1),
        "b": np.stack(octaves, -1),
        "c": np.sin(30 * linear(p, "waves.map", 4, 5)(x)),
    }


@of("position_codes", "clock")
def _(p, x, sizes):
    angles = x["t"][..., None] * p("times.frequency", 4) + p("times.phase", 4)
    return np.concatenate([angles[..., :1], np.sin(angles[..., 1:])], -1)


@of("position_codes", "learned")
def _(p, x, sizes):
    return x["x"] + p("rows.table", 8, 4)[2:7]


@of("position_codes", "slopes")
def _(p, x, sizes):
    away = np.arange(6) - np.arange(4)[:, None] - 2
    return {"a": alibi_slopes(8), "b": alibi_slopes(6), "c": alibi_slopes(3)[:, None, None] * away}


@of("position_codes", "buckets")
def _(p, x, sizes):
    both, past = distance_buckets(5, 40, 8, 20, True), distance_buckets(25, 4, 6, 13, False)
    return {
        "a": distance_buckets(3, 150, 32, 128, True),
        "b": distance_buckets(150, 3, 16, 100, False),
        "c": np.moveaxis(p("both.weight", 8, 3)[both], -1, 0),
        "d": np.moveaxis(p("past.weight", 6, 3)[past], -1, 0),
    }


@of("position_codes", "attend")
def _(p, x, sizes):
    return distance_attention(x["q"], x["k"], x["v"], x["key"], x["value"], 2)
