"""What several transcriptions need."""

import math

import numpy as np

from .comments import rounded

REFERENCES = {}


def of(program, entry="forward"):
    """Declares the transcription of an entry (`model.entry` where models differ): a
    function of parameters, inputs and sizes that gives the outputs by name, the state afterwards included, and lengths as ints."""

    def declare(function):
        def call(params, inputs, sizes):
            result = function(params, inputs, sizes)
            return result if isinstance(result, dict) else {"output": result}

        REFERENCES.setdefault(program, {})[entry] = call
        return function

    return declare


class Params:
    """Parameters by name and shape."""

    def __init__(self, comments):
        self.comments = comments
        self.asked = set()

    def __call__(self, name, *shape):
        self.asked.add((name, shape))
        own = self.comments.param.get(name)
        if own is not None:
            assert own.shape == shape, f"{name}: {own.shape} is not {shape}"
            return own
        return self.comments.numbers(name, shape)

    def stored(self, name, *shape):
        """A tensor of the weight file, by its name there."""
        tensor = self.comments.stored[name]
        assert tensor.shape == shape, f"{name}: {tensor.shape} is not {shape}"
        return tensor


def linear(p, name, inputs, outputs, bias=True):
    """x @ weight^T + bias."""
    weight = p(f"{name}.weight", outputs, inputs)
    offset = p(f"{name}.bias", outputs) if bias else 0.0
    return lambda x: x @ weight.T + offset


erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def silu(x):
    return x * sigmoid(x)


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def softmax(x, mask=None, axis=-1):
    """Over the places where the mask is true; 0 elsewhere, also where it never is."""
    mask = np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask, x.shape)
    greatest = np.max(np.where(mask, x, -np.inf), axis=axis, keepdims=True)
    greatest = np.where(np.isfinite(greatest), greatest, 0)
    powers = np.where(mask, np.exp(np.where(mask, x, 0) - greatest), 0)
    total = powers.sum(axis=axis, keepdims=True)
    return powers / np.where(total == 0, 1, total)


def bf16(x):
    """Rounded to bf16: to nearest, ties to even."""
    return rounded(np.asarray(x, np.float64), "bf16")


def f16(x):
    return rounded(np.asarray(x, np.float64), "f16")


def f32(x):
    return rounded(np.asarray(x, np.float64), "f32")
