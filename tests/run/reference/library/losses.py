"""Losses."""

import numpy as np

from ..common import of, sigmoid, softmax


def huber(x, y, delta):
    e = np.abs(x - y)
    return np.where(e <= delta, e**2 / 2, delta * (e - delta / 2)).mean(-1)


def bce(z, y):
    return -(y * np.log(sigmoid(z)) + (1 - y) * np.log(1 - sigmoid(z)))


def focal(z, y, alpha, gamma):
    """Lin et al., 2017, equation 5; for y between 0 and 1 as torchvision has it, but for p, which is that of
    the loss itself."""
    e = bce(z, y)
    weight = alpha * y + (1 - alpha) * (1 - y)
    return (weight * (1 - np.exp(-e)) ** gamma * e).mean(-1)


def dice(p, y, smooth):
    return 1 - (2 * (p * y).sum(-1) + smooth) / (p.sum(-1) + y.sum(-1) + smooth)


def kl(p, q):
    return (q * (np.log(q) - np.log(p))).sum(-1)


def smoothed(z, target, smooth):
    classes = z.shape[-1]
    wanted = np.eye(classes)[target] * (1 - smooth) + smooth / classes
    return -(wanted * np.log(softmax(z))).sum(-1)


def cosine(x, y):
    return (x * y).sum(-1) / (np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1))


def info_nce(x, y, t):
    scores = np.array([[cosine(a, b) for b in y] for a in x]) / t
    return -np.log(np.diag(softmax(scores)))


@of("losses_more", "numbers")
def _(p, x, sizes):
    x, y = x["x"], x["y"]
    e = y - x
    return {
        "a": (e**2).mean(-1),
        "b": np.abs(e).mean(-1),
        "c": huber(x, y, 1.3),
        "d": huber(x, y, 0.7) / 0.7,
        "e": np.where(e > 0, 0.3 * e, -0.7 * e).mean(-1),
    }


@of("losses_more", "spread")
def _(p, x, sizes):
    x, v, y = x["x"], np.maximum(x["v"], 0.3), x["y"]
    return {
        "a": (0.5 * (np.log(v) + (x - y) ** 2 / v)).mean(-1),
        "b": np.maximum(0, 0.8 - np.sign(y) * x).mean(-1),
    }


@of("losses_more", "places")
def _(p, x, sizes):
    z, y = x["z"], x["y"]
    return {"a": bce(z, y).mean(-1), "b": focal(z, y, 0.25, 2), "c": dice(y, z, 1)}


@of("losses_more", "classes")
def _(p, x, sizes):
    z, other = x["z"], x["other"]
    return {
        "a": smoothed(z, x["target"], 0.1),
        "b": kl(softmax(z), softmax(other)),
        "c": 2.5**2 * kl(softmax(z / 2.5), softmax(other / 2.5)),
        "d": -np.take_along_axis(np.log(softmax(z)), x["target"][..., None], -1)[..., 0],
    }


@of("losses_more", "pairs")
def _(p, x, sizes):
    x, y, z, same = x["x"], x["y"], x["z"], x["same"]
    near, far = np.linalg.norm(x - y, axis=-1), np.linalg.norm(x - z, axis=-1)
    return {
        "a": cosine(x, y),
        "b": np.maximum(near - far + 0.5, 0),
        "c": np.where(same, near**2, np.maximum(3 - near, 0) ** 2),
        "d": info_nce(x, y, 0.2),
    }
