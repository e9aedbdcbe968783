"""The kinds of convolutions and pooling, along any number of axes, tap by tap.

`tests/convolution/torch_sizes.py` holds these against PyTorch.
"""

import numpy as np

from .common import REFERENCES, of


def span(k, d):
    return (k - 1) * d + 1


def each(value, axes):
    """One number for all axes, or one for each."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


def convolve(x, weight, stride=1, before=0, after=None, groups=1, dilation=1):
    """x [b, c, ...], weight [k, c / groups, ...]; zeros before and after each axis."""
    axes = x.ndim - 2
    stride, before, dilation = (each(it, axes) for it in (stride, before, dilation))
    after = before if after is None else each(after, axes)
    x = np.pad(x, ((0, 0), (0, 0), *zip(before, after)))
    window = weight.shape[2:]
    sizes = [
        (n - span(k, d)) // s + 1 for n, k, d, s in zip(x.shape[2:], window, dilation, stride)
    ]
    outputs, inputs = weight.shape[:2]
    y = np.zeros((x.shape[0], outputs, *sizes))
    for tap in np.ndindex(*window):
        places = tuple(
            slice(u * d, u * d + (n - 1) * s + 1, s)
            for u, d, n, s in zip(tap, dilation, sizes, stride)
        )
        seen = x[(slice(None), slice(None), *places)]
        for g in range(groups):
            own = slice(g * (outputs // groups), (g + 1) * (outputs // groups))
            part = seen[:, g * inputs : (g + 1) * inputs]
            y[:, own] += np.einsum("oc,bc...->bo...", weight[(own, slice(None), *tap)], part)
    return y


def transpose(x, weight, stride=1, pad=0, extra=0, groups=1, dilation=1):
    """x [b, c, ...], weight [c, k / groups, ...]: each pixel is added to its window."""
    axes = x.ndim - 2
    stride, pad, extra, dilation = (each(it, axes) for it in (stride, pad, extra, dilation))
    window = weight.shape[2:]
    sizes = [
        (n - 1) * s + span(k, d) + e
        for n, s, k, d, e in zip(x.shape[2:], stride, window, dilation, extra)
    ]
    inputs, outputs = x.shape[1] // groups, weight.shape[1]
    y = np.zeros((x.shape[0], outputs * groups, *sizes))
    for tap in np.ndindex(*window):
        places = tuple(
            slice(u * d, u * d + (n - 1) * s + 1, s)
            for u, d, n, s in zip(tap, dilation, x.shape[2:], stride)
        )
        for g in range(groups):
            own = slice(g * inputs, (g + 1) * inputs)
            part = np.einsum("co,bc...->bo...", weight[(own, slice(None), *tap)], x[:, own])
            y[(slice(None), slice(g * outputs, (g + 1) * outputs), *places)] += part
    cut = tuple(slice(p, n - p) for p, n in zip(pad, sizes))
    return y[(slice(None), slice(None), *cut)]


def pool(x, reduce, k, s=None, pad=0, ceil=False, padding=True):
    """`reduce` of the numbers of each window; zeros of the padding among them where
    `padding` says so, and nothing that lies beyond it."""
    axes, s = x.ndim - 2, k if s is None else s
    sizes = []
    for n in x.shape[2:]:
        rest = n + 2 * pad - k
        size = rest // s + 1
        if ceil and rest % s and size * s < n + pad:
            size += 1
        sizes.append(size)
    y = np.zeros((*x.shape[:2], *sizes))
    around = np.pad(x, ((0, 0), (0, 0), *((pad, pad),) * axes))
    for place in np.ndindex(*sizes):
        ends = [
            (i * s, min(i * s + k, n + 2 * pad))
            if padding
            else (max(i * s, pad), min(i * s + k, n + pad))
            for i, n in zip(place, x.shape[2:])
        ]
        window = around[(slice(None), slice(None), *(slice(*it) for it in ends))]
        y[(slice(None), slice(None), *place)] = reduce(
            window, axis=tuple(range(2, 2 + axes))
        )
    return y


def adaptive(x, *sizes):
    """Means of windows that cover each axis evenly."""
    y = np.zeros((*x.shape[:2], *sizes))
    for place in np.ndindex(*sizes):
        window = tuple(
            slice(i * n // size, -(-(i + 1) * n // size))
            for i, n, size in zip(place, x.shape[2:], sizes)
        )
        part = x[(slice(None), slice(None), *window)]
        y[(slice(None), slice(None), *place)] = part.mean(axis=tuple(range(2, x.ndim)))
    return y


def layer(p, name, x, inputs, outputs, k, groups=1, bias=True, **how):
    window = each(k, x.ndim - 2)
    weight = p(f"{name}.weight", outputs, inputs // groups, *window)
    return convolve(x, weight, groups=groups, **how) + offset(p, name, outputs, x, bias)


def transposed_layer(p, name, x, inputs, outputs, k, groups=1, bias=True, **how):
    window = each(k, x.ndim - 2)
    weight = p(f"{name}.weight", inputs, outputs // groups, *window)
    return transpose(x, weight, groups=groups, **how) + offset(p, name, outputs, x, bias)


def offset(p, name, outputs, x, bias):
    return p(f"{name}.bias", outputs).reshape(-1, *(1,) * (x.ndim - 2)) if bias else 0.0


def same(n, k, s):
    """What TensorFlow pads: before and after."""
    total = max((-(-n // s) - 1) * s + k - n, 0)
    return total // 2, total - total // 2


@of("conv_padding")
def _(p, x, sizes):
    x = x["x"]
    before, after = zip(*(same(n, 4, 3) for n in x.shape[2:]))
    return {
        "a": layer(p, "none", x, 2, 3, 3),
        "b": layer(p, "half", x, 2, 3, 5, stride=2, before=2),
        "c": layer(p, "full", x, 2, 2, 3, before=2, bias=False),
        "d": layer(p, "uneven", x, 2, 4, 4, stride=2, before=0, after=1, groups=2),
        "e": layer(p, "same", x, 2, 3, 4, stride=3, before=before, after=after),
        "f": layer(p, "spread", x, 2, 2, 3, stride=2, before=2, dilation=2),
        "g": layer(p, "rect", x, 2, 3, (2, 5), stride=(2, 1), before=(1, 2), dilation=(3, 1)),
    }


@of("conv_transposed_kinds")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": transposed_layer(p, "plain", x, 3, 2, 3),
        "b": transposed_layer(p, "half", x, 3, 2, 5, pad=2),
        "c": transposed_layer(p, "full", x, 3, 2, 2, pad=1, bias=False),
        "d": transposed_layer(p, "double", x, 3, 2, 4, stride=2, pad=1),
        "e": transposed_layer(p, "behind", x, 3, 6, 3, stride=3, pad=1, extra=2, groups=3),
        "f": transposed_layer(p, "spread", x, 3, 1, 3, stride=2, dilation=3, pad=2, extra=1),
    }


@of("conv_transposed_kinds", "lengthened")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": transposed_layer(p, "double", x, 4, 2, 4, stride=2, pad=1, groups=2),
        "b": transposed_layer(p, "spread", x, 4, 3, 3, stride=3, dilation=2, extra=2),
    }


def adjoint(stride, pad, groups, dilation):
    """One number twice: of the convolution, which the transposed one has to meet."""

    def both(p, x, sizes):
        y = convolve(x["x"], x["w"], stride, pad, groups=groups, dilation=dilation)
        direct = (y * x["y"]).sum()
        return {"direct": direct, "transposed": direct}

    return both


of("conv_adjoint", "steps")(adjoint(2, 1, 1, 1))
of("conv_adjoint", "groups")(adjoint(3, 2, 2, 1))
of("conv_adjoint", "spread")(adjoint(2, 3, 1, 3))
of("conv_adjoint", "all")(adjoint(3, 1, 3, 2))


@of("conv_sequences")
def _(p, x, sizes):
    x = x["x"]
    scale, bias, mean, var = (
        p(f"norm.{it}", 3)[:, None] for it in ("scale", "bias", "running_mean", "running_var")
    )
    half = layer(p, "half", x, 4, 3, 3, before=1)
    return {
        "a": (half - mean) / np.sqrt(var + 1e-5) * scale + bias,
        "b": layer(p, "causal", x, 4, 2, 3, before=4, after=0, dilation=2, bias=False),
        "c": layer(p, "steps", x, 4, 6, 5, stride=3, before=1, groups=2),
        "d": pool(x, np.max, 3, 2, 1, padding=False),
        "e": pool(x, np.max, 3, 2, ceil=True),
        "f": pool(x, np.mean, 4, 3, 2),
        "g": pool(x, np.mean, 4, 3, 2, padding=False),
        "h": adaptive(x, 3),
    }


@of("conv_volume_layer")
def _(p, x, sizes):
    x = x["x"]
    steps = dict(stride=2, dilation=2, before=1, after=0, groups=2, bias=False)
    return {
        "a": layer(p, "half", x, 2, 3, 3, before=1),
        "b": layer(p, "steps", x, 2, 4, 2, **steps),
    }


@of("pooling_kinds")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": pool(x, np.max, 3, 2, 1, ceil=True, padding=False),
        "b": pool(x, np.max, 2, 3, ceil=True),
        "c": pool(x, np.mean, 3, 2, 1, ceil=True),
        "d": pool(x, np.mean, 3, 2, ceil=True, padding=False),
        "e": pool(x, np.mean, 3, 2, 1),
        "f": pool(x, np.mean, 3, 2, 1, padding=False),
        "g": adaptive(x, 3, 2),
        "h": pool(np.abs(x) ** 3, np.sum, 2, 1) ** (1 / 3),
    }


def same_layer(p, name, x, inputs, outputs, k, s=1, d=1, groups=1, bias=True):
    before, after = zip(*(same(n, span(k, d), s) for n in x.shape[2:]))
    how = {"stride": s, "before": before, "after": after, "dilation": d}
    return layer(p, name, x, inputs, outputs, k, groups, bias, **how)


@of("conv_volume_kinds", "forward")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": same_layer(p, "same", x, 2, 4, 2, s=2, groups=2),
        "b": same_layer(p, "spread", x, 2, 3, 3, d=2, bias=False),
        "c": pool(x, np.max, 3, 2, 1, padding=False),
        "d": pool(x, np.mean, 2, 1, pad=1),
        "e": pool(x, np.mean, 3, 2, pad=1, padding=False),
    }


@of("conv_volume_kinds", "enlarged")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": transposed_layer(p, "plain", x, 2, 3, 2),
        "b": transposed_layer(p, "double", x, 2, 2, 3, groups=2, bias=False, stride=2, pad=1, extra=1),
        "c": transposed_layer(p, "spread", x, 2, 1, 2, stride=2, pad=1, dilation=3),
    }


@of("conv_volume_kinds", "lines")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": same_layer(p, "same", x, 3, 2, 4, s=3),
        "b": same_layer(p, "spread", x, 3, 6, 3, d=3, groups=3, bias=False),
    }


def soft(window, axis):
    """Stergiou et al., 2021, equations 1 and 2."""
    weights = np.exp(window - window.max(axis=axis, keepdims=True))
    return (weights * window).sum(axis=axis) / weights.sum(axis=axis)


@of("pooling_soft", "lines")
def _(p, x, sizes):
    return pool(x["x"], soft, 3, 2)


@of("pooling_soft", "images")
def _(p, x, sizes):
    x = x["x"]
    rows = [x[:, :, i * x.shape[2] // 3 : -(-(i + 1) * x.shape[2] // 3)].max(2) for i in range(3)]
    cut = np.stack(rows, 2)
    columns = [cut[..., j * x.shape[3] // 2 : -(-(j + 1) * x.shape[3] // 2)].max(-1) for j in range(2)]
    return {"a": pool(x, soft, 2), "b": pool(x, soft, 3, 1), "c": np.stack(columns, -1)}


@of("pooling_soft", "volumes")
def _(p, x, sizes):
    return pool(x["x"], soft, 2, 1)
