"""Softmax, attention, positions and transformers."""

import numpy as np

from .common import elu, gelu, linear, of, silu, softmax
from .dense import layer_norm, rms_norm


def heads(x, count):
    """[b, t, (n d)] -> [b, n, t, d]"""
    batch, time, size = x.shape
    return x.reshape(batch, time, count, size // count).transpose(0, 2, 1, 3)


def merged(x):
    """[b, n, t, d] -> [b, t, (n d)]"""
    batch, count, time, size = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, time, count * size)


def attention(q, k, v, mask):
    """q [b, n, t, d], k and v [b, g, s, d], mask [t, s] or [b, 1, 1, s]."""
    repeats = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, repeats, axis=1), np.repeat(v, repeats, axis=1)
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(q.shape[-1])
    return softmax(scores, mask) @ v


def causal(queries, keys=None):
    """Queries are the last positions of the keys."""
    keys = queries if keys is None else keys
    return np.tril(np.ones((queries, keys), bool), keys - queries)


def rotated(x, past=0, theta=10000.0, halves=False):
    """x [.., t, d]"""
    time, size = x.shape[-2:]
    pairs = size // 2
    frequencies = theta ** (-2 * np.arange(pairs) / size)
    angles = np.multiply.outer(past + np.arange(time), frequencies)
    cos, sin = np.cos(angles), np.sin(angles)
    y = x.copy()
    if halves:
        first, second = slice(0, pairs), slice(pairs, 2 * pairs)
    else:
        first, second = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
    y[..., first] = x[..., first] * cos - x[..., second] * sin
    y[..., second] = x[..., second] * cos + x[..., first] * sin
    return y


@of("softmax", "rows")
def _(p, x, sizes):
    return softmax(x["x"])


@of("softmax", "columns")
def _(p, x, sizes):
    return softmax(0.7 * x["x"], axis=0)


@of("softmax", "logs")
def _(p, x, sizes):
    return np.log(softmax(x["x"]))


@of("softmax_guard", "masked")
def _(p, x, sizes):
    return softmax(x["x"], x["mask"].astype(bool))


@of("softmax_guard", "padded")
def _(p, x, sizes):
    return softmax(x["x"], ~x["pad"].astype(bool))


@of("softmax_guard", "weighted")
def _(p, x, sizes):
    return softmax(x["x"], x["x"] > 0) @ x["v"]


@of("causal_attention")
def _(p, x, sizes):
    q, k, v = (heads(linear(p, it, 12, 12)(x["x"]), 3) for it in ("query", "key", "value"))
    return linear(p, "output", 12, 12)(merged(attention(q, k, v, causal(q.shape[2]))))


@of("cross_attention")
def _(p, x, sizes):
    q = heads(linear(p, "query", 8, 8, False)(x["x"]), 2)
    k = heads(linear(p, "key", 5, 8, False)(x["memory"]), 2)
    v = heads(linear(p, "value", 5, 8, False)(x["memory"]), 2)
    return merged(attention(q, k, v, x["there"].astype(bool)[:, None, None, :]))


def stepped(p, path, x, size, queries, groups, k, v, past, positions=True):
    """Attention with a cache k, v [b, g, s, d], which is changed."""
    head = size // queries
    q = heads(linear(p, f"{path}wq", size, size, False)(x), queries)
    new_k = heads(linear(p, f"{path}wk", size, groups * head, False)(x), groups)
    new_v = heads(linear(p, f"{path}wv", size, groups * head, False)(x), groups)
    end = past + x.shape[1]
    k[:, :, past:end] = rotated(new_k, past)
    v[:, :, past:end] = new_v
    o = attention(rotated(q, past), k[:, :, :end], v[:, :, :end], causal(x.shape[1], end))
    return linear(p, f"{path}wo", size, size, False)(merged(o))


@of("grouped_query_cache", "step")
def _(p, x, sizes):
    empty = np.zeros((1, 2, 16, 4))
    k, v = x.get("cache.k", empty).copy(), x.get("cache.v", empty).copy()
    past = sizes["cache.len"]
    y = stepped(p, "", x["x"], 24, 6, 2, k, v, past)
    return {"output": y, "cache.k": k, "cache.v": v, "cache.len": past + x["x"].shape[1]}


@of("multi_query_cache", "step")
def _(p, x, sizes):
    past, x, caches = sizes["cache.len"], x["x"], (x["cache.k"].copy(), x["cache.v"].copy())
    k, v = caches
    end = past + x.shape[1]
    both = linear(p, "wkv", 10, 10, False)(x)
    k[:, past:end], v[:, past:end] = both[..., :5], both[..., 5:]
    q = heads(linear(p, "wq", 10, 10, False)(x), 2)
    # Positions behind the end are never seen.
    o = attention(q, k[:, None, :end], v[:, None, :end], causal(x.shape[1], end))
    return {"output": merged(o), "cache.k": k, "cache.v": v, "cache.len": end}


@of("sliding_window")
def _(p, x, sizes):
    q, k, v = x["q"], x["k"], x["v"]
    time = q.shape[1]
    distance = np.subtract.outer(np.arange(time), np.arange(time))
    scores = q @ k.transpose(0, 2, 1) - p("slope", 2)[:, None, None] * distance
    return softmax(scores, (distance >= 0) & (distance < 3)) @ v


@of("relative_positions")
def _(p, x, sizes):
    time = len(x["q"])
    distance = np.subtract.outer(np.arange(time), np.arange(time))
    return softmax(x["q"] @ x["k"].T + p("bias", 5)[np.clip(distance, -2, 2) + 2])


@of("linear_attention")
def _(p, x, sizes):
    q, k = elu(x["q"]) + 1, elu(x["k"]) + 1
    weights = np.tril(q @ k.T)
    return weights @ x["v"] / weights.sum(axis=1, keepdims=True)


@of("rotary", "neighbours")
def _(p, x, sizes):
    return rotated(x["x"])


@of("rotary", "odd")
def _(p, x, sizes):
    # The angles of an odd number of features are those of its whole pairs.
    return rotated(x["x"])


@of("rotary", "one")
def _(p, x, sizes):
    return x["x"]


@of("rotary", "later")
def _(p, x, sizes):
    return rotated(x["x"], 100)


@of("rotary", "halves")
def _(p, x, sizes):
    return rotated(x["x"], 3, halves=True)


@of("sinusoidal_positions")
def _(p, x, sizes):
    x = x["x"]
    time, size = x.shape
    even = np.arange(size) // 2 * 2
    angle = np.arange(time)[:, None] / 10000 ** (even / size)
    return x + np.where(np.arange(size) % 2 == 0, np.sin(angle), np.cos(angle))


def feed_forward(p, path, x):
    hidden = silu(linear(p, f"{path}gate", 16, 20, False)(x))
    hidden = hidden * linear(p, f"{path}up", 16, 20, False)(x)
    return linear(p, f"{path}down", 20, 16, False)(hidden)


def decoded(p, ids, k, v, past):
    table = p("embed.table", 23, 16)
    x = table[ids]
    for i in range(3):
        path = f"blocks.{i}."
        h = rms_norm(p, f"{path}attn_norm", x)
        x = x + stepped(p, f"{path}attn.", h, 16, 4, 2, k[i], v[i], past)
        x = x + feed_forward(p, path, rms_norm(p, f"{path}mlp_norm", x))
    return rms_norm(p, "norm", x) @ table.T


@of("decoder_cache")
def _(p, x, sizes):
    k = np.zeros((3, *x["ids"].shape[:1], 2, 16, 4))
    return decoded(p, x["ids"], k, k.copy(), 0)


@of("decoder_cache", "step")
def _(p, x, sizes):
    empty = np.zeros((3, 1, 2, 12, 4))
    k, v = x.get("caches.k", empty).copy(), x.get("caches.v", empty).copy()
    past = sizes["caches.len"]
    scores = decoded(p, x["ids"], k, v, past)[:, -1]
    return {
        "output": scores,
        "caches.k": k,
        "caches.v": v,
        "caches.len": past + x["ids"].shape[1],
    }


@of("encoder_block")
def _(p, x, sizes):
    x, there = x["x"], x["there"].astype(bool)
    q, k, v = (heads(linear(p, it, 9, 9)(x), 3) for it in ("query", "key", "value"))
    a = merged(attention(q, k, v, there[:, None, None, :]))
    h = layer_norm(p, "attn_norm", x + linear(p, "output", 9, 9)(a), 1e-12)
    y = linear(p, "down", 14, 9)(gelu(linear(p, "up", 9, 14)(h)))
    y = layer_norm(p, "mlp_norm", h + y, 1e-12)
    return np.stack([row[mask].mean(axis=0) for row, mask in zip(y, there)])
