"""Sorts, prefixes, segments, and numbers by key."""

import numpy as np

from .common import of


def ordered(x, descending=False):
    """Values along the last axis in order, equals by place, and the places."""
    places = np.argsort(-x if descending else x, axis=-1, kind="stable")
    return np.take_along_axis(x, places, axis=-1), places


@of("sorts", "ascending")
def _(p, x, sizes):
    values, places = ordered(x["x"])
    return {"values": values, "places": places}


@of("sorts", "descending")
def _(p, x, sizes):
    values, places = ordered(x["x"], descending=True)
    return {"values": values, "places": places}


@of("sorts", "whole")
def _(p, x, sizes):
    values, places = ordered(x["x"])
    return {"values": values, "places": places}


@of("sorts", "rows")
def _(p, x, sizes):
    x = x["x"]
    table = np.stack([rows[np.argsort(rows[:, 0], kind="stable")] for rows in x])
    return {"table": table, "nearest": ordered(np.abs(x).transpose(0, 2, 1))[1][..., :2]}


@of("sorts", "nucleus")
def _(p, x, sizes):
    z = x["z"]
    kept = []
    for row in z:
        share = np.exp(row) / np.exp(row).sum()
        likely = np.argsort(-share, kind="stable")
        count = np.searchsorted(np.cumsum(share[likely]), 0.6) + 1
        kept.append(np.isin(np.arange(len(row)), likely[:count]))
    return {"kept": np.array(kept), "most": ordered(z, descending=True)[0][:, :12]}


@of("prefixes", "directions")
def _(p, x, sizes):
    x = x["x"]
    times = x.shape[1]
    scaled = 1 + 0.1 * x
    last = np.stack([x[:, : t + 1].min(axis=1) for t in range(times)], axis=2)
    return {
        "before": np.cumsum(x, axis=1) - x,
        "behind": np.stack([x[:, t:].max(axis=1) for t in range(times)], axis=1),
        "rest": np.stack([scaled[:, t + 1 :].prod(axis=1) for t in range(times)], axis=1),
        "last": last,
    }


@of("prefixes", "guarded")
def _(p, x, sizes):
    x, m = x["x"], np.asarray(x["m"], dtype=bool)
    sums = np.cumsum(np.where(m, (x * x).sum(axis=1), 0))
    return {
        "sums": sums,
        "ranks": np.cumsum(m) - m,
        "seen": np.cumsum(m) > 0,
        "mean": np.cumsum(np.exp(x), axis=0) / np.arange(1, len(x) + 1)[:, None],
    }


@of("prefixes", "both")
def _(p, x, sizes):
    return np.convolve(x["x"], x["x"])[: len(x["x"])]


@of("prefixes", "integral")
def _(p, x, sizes):
    return x["x"].cumsum(axis=0).cumsum(axis=1)


@of("segments", "aggregated")
def _(p, x, sizes):
    source, target, w, x = x["from"], x["to"], x["w"], x["x"]
    sums, most = np.zeros(x.shape), np.full(x.shape, -10.0)
    degree, total, gated = np.zeros(9, dtype=int), np.zeros(9), np.zeros(9)
    for start, end, weight in zip(source, target, w):
        sums[end] += weight * x[start]
        if weight > 0:
            most[end] = np.maximum(most[end], x[start])
        degree[end] += 1
        total[end] += np.exp(weight)
        gated[end] += weight * (x[start] * np.maximum(x[end], 0)).sum()
    most[degree == 0] = 0
    share = np.exp(w) / total[target]
    return {"sums": sums, "most": most, "degree": degree, "share": share, "gated": gated}


@of("segments", "batched")
def _(p, x, sizes):
    slot, x = x["slot"], x["x"]
    first, sums = np.zeros((3, 9, 18)), np.zeros((3, 9, 18))
    for b in range(3):
        for t in reversed(range(29)):
            if 1 <= slot[b, t] <= 9:
                first[b, slot[b, t] - 1] = x[b, t]
            if 0 <= slot[b, t] < 9:
                sums[b, slot[b, t]] += x[b, t]
    return {"first": first, "sums": sums}


@of("segments", "looked_up")
def _(p, x, sizes):
    table = x["table"]
    rows = np.stack([table[i] if 0 <= i < len(table) else np.zeros(17) for i in x["ids"]])
    there = (x["ids"] >= 0) & (x["ids"] < len(table))
    return {"rows": rows, "hot": rows, "most": np.where(there, rows.max(axis=1), -1)}


@of("segments", "ordered")
def _(p, x, sizes):
    return x["seq"][np.argsort(x["key"], kind="stable")]


def threefry(key, low, high):
    """Threefry-2x32-20 of Salmon et al., 2011, in integers of any length."""
    most = 0xFFFFFFFF
    keys = [int(key[0]) & most, int(key[1]) & most]
    keys.append(0x1BD11BDA ^ keys[0] ^ keys[1])
    x, y = (int(low) + keys[0]) & most, (int(high) + keys[1]) & most
    for turn in range(20):
        by = (13, 15, 26, 6, 17, 29, 16, 24)[turn % 8]
        x = (x + y) & most
        y = ((y << by | y >> (32 - by)) & most) ^ x
        if turn % 4 == 3:
            step = turn // 4 + 1
            x = (x + keys[step % 3]) & most
            y = (y + keys[(step + 1) % 3] + step) & most
    return x, y


def words(key, count, kind):
    return np.array([threefry(key, at, kind) for at in range(count)], dtype=np.uint32)


def signed(x):
    return np.asarray(x, dtype=np.uint32).view(np.int32)


def unit(bits):
    return ((bits >> 9) + 0.5) / 2.0**23


@of("random", "blocks")
def _(p, x, sizes):
    pairs = [threefry(x["key"], *at) for at in zip(x["low"], x["high"])]
    low, high = signed(pairs).T
    return {"low": low, "high": high}


@of("random", "drawn")
def _(p, x, sizes):
    key = x["key"]
    pairs = words(key, 37, 0)
    bits, even = pairs[:, 0], unit(pairs[:, 0])
    return {
        "bits": signed(bits),
        "keys": signed(words(key, 3, 1)),
        "folded": signed(threefry(key, 7, 2)),
        "even": even,
        "bell": np.sqrt(-2 * np.log(even)) * np.cos(2 * np.pi * unit(pairs[:, 1])),
        "coins": even < 0.25,
        "order": np.argsort(signed(bits), kind="stable"),
    }


@of("random", "chosen")
def _(p, x, sizes):
    z = x["z"]
    even = unit(words(x["key"], z.size, 0)[:, 0]).reshape(z.shape)
    return (z - np.log(-np.log(even))).argmax(axis=-1)


@of("random", "dropped")
def _(p, x, sizes):
    x, key = x["x"], x["key"]
    even = unit(words(key, x.size, 0)[:, 0]).reshape(x.shape)
    return np.where(even < 0.25, 0, x / 0.75)
