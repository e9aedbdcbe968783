"""Memories."""

import numpy as np

from ..common import linear, of, sigmoid, softmax


def nearest(x, rows):
    return np.array([[((row - it) ** 2).sum() for row in rows] for it in x.reshape(-1, x.shape[-1])]).argmin(-1)


@of("memories", "nearest")
def _(p, x, sizes):
    rows = p("codes.rows", 7, 3)
    code = nearest(x["x"], rows).reshape(2, 3)
    return {"y": rows[code], "code": code}


@of("memories", "keys")
def _(p, x, sizes):
    return np.mean([x["values"][c][nearest(x["x"][:, c], x["keys"][c])] for c in range(3)], axis=0)


@of("memories", "votes")
def _(p, x, sizes):
    rows, classes = x["rows"], x["class"]
    y = np.zeros((3, 3))
    for b, q in enumerate(x["x"]):
        cosine = rows @ q / (np.linalg.norm(rows, axis=-1) * np.linalg.norm(q))
        best = np.argsort(-cosine)[:4]
        for weight, row in zip(softmax(cosine[best] / 0.3), best):
            y[b, classes[row]] += weight
    return y


def product_keys(p, x, heads=2, half=3, size=5, k=3):
    """By all sums of keys, of which the greatest are taken; Lample et al., 2019, section 3.1."""
    q = linear(p, "product.query", 6, heads * 2 * half)(x).reshape(-1, heads, 2, half)
    keys, values = p("product.keys", heads, 2, size, half), p("product.values", size, size, 4).reshape(-1, 4)
    y = np.zeros((x.shape[0], 4))
    for b, n in np.ndindex(x.shape[0], heads):
        sums = ((keys[n, 0] @ q[b, n, 0])[:, None] + keys[n, 1] @ q[b, n, 1]).reshape(-1)
        best = np.argsort(-sums)[:k]
        y[b] += softmax(sums[best]) @ values[best]
    return y


def sign_tables(p, x, runs=3, bits=2, temperature=0.7):
    """Ding et al., 2024, equations 4 to 7."""
    tables, y = p("signs.tables", runs, 2**bits, 5), np.zeros((x.shape[0], 5))
    for b, row in enumerate(x):
        for c, z in enumerate(row.reshape(runs, bits)):
            at = int("".join("1" if it > 0 else "0" for it in z), 2)
            y[b] += np.prod(1 / (1 + np.exp(-2 * np.abs(z) / temperature))) * tables[c, at]
    return y


@of("memories", "tables")
def _(p, x, sizes):
    return {"a": product_keys(p, x["x"]), "b": sign_tables(p, x["x"])}


def address(memory, key, beta, gate, by, gamma, before):
    """Graves et al., 2014, equations 5 to 9, for one row; the shifts are -1, 0 and 1."""
    cosine = memory @ key / (np.linalg.norm(memory, axis=-1) * np.linalg.norm(key))
    w = gate * softmax(beta * cosine) + (1 - gate) * before
    w = sum(share * np.roll(w, r - len(by) // 2) for r, share in enumerate(by))
    return w**gamma / (w**gamma).sum()


@of("memories", "turing")
def _(p, x, sizes):
    names = ("memory", "key", "beta", "gate", "by", "gamma", "before")
    w = np.stack([address(*(x[name][b] for name in names)) for b in range(3)])
    kept = 1 - w[:, :, None] * x["erase"][:, None]
    return {
        "w": w,
        "read": np.einsum("bn,bnm->bm", w, x["memory"]),
        "memory": x["memory"] * kept + w[:, :, None] * x["add"][:, None],
    }


@of("memories", "heads")
def _(p, x, sizes):
    said = linear(p, "head.map", 6, 10)(x["state"])
    rows = []
    for b, it in enumerate(said):
        beta, gate, gamma = np.logaddexp(0, it[7]), sigmoid(it[8]), 1 + np.logaddexp(0, it[9])
        rows.append(address(x["memory"][b], it[:4], beta, gate, softmax(it[4:7]), gamma, x["before"][b]))
    return np.stack(rows)
