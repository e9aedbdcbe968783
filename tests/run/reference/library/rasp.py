"""RASP's library as plain loops over lists, and the transformer for such programs."""

import numpy as np

from ..common import linear, of, relu, softmax


@of("rasp_library", "selectors")
def _(p, x, sizes):
    key, query = x["key"], x["query"]
    later = np.zeros((len(key), len(key)), bool)
    for at, value in enumerate(key):
        same = [other for other in range(at + 1, len(key)) if key[other] == value]
        later[at, same[:1]] = True
    return {
        "a": query[:, None] == key[None],
        "b": key[None] < query[:, None],
        "c": np.tril(np.ones((6, 6), bool), -1),
        "d": later,
    }


@of("rasp_library", "selected")
def _(p, x, sizes):
    less = [[at for at, value in enumerate(x["key"]) if value < query] for query in x["query"]]
    return {
        "a": [len(it) for it in less],
        "b": [len(it) > 0 for it in less],
        "c": [x["x"][it].mean() if it else 0.0 for it in less],
        "d": [x["y"][it[0]] if it else -7 for it in less],
    }


@of("rasp_library", "whole")
def _(p, x, sizes):
    n = len(x["tok"])
    return {"a": [n] * n, "b": x["tok"][::-1], "c": [x["x"].mean()] * n}


@of("rasp_library", "moved")
def _(p, x, sizes):
    x, at = list(x["x"]), x["at"]
    return {
        "a": [-1, -1] + x[:-2],
        "b": x[3:] + [9, 9, 9],
        "c": [x[it] if 0 <= it < len(x) else 0 for it in at],
    }


@of("rasp_library", "counts")
def _(p, x, sizes):
    tok = list(x["tok"])
    often = {it: tok.count(it) for it in tok}
    once = sorted(often, key=lambda it: (-often[it], tok.index(it)))
    return {
        "a": [often[it] for it in tok],
        "b": [sum(often[other] == often[it] for other in often) for it in tok],
        "c": once + [-1] * (len(tok) - len(once)),
        "d": [sum(often[it] <= 2 for it in tok)] * len(tok),
        "e": sorted(tok),
        "f": sorted(tok, key=lambda it: -often[it]),
    }


@of("rasp_library", "values")
def _(p, x, sizes):
    x, key = list(x["x"]), x["key"]
    there = [at for at, it in enumerate(x) if it == 3]
    return {
        "a": [len(there)] * len(x),
        "b": [bool(there)] * len(x),
        "c": [at == there[0] for at in range(len(x))],
        "d": [at == there[-1] for at in range(len(x))],
        "e": [x[at] for at in np.argsort(key, kind="stable")],
        "f": [x[: at + 1].count(3) / (at + 1) for at in range(len(x))],
        "g": [x[max(at - 2, 0) : at + 1] == [1, 0, 3] for at in range(len(x))],
    }


def read(tok, pairs):
    """The verdict at each place of a reader with a stack."""
    verdicts, stack, dead = [], [], False
    for it in tok:
        if it in pairs:
            stack.append(it)
        elif it in pairs.values():
            dead = dead or not stack or pairs[stack.pop()] != it
        verdicts.append(0 if dead else 2 if stack else 1)
    return verdicts


@of("rasp_library", "brackets")
def _(p, x, sizes):
    tok = list(x["tok"])
    shuffled = all(read(tok, pair)[-1] == 1 for pair in ({0: 1}, {2: 3}))
    starts = [tok[: at + 1] for at in range(len(tok))]
    return {
        "a": read(tok, {0: 1}),
        "b": read(tok, {0: 1, 2: 3}),
        "c": [shuffled] * len(tok),
        "d": [(it.count(0) - it.count(1)) / len(it) for it in starts],
    }


@of("rasp_library", "transformed")
def _(p, x, sizes):
    tok = x["tok"]
    rows = p("model.tokens.table", 5, 7)[tok] + p("model.positions", 9, 7)[: len(tok)]
    h = np.concatenate([p("model.start", 7)[None], rows])
    for at in range(2):
        name = f"model.blocks.{at}"
        query, key = p(f"{name}.query", 2, 3, 7), p(f"{name}.key", 2, 3, 7)
        value, out = p(f"{name}.value", 2, 4, 7), p(f"{name}.out", 2, 4, 7)
        heads = (
            softmax(h @ q.T @ k @ h.T) @ h @ v.T @ o for q, k, v, o in zip(query, key, value, out)
        )
        h = h + sum(heads)
        h = h + relu(linear(p, f"{name}.up", 7, 6)(h)) @ p(f"{name}.down", 6, 7)
    scores = h[1:] @ p("model.unembed", 3, 7).T
    numbers = p("model.values", 3)[scores.argmax(-1)]
    return {"a": scores, "b": numbers, "c": np.trunc(numbers), "d": numbers > 0.5}
