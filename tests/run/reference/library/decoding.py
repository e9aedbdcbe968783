"""Decoding, by sorting; and distributions over sequences, by going through all of them."""

import itertools

import numpy as np

from ..common import REFERENCES, linear, of, softmax


def top_k(z, k):
    keep = np.zeros(z.shape, bool)
    for row, best in zip(keep, np.argsort(-z, axis=-1)[:, :k]):
        row[best] = True
    return keep


def top_p(p, share):
    keep = np.zeros(p.shape, bool)
    for row, chances in zip(keep, p):
        total = 0
        for v in np.argsort(-chances, kind="stable"):
            if total >= share:
                break
            row[v] = True
            total += chances[v]
    return keep


@of("decoding", "limits")
def _(p, x, sizes):
    z = x["z"]
    p = softmax(z)
    a, b = top_k(z, 5), top_p(p, 0.8)
    return {"a": a, "b": b, "c": p >= 0.2 * p.max(-1, keepdims=True), "d": softmax(z / 0.7, a & b)}


@of("decoding", "draws")
def _(p, x, sizes):
    z, up_to = x["z"], softmax(x["z"]).cumsum(-1)
    return {
        "a": z.argmax(-1),
        "b": np.array([np.searchsorted(row, u, side="right") for row, u in zip(up_to, x["u"])]),
        "c": (z - np.log(-np.log(x["noise"]))).argmax(-1),
    }


@of("decoding", "repeated")
def _(p, x, sizes):
    z = x["z"].copy()
    for row, ids in zip(z, x["ids"]):
        for v in set(ids.tolist()):
            row[v] = row[v] / 1.7 if row[v] > 0 else row[v] * 1.7
    return z


@of("decoding", "two")
def _(p, x, sizes):
    p, q = softmax(x["z"]), softmax(x["y"])
    mixed = p.copy()
    for row, late, early in zip(mixed, p, q):
        head = late >= 0.3 * late.max()
        row[head] = softmax(np.log(late[head]) - np.log(early[head])) * late[head].sum()
    rest = np.maximum(p - q, 0)
    own = np.arange(3), x["token"]
    return {"a": mixed, "b": np.minimum(1, p[own] / q[own]), "c": rest / rest.sum(-1, keepdims=True)}


@of("decoding", "beams")
def _(p, x, sizes):
    z = x["z"]
    sums = x["sums"][..., None] + np.log(softmax(z))
    flat = sums.reshape(2, -1)
    best = np.argsort(-flat, axis=-1)[:, :3]
    return {"sums": np.take_along_axis(flat, best, 1), "beam": best // 7, "token": best % 7}


def chain(e, a, start, end, tags=None):
    """Scores of all sequences of a row, or of one."""

    def score(y):
        moves = sum(a[y[t], y[t + 1]] for t in range(len(y) - 1))
        return start[y[0]] + sum(e[t, tag] for t, tag in enumerate(y)) + moves + end[y[-1]]

    if tags is not None:
        return score(tags)
    every = list(itertools.product(range(e.shape[1]), repeat=len(e)))
    scores = np.array([score(y) for y in every])
    return np.log(np.exp(scores).sum()), np.array(every[scores.argmax()])


def chains(e, tag, a, start, end):
    every = [chain(row, a, start, end) for row in e]
    score = [chain(row, a, start, end, tags) for row, tags in zip(e, tag)]
    return np.array(score), np.array([it[0] for it in every]), np.stack([it[1] for it in every])


@of("chains", "chain")
def _(p, x, sizes):
    score, partition, best = chains(x["e"], x["tag"], x["a"], x["start"], x["end"])
    return {"score": score, "partition": partition, "best": best}


@of("chains", "layered")
def _(p, x, sizes):
    own = p("crf.transition", 3, 3), p("crf.start", 3), p("crf.end", 3)
    score, partition, best = chains(x["e"], x["tag"], *own)
    return {"loss": partition - score, "best": best}


def read(path):
    """What is left of a path without repetitions and blanks."""
    return [int(it) for t, it in enumerate(path) if it and (t == 0 or path[t - 1] != it)]


@of("chains", "ctc")
def _(p, x, sizes):
    p = softmax(x["z"])
    losses = []
    for row, target, frames, letters in zip(p, x["target"], x["frames"], x["letters"]):
        total = 0
        for path in itertools.product(range(3), repeat=int(frames)):
            if read(path) == target[:letters].tolist():
                total += np.prod([row[t, it] for t, it in enumerate(path)])
        losses.append(-np.log(total))
    best = x["z"].argmax(-1)
    kept = [[bool(it) and (t == 0 or row[t - 1] != it) for t, it in enumerate(row)] for row in best]
    return {"loss": np.array(losses), "best": best, "kept": np.array(kept)}


def run_length(holds):
    """How many hold before one does not."""
    return [next((at for at, it in enumerate(row) if not it), len(row)) for row in holds]


@of("blocks_of_tokens", "proposed")
def _(p, x, sizes):
    """Stern et al., 2018, section 6: one feed-forward layer for all heads."""
    x = x["x"]
    h = linear(p, "heads.down", 12, 20)(np.maximum(linear(p, "heads.up", 5, 12)(x), 0))
    return np.stack([x + h[..., 5 * k : 5 * k + 5] for k in range(4)], axis=2)


@of("blocks_of_tokens", "kept")
def _(p, x, sizes):
    z, proposed = x["z"], x["proposed"]
    best = z.argsort(-1)[..., ::-1]
    return {
        "a": run_length(proposed == best[..., 0]),
        "b": run_length((proposed == best[..., 0]) | (proposed == best[..., 1])),
        "c": run_length(np.abs(proposed - best[..., 0]) <= 1),
    }


@of("blocks_of_tokens", "held")
def _(p, x, sizes):
    return np.array(run_length(x["x"]))


@of("blocks_of_tokens", "round")
def _(p, x, sizes):
    """Token by token, as plain greedy decoding would go on from the draft."""
    token, counts = x["z"].argmax(-1), []
    for drafted, own in zip(x["draft"], token):
        count = 1
        while count <= len(drafted) and drafted[count - 1] == own[count - 1]:
            count += 1
        counts.append(count)
    return {"token": token, "count": counts}


@of("blocks_of_tokens", "exits")
def _(p, x, sizes):
    chances = np.sort(softmax(x["z"]), -1)
    lead = chances[..., -1] - chances[..., -2]
    last = lead.shape[1] - 1
    exits = [[next((at for at, it in enumerate(row) if it >= margin), last) for row in lead] for margin in (0.2, 0.45)]
    return {"a": exits[0], "b": exits[1]}
