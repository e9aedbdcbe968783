"""Lists of layers that depend on their place, and layers and functions within themselves."""

import numpy as np

from .common import gelu, linear, of, relu


@of("dense_block", "forward")
def dense_block(p, inputs, sizes):
    x = inputs["x"]
    for i in range(4):
        x = np.concatenate([x, dense(p, i, x)], axis=1)
    return x


@of("dense_block", "third")
def third(p, inputs, sizes):
    return dense(p, 2, inputs["x"])


def dense(p, i, x):
    name, width = f"layers.{i}", 3 + 2 * i
    scale, shift = (p(f"{name}.norm.{it}", width) for it in ("scale", "bias"))
    mean, var = (p(f"{name}.norm.running_{it}", width) for it in ("mean", "var"))
    at = (slice(None), None, None)
    x = (x - mean[at]) / np.sqrt(var[at] + 1e-5) * scale[at] + shift[at]
    return conv(relu(x), p(f"{name}.conv.weight", 2, width, 3, 3), 1)


def conv(x, weight, pad):
    """Output by output."""
    batch, _, rows, cols = x.shape
    k = weight.shape[2]
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    out = np.zeros((batch, weight.shape[0], rows, cols))
    for i in range(rows):
        for j in range(cols):
            out[:, :, i, j] = np.einsum("bcuv,ocuv->bo", x[:, :, i : i + k, j : j + k], weight)
    return out


@of("depth_weighted_average")
def depth_weighted_average(p, inputs, sizes):
    x = inputs["x"]
    alpha = p("alpha", 3, 4)
    states = [x]
    for i in range(3):
        states.append(relu(linear(p, f"blocks.{i}", 5, 5)(x)))
        x = sum(alpha[i, j] * state for j, state in enumerate(states))
        x = x + p(f"others.{i}", 5 + i)[:5] * i
    return x + states[3]


@of("recursive_unet")
def recursive_unet(p, inputs, sizes):
    return unet(p, "", inputs["x"], 2, 3)


def unet(p, at, x, width, depth):
    def layer(name, x, inputs, outputs, k):
        weight = p(f"{at}{name}.weight", outputs, inputs, k, k)
        return conv(x, weight, k // 2) + p(f"{at}{name}.bias", outputs)[:, None, None]

    here = relu(layer("down", x, width, width, 3))
    if depth == 1:
        return here
    rows, cols = here.shape[2:]
    half = np.zeros((*here.shape[:2], (rows + 1) // 2, (cols + 1) // 2))
    for i in range(half.shape[2]):
        for j in range(half.shape[3]):
            half[:, :, i, j] = here[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(2, 3))
    wide = layer("wide", half, width, 2 * width, 1)
    deep = layer("up", unet(p, f"{at}inner.", wide, 2 * width, depth - 1), 2 * width, width, 1)
    back = deep.repeat(2, axis=2).repeat(2, axis=3)[:, :, :rows, :cols]
    return layer("join", np.concatenate([here, back], axis=1), 2 * width, width, 3)


@of("aggregation_tree")
def aggregation_tree(p, inputs, sizes):
    return tree(p, "", inputs["x"], 3)


def tree(p, at, x, depth):
    def half(name, x):
        return tree(p, f"{at}{name}.", x, depth - 1) if depth > 1 else linear(p, at + name, 4, 4)(x)

    a = relu(half("left", x))
    b = relu(half("right", a))
    return linear(p, f"{at}root", 8, 4)(np.concatenate([a, b], axis=1))


def block(p, x):
    mean, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    normal = (x - mean) / np.sqrt(var + 1e-5) * p("norm.scale", 6) + p("norm.bias", 6)
    return x + gelu(linear(p, "map", 6, 6)(normal))


@of("repeated_layer", "forward")
def repeated_layer(p, inputs, sizes):
    x = inputs["x"]
    for _ in range(5):
        x = block(p, x)
    return x


@of("repeated_layer", "placed")
def placed(p, inputs, sizes):
    x = inputs["x"]
    for i in range(5):
        x = block(p, x) if i % 2 == 0 else x * i
    return x


@of("fourier", "forward")
def fourier(p, inputs, sizes):
    y = np.fft.fft(inputs["re"] + 1j * inputs["im"])
    return {"x": y.real, "y": y.imag}


@of("fourier", "back")
def back(p, inputs, sizes):
    return {"x": inputs["re"], "y": inputs["im"]}
