"""Element types, views and sizes."""

import numpy as np

from .common import bf16, f16, f32, linear, of, silu, softmax


@of("bf16_linear")
def _(p, x, sizes):
    weight, bias, x = bf16(p("weight", 7, 33)), bf16(p("bias", 7)), bf16(x["x"])
    return bf16(bf16(x @ weight.T) + bias)


@of("bf16_elementwise")
def _(p, x, sizes):
    x, y = bf16(x["x"]), bf16(x["y"])
    return {"sum": bf16(x + y), "product": bf16(x * y), "wide": f32(x * y), "narrow": f16(x)}


@of("f16_sums")
def _(p, x, sizes):
    x = f16(x["x"])
    return {"kept": f16(x.sum(axis=1)), "middle": f16(x.mean(axis=1))}


@of("integer_sums")
def _(p, x, sizes):
    sums = x["x"] @ p("weight", 5, 33).T
    return {"sums": sums, "scaled": sums * p("scale", 5)}


@of("transposes", "turned")
def _(p, x, sizes):
    return {
        "cab": np.einsum("abc->cab", x["x"]),
        "cba": np.einsum("abc->cba", x["x"]),
        "acb": np.einsum("abc->acb", x["x"]),
    }


@of("transposes", "between")
def _(p, x, sizes):
    weight = p("weight", 5, 5)
    return (np.tanh(x["x"] @ weight.T) @ weight).T


@of("splits_and_merges", "split_first")
def _(p, x, sizes):
    return np.stack([x["x"][:, :, 2 * n : 2 * n + 2] for n in range(3)], axis=1)


@of("splits_and_merges", "split_last")
def _(p, x, sizes):
    return np.stack([x["x"][:, :, n::3] for n in range(3)], axis=1)


@of("splits_and_merges", "merged")
def _(p, x, sizes):
    x = x["x"]
    batch, heads, time, size = x.shape
    nd, dn = np.zeros((batch, time, heads * size)), np.zeros((batch, time, heads * size))
    for n in range(heads):
        for d in range(size):
            nd[:, :, n * size + d] = x[:, n, :, d]
            dn[:, :, d * heads + n] = x[:, n, :, d]
    return {"nd": nd, "dn": dn, "flat": x.reshape(batch, -1)}


@of("offsets", "differences")
def _(p, x, sizes):
    return np.diff(x["x"], axis=0)


@of("offsets", "turned")
def _(p, x, sizes):
    return x["x"][::-1, ::-1]


@of("offsets", "diagonals")
def _(p, x, sizes):
    x = x["x"]
    return {
        "diagonal": x.diagonal(),
        "trace": x.trace(),
        "lower": np.tril(x),
        "symmetric": (x + x.T) / 2,
    }


@of("concatenation", "apart")
def _(p, x, sizes):
    x = x["x"]
    return {"a": x[:, :2], "b": 2 * x[:, 2:8], "c": x[:, 8:]}


@of("concatenation", "halves")
def _(p, x, sizes):
    return x["x"][..., :3] * np.tanh(x["x"][..., 3:])


@of("sizes")
def _(p, x, sizes):
    y = x["x"] @ x["w"].T
    chances = softmax(y)
    return {"y": chances, "total": np.sum(chances * silu(y)), "high": y.max(axis=0)}


@of("size_arithmetic")
def _(p, x, sizes):
    x = x["x"]
    batch, time, size = x.shape
    return {"scaled": x / np.sqrt(size) + time, "middle": x[:, time // 2]}


@of("scatter")
def _(p, x, sizes):
    sums, counts = np.zeros((5, 3)), np.zeros(5)
    for token, row in zip(x["ids"], x["x"]):
        sums[token] += row
        counts[token] += 1
    return {
        "sums": sums,
        "ones": np.eye(5)[x["ids"]],
        "middles": sums / np.maximum(counts, 1)[:, None],
    }


@of("distances")
def _(p, x, sizes):
    squared = np.array([[np.sum((a - b) ** 2) for b in x["y"]] for a in x["x"]])
    return {"squared": squared, "nearest": squared.argmin(axis=1), "kernel": np.exp(-squared / 2)}


@of("spectrum")
def _(p, x, sizes):
    wav = x["wav"]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(16) / 16)
    starts = range(0, wav.shape[1] - 15, 6)
    frames = np.stack([wav[:, at : at + 16] * hann for at in starts], axis=1)
    return np.abs(np.fft.rfft(frames, axis=-1)) ** 2


@of("spectrum", "resampled")
def _(p, x, sizes):
    """Linear between neighbours; beyond the last one, the last one."""
    x, steps = x["x"], np.arange(x["x"].shape[1])
    at = {"a": np.arange(13) * 7 / 13, "b": np.arange(4) * 7 / 4}
    return {name: np.stack([np.interp(it, steps, row) for row in x]) for name, it in at.items()}


@of("checkpoint_names")
def _(p, x, sizes):
    x = x["x"]
    for name in ["pairs.0", "pairs.1", "last"]:
        first, second = (linear(p, f"{name}.maps.{i}", 4, 4, False) for i in (0, 1))
        x = first(x) - second(x)
    return x


@of("shared_layer")
def _(p, x, sizes):
    y, scale = x["x"], p("scale", 6)
    for _ in range(3):
        y = np.tanh(linear(p, "map", 6, 6)(y)) * scale
    return y + scale[::-1]


@of("semantic_types")
def _(p, x, sizes):
    z = 2 * x["x"]
    return {
        "logits": 2 * z,
        "chances": softmax(z),
        "best": z.argmax(axis=1),
        "score": z.max(axis=1) / 2,
    }
