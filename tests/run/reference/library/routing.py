"""Mixtures of experts, expert by expert and token by token."""

import numpy as np

from ..common import linear, of, silu, softmax


def experts(p, path, d=6, f=5, e=4):
    gate, up, down = p(f"{path}.gate", e, f, d), p(f"{path}.up", e, f, d), p(f"{path}.down", e, d, f)
    return [lambda x, n=n: down[n] @ (silu(gate[n] @ x) * (up[n] @ x)) for n in range(e)]


def routed(p, path, x, k, among):
    """Shares among the chosen, or chances among all."""
    own, chances = experts(p, path), softmax(linear(p, f"{path}.router", 6, 4, False)(x))
    y = np.zeros(x.shape)
    for at in np.ndindex(x.shape[:2]):
        best = np.argsort(-chances[at], kind="stable")[:k]
        total = chances[at][best].sum() if among else 1
        y[at] = sum(chances[at][e] / total * own[e](x[at]) for e in best)
    return y


@of("routes", "chosen")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": routed(p, "tokens", x, 2, True),
        "b": routed(p, "every", x, 4, True),
        "c": routed(p, "switch", x, 1, False),
    }


def expert_choice(p, x, capacity):
    """Zhou et al., 2022, equations 2 and 3."""
    own, scores = experts(p, "experts"), softmax(linear(p, "experts.router", 6, 4, False)(x))
    y = np.zeros(x.shape)
    for b in range(x.shape[0]):
        for e in range(4):
            for t in np.argsort(-scores[b, :, e], kind="stable")[:capacity]:
                y[b, t] += scores[b, t, e] * own[e](x[b, t])
    return y


def soft(p, x, slots=3):
    """Puigcerver et al., 2023, equations 1 to 3."""
    own, phi = experts(p, "soft"), p("soft.phi", 4, slots, 6).reshape(-1, 6)
    y = np.zeros(x.shape)
    for b, tokens in enumerate(x):
        logits = tokens @ phi.T
        inputs = softmax(logits, axis=0).T @ tokens
        outputs = np.stack([own[s // slots](row) for s, row in enumerate(inputs)])
        y[b] = softmax(logits, axis=1) @ outputs
    return y


@of("routes", "taken")
def _(p, x, sizes):
    return {"a": expert_choice(p, x["x"], 3), "b": soft(p, x["x"])}


@of("routes", "fixed")
def _(p, x, sizes):
    own, y = experts(p, "hash"), np.zeros(x["x"].shape)
    for at in np.ndindex(y.shape[:2]):
        y[at] = own[x["ids"][at] % 4](x["x"][at])
    return y


@of("routes", "loss")
def _(p, x, sizes):
    return (np.log(np.exp(x["z"]).sum(-1)) ** 2).mean()
