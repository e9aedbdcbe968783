"""Structured linear maps, as the dense matrices that they are."""

import numpy as np

from ..common import linear, of


@of("structured_maps", "factors")
def _(p, x, sizes):
    x = x["x"]
    low = p("low.u.weight", 6, 2) @ p("low.v.weight", 2, 12)
    change = 3 / 2 * p("lora.up", 6, 2) @ p("lora.down", 2, 12)
    groups, blocks = np.zeros((6, 12)), p("groups.weight", 3, 2, 4)
    for g in range(3):
        groups[2 * g : 2 * g + 2, 4 * g : 4 * g + 4] = blocks[g]
    return {
        "a": x @ low.T + p("low.u.bias", 6),
        "b": x @ (p("lora.base.weight", 6, 12) + change).T + p("lora.base.bias", 6),
        "c": x @ groups.T + p("groups.bias", 6),
    }


def monarch(right, left):
    """The matrix of both factors and the transposition between them; Dao et al., 2022."""
    k, j, i = right.shape
    outputs = left.shape[1]
    first = np.zeros((k * j, k * i))
    for at in range(k):
        first[at * j : (at + 1) * j, at * i : (at + 1) * i] = right[at]
    transposed = np.arange(k * j).reshape(k, j).T.reshape(-1)
    second = np.zeros((j * outputs, j * k))
    for at in range(j):
        second[at * outputs : (at + 1) * outputs, at * k : (at + 1) * k] = left[at]
    back = np.arange(j * outputs).reshape(j, outputs).T.reshape(-1)
    return (second @ first[transposed])[back]


@of("structured_maps", "tensors")
def _(p, x, sizes):
    x = x["x"]
    right, left = p("train.right", 3, 2, 4, 3), p("train.left", 2, 5, 3, 3)
    first, second = p("tensor.first", 5, 3, 3), p("tensor.second", 3, 2, 4)
    matrices = {
        "a": np.kron(p("kron.a", 5, 3), p("kron.b", 2, 4)),
        "b": monarch(p("monarch.right", 3, 2, 4), p("monarch.left", 2, 5, 3)),
        "c": sum(monarch(right[..., r], left[..., r]) for r in range(3)),
        "d": sum(np.kron(first[..., r], second[r]) for r in range(3)),
    }
    return {name: x @ matrix.T for name, matrix in matrices.items()}


@of("structured_maps", "shifts")
def _(p, x, sizes):
    x = x["x"]
    ring, bands = p("ring.c", 12), p("bands.c", 18)
    around = np.array([[ring[(i - j) % 12] for j in range(12)] for i in range(12)])
    along = np.array([[bands[o - i + 11] for i in range(12)] for o in range(7)])
    return {"a": x @ around.T, "b": x @ along.T}


@of("structured_maps", "steps")
def _(p, x, sizes):
    v, x = x["v"], x["x"]
    matrix = np.eye(8)
    for level in p("fly.weight", 3, 4, 2, 2):
        blocks = np.zeros((8, 8))
        for k in range(4):
            blocks[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = level[k]
        shuffle = np.arange(8).reshape(4, 2).T.reshape(-1)
        matrix = blocks[shuffle] @ matrix
    mirror = np.eye(8)
    for row in v:
        mirror = mirror @ (np.eye(8) - 2 * np.outer(row, row) / (row @ row))
    return {"a": x @ matrix.T, "b": x @ mirror.T}


@of("structured_maps", "two")
def _(p, x, sizes):
    x, z = x["x"], x["z"]
    u, v = linear(p, "product.u", 12, 3, False)(x), linear(p, "product.v", 5, 3, False)(z)
    return {
        "a": np.einsum("bti,oij,btj->bto", x, p("pair.weight", 6, 12, 5), z) + p("pair.bias", 6),
        "b": linear(p, "product.out", 3, 6)(u * v),
    }
