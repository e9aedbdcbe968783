"""Scans, choices of the greatest, and mixtures of experts."""

import numpy as np

from .common import linear, of, sigmoid, silu, softmax


@of("top_k")
def _(p, x, sizes):
    x = x["x"]
    places = np.argsort(-x, axis=1, kind="stable")[:, :3]
    values = np.take_along_axis(x, places, axis=1)
    mixed = np.einsum("bs,bsf->bf", values, p("table", 7, 4)[places])
    return {"values": values, "places": places, "mixed": mixed}


@of("top_k", "all")
def _(p, x, sizes):
    return -np.sort(-x["x"], axis=2)


@of("argmax")
def _(p, x, sizes):
    x = x["x"]
    return {
        "high": x.argmax(axis=1),
        "low": x.argmin(axis=1),
        "value": x.max(axis=1) - x.min(axis=1),
    }


def reduced(x, axis):
    return {
        "total": x.sum(axis=axis),
        "product": x.prod(axis=axis),
        "high": x.max(axis=axis),
        "low": x.min(axis=axis),
        "middle": x.mean(axis=axis),
    }


@of("reductions", "rows")
def _(p, x, sizes):
    return reduced(x["x"], 1)


@of("reductions", "columns")
def _(p, x, sizes):
    return reduced(x["x"], 0)


@of("reductions", "several")
def _(p, x, sizes):
    x = x["x"]
    return {
        "total": x.sum(axis=(0, 2)),
        "high": x.max(),
        "energy": (x**2).sum(axis=1),
        "spread": x.var(axis=(0, 2)),
    }


@of("mixture_of_experts")
def _(p, x, sizes):
    x = x["x"]
    chances = softmax(linear(p, "router", 6, 4, False)(x))
    gate, up, down = p("gate", 4, 5, 6), p("up", 4, 5, 6), p("down", 4, 6, 5)
    y = np.zeros_like(x)
    chosen = np.zeros(4)
    for b, t in np.ndindex(x.shape[:2]):
        best = np.argsort(-chances[b, t], kind="stable")[:2]
        weights = chances[b, t, best] / chances[b, t, best].sum()
        for expert, weight in zip(best, weights):
            chosen[expert] += 1
            hidden = silu(gate[expert] @ x[b, t]) * (up[expert] @ x[b, t])
            y[b, t] += weight * (down[expert] @ hidden)
    aux = 4 * np.sum(chosen / chosen.sum() * chances.mean(axis=(0, 1)))
    return {"y": y, "aux": aux}


@of("rnn")
def _(p, x, sizes):
    h, steps = x["h0"], []
    for t in range(x["x"].shape[1]):
        h = np.tanh(linear(p, "input", 3, 5)(x["x"][:, t]) + h @ p("recurrent", 5, 5).T)
        steps.append(h)
    return {"output": np.stack(steps, axis=1), "h0": h}


@of("lstm")
def _(p, x, sizes):
    h, c, steps = np.zeros(4), np.zeros(4), []
    for row in x["x"]:
        gates = linear(p, "input", 3, 16)(row) + linear(p, "recurrent", 4, 16, False)(h)
        i, f, g, o = gates.reshape(4, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        steps.append(h)
    return {"y": np.stack(steps), "last": c}


@of("gru")
def _(p, x, sizes):
    h, steps = x["h0"], []
    for t in reversed(range(x["x"].shape[1])):
        row = x["x"][:, t]
        r = sigmoid(linear(p, "reset", 3, 4)(row) + linear(p, "reset_h", 4, 4, False)(h))
        z = sigmoid(linear(p, "update", 3, 4)(row) + linear(p, "update_h", 4, 4, False)(h))
        n = np.tanh(linear(p, "new", 3, 4)(row) + r * linear(p, "new_h", 4, 4)(h))
        h = (1 - z) * n + z * h
        steps.append(h)
    return np.stack(steps, axis=1)


@of("linear_recurrence")
def _(p, x, sizes):
    h, keep, steps = x.get("h", np.zeros(5)), p("keep", 5), []
    for row in x["x"]:
        h = keep * h + (1 - keep) * row
        steps.append(h)
    return {"output": np.stack(steps), "h": h}


@of("selective_ssm")
def _(p, x, sizes):
    h, x = x.get("h0", np.zeros((2, 6, 3))), x["x"]
    projected = linear(p, "proj", 6, 8, False)(x)
    r, b, c = projected[..., :2], projected[..., 2:5], projected[..., 5:]
    dt = np.log1p(np.exp(linear(p, "dt_proj", 2, 6)(r)))
    steps = []
    for t in range(x.shape[1]):
        decay = np.exp(-dt[:, t, :, None] * np.exp(p("a_log", 6, 3)))
        h = decay * h + (dt[:, t] * x[:, t])[:, :, None] * b[:, t, None, :]
        steps.append(np.einsum("bdn,bn->bd", h, c[:, t]))
    return {"output": np.stack(steps, axis=1) + x * p("skip", 6), "h0": h}


@of("running_sums", "guarded")
def _(p, x, sizes):
    x = x["x"]
    total = np.cumsum(x, axis=0)
    return {
        "total": total,
        "high": np.maximum.accumulate(x, axis=0),
        "middle": total / np.arange(1, len(x) + 1)[:, None],
    }


@of("running_sums", "scanned")
def _(p, x, sizes):
    x = x["x"]
    return {"total": np.cumsum(x, axis=0), "high": np.maximum.accumulate(x, axis=0)}


@of("scan_in_blocks")
def _(p, x, sizes):
    x = x["x"]
    for i in range(3):
        forget = sigmoid(linear(p, f"blocks.{i}.gate", 5, 5)(x))
        value = linear(p, f"blocks.{i}.value", 5, 5)(x)
        h, steps = np.zeros(5), []
        for f, v in zip(forget, value):
            h = f * h + (1 - f) * v
            steps.append(h)
        x = x + np.stack(steps)
    return x
