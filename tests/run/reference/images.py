"""Convolutions, pooling and networks of them, by sums over windows."""

import numpy as np

from .common import linear, of, relu, sigmoid


def conv(x, weight, stride=1, pad=0, groups=1, spread=1):
    """x [b, c, h, w], weight [k, c / groups, p, q]"""
    batch, channels, *_ = x.shape
    outputs, inputs, rows, columns = weight.shape
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    height = (x.shape[2] - (rows - 1) * spread - 1) // stride + 1
    width = (x.shape[3] - (columns - 1) * spread - 1) // stride + 1
    y = np.zeros((batch, outputs, height, width))
    for o in range(outputs):
        first = o // (outputs // groups) * inputs
        for i in range(height):
            for j in range(width):
                top, left = i * stride, j * stride
                window = x[
                    :,
                    first : first + inputs,
                    top : top + rows * spread : spread,
                    left : left + columns * spread : spread,
                ][:, :, :rows, :columns]
                y[:, o, i, j] = (window * weight[o]).sum(axis=(1, 2, 3))
    return y


def conv_layer(p, name, inputs, outputs, k=3, s=1, pad=None, groups=1, bias=True):
    weight = p(f"{name}.weight", outputs, inputs // groups, k, k)
    pad = k // 2 if pad is None else pad
    offset = p(f"{name}.bias", outputs)[:, None, None] if bias else 0.0
    return lambda x: conv(x, weight, s, pad, groups) + offset


def batch_norm(p, name, x, eps=1e-5):
    scale, bias, mean, var = (
        p(f"{name}.{it}", x.shape[1])[:, None, None]
        for it in ("scale", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(var + eps) * scale + bias


def windows(x, k, s, pad, reduce, outside):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=outside)
    height, width = (x.shape[2] - k) // s + 1, (x.shape[3] - k) // s + 1
    y = np.zeros((*x.shape[:2], height, width))
    for i in range(height):
        for j in range(width):
            y[:, :, i, j] = reduce(x[:, :, i * s : i * s + k, j * s : j * s + k], axis=(2, 3))
    return y


def relu6(x):
    return np.clip(x, 0, 6)


@of("conv")
def _(p, x, sizes):
    return conv_layer(p, "conv", 3, 5)(x["x"])


@of("conv_stride", "halved")
def _(p, x, sizes):
    return conv_layer(p, "stem", 2, 4, k=7, s=2, pad=3, bias=False)(x["x"])


@of("conv_stride", "thirds")
def _(p, x, sizes):
    return conv_layer(p, "third", 2, 4, s=3)(x["x"])


@of("conv_no_pad", "inner")
def _(p, x, sizes):
    return conv_layer(p, "five", 3, 2, k=5, pad=0)(x["x"])


@of("conv_no_pad", "row")
def _(p, x, sizes):
    return conv(x["x"], p("flat", 2, 3, 1, 4))


@of("conv_dilated")
def _(p, x, sizes):
    return conv(x["x"], p("weight", 3, 2, 3, 3), pad=2, spread=2)


@of("conv_groups")
def _(p, x, sizes):
    return conv_layer(p, "conv", 9, 6, s=2, groups=3)(x["x"])


@of("conv_depthwise")
def _(p, x, sizes):
    y = conv_layer(p, "depth", 7, 7, groups=7, bias=False)(x["x"])
    return conv_layer(p, "point", 7, 3, k=1)(y)


@of("conv_pointwise")
def _(p, x, sizes):
    weight = p("conv.weight", 5, 13, 1, 1)[:, :, 0, 0]
    pixels = x["x"][:, :, ::2, ::2]
    return np.einsum("kc,bchw->bkhw", weight, pixels) + p("conv.bias", 5)[:, None, None]


@of("conv_time", "gated")
def _(p, x, sizes):
    x = np.pad(x["x"], ((0, 0), (0, 0), (2, 0)))
    steps = np.stack([x[:, :, t : t + 3] for t in range(x.shape[2] - 2)], axis=1)
    filtered = np.einsum("btcu,ocu->bot", steps, p("filter", 4, 3, 3))
    return np.tanh(filtered) * sigmoid(np.einsum("btcu,ocu->bot", steps, p("gate", 4, 3, 3)))


@of("conv_time", "halved")
def _(p, x, sizes):
    x = x["x"]
    steps = np.stack([x[:, :, t : t + 4] for t in range(0, x.shape[2] - 3, 2)], axis=1)
    return np.einsum("btcu,ocu->bot", steps, p("wide", 4, 3, 4))


@of("conv_volume")
def _(p, x, sizes):
    x, weight = x["x"], p("weight", 3, 2, 2, 3, 3)
    y = np.zeros((1, 3, x.shape[2] - 1, x.shape[3] - 2, x.shape[4] - 2))
    for (l, i, j), _ in np.ndenumerate(y[0, 0]):
        window = x[:, :, l : l + 2, i : i + 3, j : j + 3]
        y[:, :, l, i, j] = np.einsum("bcruv,ocruv->bo", window, weight)
    return y


@of("conv_transposed")
def _(p, x, sizes):
    x, weight = x["x"], p("weight", 2, 3, 3, 3)
    batch, _, height, width = x.shape
    y = np.zeros((batch, 3, 2 * height + 1, 2 * width + 1))
    for i in range(height):
        for j in range(width):
            spread = np.einsum("bc,couv->bouv", x[:, :, i, j], weight)
            y[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += spread
    return y


@of("batch_norm")
def _(p, x, sizes):
    y = relu6(batch_norm(p, "norm", conv_layer(p, "conv", 3, 4, bias=False)(x["x"])))
    return batch_norm(p, "end", conv_layer(p, "last", 4, 4, k=1)(y), 1e-3)


@of("branches")
def _(p, x, sizes):
    def branch(name, norm, inputs, k, s):
        return batch_norm(p, norm, conv_layer(p, name, inputs, 5, k=k, s=s, bias=False)(x))

    x = x["x"]
    x = relu(branch("down.three", "down.norm3", 3, 3, 2) + branch("down.one", "down.norm1", 3, 1, 2))
    y = branch("same.three", "same.norm3", 5, 3, 1) + branch("same.one", "same.norm1", 5, 1, 1)
    return relu(y + batch_norm(p, "same.norm0", x))


@of("pre_norm")
def _(p, x, sizes):
    x = x["x"]
    return batch_norm(p, "second", x + conv_layer(p, "conv", 4, 4)(relu(batch_norm(p, "first", x))))


def residual(p, name, inputs, outputs, s):
    def block(x):
        y = conv_layer(p, f"{name}.conv1", inputs, outputs, s=s, bias=False)(x)
        y = relu(batch_norm(p, f"{name}.bn1", y))
        y = conv_layer(p, f"{name}.conv2", outputs, outputs, bias=False)(y)
        y = batch_norm(p, f"{name}.bn2", y)
        if s != 1 or inputs != outputs:
            x = conv_layer(p, f"{name}.skip", inputs, outputs, k=1, s=s)(x)
        return relu(y + x)

    return block


@of("residual")
def _(p, x, sizes):
    return residual(p, "other", 3, 5, 2)(residual(p, "same", 3, 3, 1)(x["x"]))


@of("inverted_residual")
def _(p, x, sizes):
    y = x = x["x"]
    for name, inputs, outputs, k, groups in [
        ("expand", 3, 12, 1, 1),
        ("depth", 12, 12, 3, 12),
        ("project", 12, 3, 1, 1),
    ]:
        y = conv_layer(p, f"{name}.conv", inputs, outputs, k, groups=groups, bias=False)(y)
        y = batch_norm(p, f"{name}.norm", y)
        y = y if name == "project" else relu6(y)
    return x + y


@of("squeeze_excite")
def _(p, x, sizes):
    x = x["x"]
    gate = relu(linear(p, "down", 6, 3)(x.mean(axis=(2, 3))))
    return x * sigmoid(linear(p, "up", 3, 6)(gate))[:, :, None, None]


@of("pooling")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": windows(x, 2, 2, 0, np.max, 0),
        "b": windows(x, 3, 2, 1, np.max, -np.inf),
        "c": windows(x, 2, 2, 0, np.mean, 0),
        "d": windows(x, 3, 1, 0, np.mean, 0),
    }


@of("adaptive_pool")
def _(p, x, sizes):
    x = x["x"]
    height, width = x.shape[2:]
    y = np.zeros((*x.shape[:2], 3, 2))
    for i in range(3):
        for j in range(2):
            rows = slice(i * height // 3, -(-(i + 1) * height // 3))
            columns = slice(j * width // 2, -(-(j + 1) * width // 2))
            y[:, :, i, j] = x[:, :, rows, columns].mean(axis=(2, 3))
    return y


@of("resampling", "nearest")
def _(p, x, sizes):
    return x["x"].repeat(2, axis=2).repeat(3, axis=3)


@of("resampling", "shuffled")
def _(p, x, sizes):
    batch, channels, height, width = x["x"].shape
    y = x["x"].reshape(batch, channels // 4, 2, 2, height, width)
    return y.transpose(0, 1, 4, 2, 5, 3).reshape(batch, channels // 4, 2 * height, 2 * width)


@of("resampling", "unshuffled")
def _(p, x, sizes):
    x = x["x"]
    corners = [x[:, :, u::2, v::2] for u in range(2) for v in range(2)]
    return np.stack(corners, axis=2).reshape(x.shape[0], -1, x.shape[2] // 2, x.shape[3] // 2)


@of("skip_connection")
def _(p, x, sizes):
    x = x["x"]
    deep = relu(conv_layer(p, "deep", 2, 3)(windows(x, 2, 2, 0, np.max, 0)))
    both = np.concatenate([x, deep.repeat(2, axis=2).repeat(2, axis=3)], axis=1)
    return conv_layer(p, "last", 5, 2, k=1)(both)


@of("patches")
def _(p, x, sizes):
    x = x["x"]
    rows = [x[:, :, i : i + 2, j : j + 2].reshape(len(x), -1) for i in (0, 2) for j in (0, 2, 4)]
    patches = linear(p, "embed", 12, 5)(np.stack(rows, axis=1))
    first = np.broadcast_to(p("class", 5), (len(x), 1, 5))
    return np.concatenate([first, patches], axis=1) + p("place", 7, 5)
