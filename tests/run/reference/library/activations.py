"""Activations and gates."""

import numpy as np

from ..common import elu, erf, gelu, linear, of, relu, sigmoid, silu, softmax


def softplus(x):
    return np.logaddexp(0, x)


def selu(x):
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def celu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(x / alpha))


def leaky(x, slope):
    return np.where(x > 0, x, slope * x)


def threshold(x, at, value):
    return np.where(x > at, x, value)


def hard_shrink(x, at):
    return np.where((x < -at) | (x > at), x, 0)


def soft_shrink(x, by):
    return np.where(x > by, x - by, np.where(x < -by, x + by, 0))


def softsign(x):
    return x / (1 + np.abs(x))


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


def log_softmax(x):
    return x - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)) - x.max(-1, keepdims=True)


def glu(x, gate=sigmoid, axis=-1):
    a, b = np.split(x, 2, axis=axis)
    return a * gate(b)


def pdelu(x, alpha, t):
    """Cheng et al., 2020, equations 6 and 7."""
    inside = np.maximum(1 + (1 - t) * x, 0)
    return np.where(x > 0, x, alpha * (inside ** (1 / (1 - t)) - 1))


def pade(x, numerator, denominator):
    """Molina et al., 2019, the safe form."""
    over = sum(a * x**j for j, a in enumerate(numerator))
    under = sum(b * x ** (j + 1) for j, b in enumerate(denominator))
    return over / (1 + np.abs(under))


@of("activations_more", "cut")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": relu(x) ** 2,
        "b": leaky(x, 0.2),
        "c": threshold(x, 0.7, -2.5),
        "d": hard_shrink(x, 1.5),
        "e": soft_shrink(x, 0.8),
    }


@of("activations_more", "scaled")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": x * sigmoid(1.7 * x),
        "b": x * sigmoid(1.702 * x),
        "c": selu(x),
        "d": celu(x, 1.4),
        "e": x - np.tanh(x),
    }


@of("activations_more", "other")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": softsign(x),
        "b": 0.5 * x / (1 + np.abs(x)) + 0.5,
        "c": log_sigmoid(x),
        "d": x * np.tanh(x),
        "e": x * erf(softplus(x)),
    }


@of("activations_more", "learned")
def _(p, x, sizes):
    top, bottom, slope, x = x["top"], x["bottom"], x["slope"], x["x"]
    return {
        "a": leaky(x, slope),
        "b": x / (x / 2 + np.exp(-x / 3)),
        "c": pdelu(x, 1.2, 0.9),
        "d": pade(x, top, bottom),
    }


@of("activations_more", "rows")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": x.reshape(-1, 2, 3).max(-1),
        "b": np.concatenate([relu(x), relu(-x)], -1),
        "c": softmax(-x),
        "d": log_softmax(x),
    }


@of("activations_more")
def _(p, x, sizes):
    x = x["x"]
    slopes = p("slopes.weight", 3)[:, None, None]
    return {"a": leaky(x, slopes), "b": relu(x - 0.8 * x.mean((1, 2, 3), keepdims=True))}


@of("gated_units", "halves")
def _(p, x, sizes):
    x = x["x"]
    return {"a": glu(x), "b": glu(x, relu), "c": glu(x, gelu), "d": glu(x, silu)}


@of("gated_units", "image")
def _(p, x, sizes):
    return glu(x["x"], axis=1)


def gated_mlp(p, path, act, bias=False):
    gate, up = linear(p, f"{path}.gate", 6, 7, bias), linear(p, f"{path}.up", 6, 7, bias)
    down = linear(p, f"{path}.down", 7, 6, bias)
    return lambda x: down(act(gate(x)) * up(x))


@of("gated_units", "maps")
def _(p, x, sizes):
    x = x["x"]
    # The bilinear map in its other form, a third-order tensor.
    gate, up, down = (p(f"plain.{it}.weight", *shape) for it, shape in
                      (("gate", (7, 6)), ("up", (7, 6)), ("down", (6, 7))))
    tensor = np.einsum("of,fi,fj->oij", down, gate, up)
    return {
        "a": gated_mlp(p, "swish", silu)(x),
        "b": gated_mlp(p, "gauss", gelu)(x),
        "c": gated_mlp(p, "ramp", relu, bias=True)(x),
        "d": np.einsum("oij,bti,btj->bto", tensor, x, x),
    }
