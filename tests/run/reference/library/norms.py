"""Norms."""

import numpy as np

from ..common import linear, of, sigmoid, silu


def standardized(x, axes, eps=1e-5):
    """Mean 0 and variance 1 over the axes."""
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(var + eps)


def rms(x, eps):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + eps)


def channels(v, axes):
    """Numbers of channels against images or volumes."""
    return np.reshape(v, (-1,) + (1,) * axes)


def batch(x, mean, var, eps=1e-5):
    axes = x.ndim - 2
    return (x - channels(mean, axes)) / np.sqrt(channels(var, axes) + eps)


def layer_norm_2d(x, scale, bias, eps=1e-6):
    return standardized(x, 1, eps) * channels(scale, 2) + channels(bias, 2)


def evo_norm_b0(x, scale, bias, slope, running_var, eps=1e-5):
    """Liu et al., 2020, table 1."""
    batch_std = np.sqrt(channels(running_var, 2) + eps)
    instance_std = np.sqrt(x.var((2, 3), keepdims=True) + eps)
    y = x / np.maximum(batch_std, channels(slope, 2) * x + instance_std)
    return y * channels(scale, 2) + channels(bias, 2)


def evo_norm_s0(x, scale, bias, slope, groups, eps=1e-5):
    b, c, h, w = x.shape
    grouped = x.reshape(b, groups, c // groups, h, w)
    std = np.sqrt(grouped.var((2, 3, 4), keepdims=True) + eps)
    std = np.broadcast_to(std, grouped.shape).reshape(x.shape)
    return x * sigmoid(channels(slope, 2) * x) / std * channels(scale, 2) + channels(bias, 2)


def local_response(x, n, alpha, beta, k):
    """Krizhevsky et al., 2012, section 3.3, with alpha / n."""
    total = np.zeros_like(x)
    for c in range(x.shape[1]):
        for other in range(max(0, c - n // 2), min(x.shape[1], c + (n - 1) // 2 + 1)):
            total[:, c] += x[:, other] ** 2
    return x / (k + alpha / n * total) ** beta


def global_response(x, scale, bias, eps=1e-6):
    """Woo et al., 2023, algorithm 1."""
    norms = np.sqrt((x**2).sum((2, 3), keepdims=True))
    n = norms / (norms.mean(1, keepdims=True) + eps)
    return channels(scale, 2) * (x * n) + channels(bias, 2) + x


def ada_in(x, style, eps=1e-5):
    """Huang and Belongie, 2017, equation 8."""
    mean, std = style.mean((2, 3), keepdims=True), np.sqrt(style.var((2, 3), keepdims=True) + eps)
    return std * standardized(x, (2, 3), eps) + mean


@of("norm_parts", "parts")
def _(p, x, sizes):
    x = x["x"]
    ones = np.ones(7) / np.sqrt(7)
    projected = x - (x @ ones)[..., None] * ones
    return {
        "a": projected,
        "b": rms(x, 1e-5),
        "c": standardized(x, -1),
        "d": rms(projected, 1e-5) * p("whole.scale", 7) + p("whole.bias", 7),
    }


@of("norm_parts", "scaled")
def _(p, x, sizes):
    gate, x = x["gate"], x["x"]
    return {
        "a": rms(x, 1e-6) * (1 + p("offset.scale", 7)),
        "b": x / np.sqrt((x[..., :3] ** 2).mean(-1, keepdims=True) + 1e-5) * p("part.scale", 7),
        "c": rms(x * silu(gate), 1e-5) * p("gated.norm.scale", 7),
        "d": p("length.scale", 1) * x / np.linalg.norm(x, axis=-1, keepdims=True),
    }


@of("norm_parts", "other")
def _(p, x, sizes):
    condition, x = x["condition"], x["x"]
    shift, scale = np.split(linear(p, "adaptive.map", 5, 14)(silu(condition))[:, None], 2, axis=-1)
    return {
        "a": p("bounded.scale", 7) * np.tanh(p("bounded.alpha", 1) * x) + p("bounded.bias", 7),
        "b": p("branch.scale", 7) * x,
        "c": standardized(x, -1, 1e-6) * (1 + scale) + shift,
    }


def affine(p, path, x):
    axes = x.ndim - 2
    return x * channels(p(f"{path}.scale", 6), axes) + channels(p(f"{path}.bias", 6), axes)


def trained(p, path, x):
    return batch(x, p(f"{path}.running_mean", 6), p(f"{path}.running_var", 6))


@of("norm_images", "volumes")
def _(p, x, sizes):
    return affine(p, "volume", trained(p, "volume", x["x"]))


@of("norm_images", "images")
def _(p, x, sizes):
    x = x["x"]
    instance = standardized(x, (2, 3))
    rho = channels(p("mixed.rho", 6), 2)
    return {
        "a": affine(p, "instance", instance),
        "b": instance,
        "c": affine(p, "mixed", rho * trained(p, "mixed", x) + (1 - rho) * instance),
        "d": layer_norm_2d(x, p("pixel.scale", 6), p("pixel.bias", 6)),
    }


@of("norm_images", "found")
def _(p, x, sizes):
    x = x["x"]

    def named(path, *names):
        return [p(f"{path}.{name}", 6) for name in names]

    return {
        "a": evo_norm_b0(x, *named("evo_b", "scale", "bias", "slope", "running_var")),
        "b": evo_norm_s0(x, *named("evo_s", "scale", "bias", "slope"), groups=2),
        "c": global_response(x, *named("response", "scale", "bias")),
    }


@of("norm_images", "other")
def _(p, x, sizes):
    x, style, condition = x["x"], x["style"], x["condition"]
    gamma, beta = np.split(linear(p, "film.map", 5, 12)(condition)[:, :, None, None], 2, axis=1)
    return {
        "a": local_response(x, 3, 0.5, 0.75, 2),
        "b": local_response(x, 4, 0.5, 0.75, 1),
        "c": ada_in(x, style),
        "d": gamma * x + beta,
    }


@of("norm_images", "weights")
def _(p, x, sizes):
    return standardized(x["w"], (1, 2, 3))
