"""Linear maps, activations, products, norms and losses."""

import numpy as np

from .common import elu, erf, gelu, linear, of, relu, sigmoid, silu, softmax


@of("linear")
def _(p, x, sizes):
    return linear(p, "map", 7, 5)(x["x"])


@of("linear_leading_axes")
def _(p, x, sizes):
    return linear(p, "map", 13, 17, bias=False)(x["x"])


@of("mlp")
def _(p, x, sizes):
    x = x["x"]
    hidden = gelu(linear(p, "body.up", 11, 19)(x))
    return linear(p, "head", 11, 3)(x + linear(p, "body.down", 19, 11)(hidden))


@of("swiglu")
def _(p, x, sizes):
    x = x["x"]
    gate, up = linear(p, "gate", 12, 33, False)(x), linear(p, "up", 12, 33, False)(x)
    return linear(p, "down", 33, 12, False)(silu(gate) * up)


@of("activations", "clipped")
def _(p, x, sizes):
    x = x["x"]
    hard_sigmoid = np.clip(x / 6 + 0.5, 0, 1)
    return {
        "a": relu(x),
        "b": np.clip(x, 0, 6),
        "c": np.where(x > 0, x, 0.1 * x),
        "d": np.clip(x, -1, 1),
        "e": hard_sigmoid,
        "f": x * hard_sigmoid,
    }


@of("activations", "smooth")
def _(p, x, sizes):
    x = x["x"].astype(float)
    softplus = np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)
    return {
        "a": sigmoid(x),
        "b": silu(x),
        "c": gelu(x),
        "d": 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
        "e": softplus,
        "f": elu(x, 1.3),
        "g": x * np.tanh(softplus),
    }


@of("functions", "positive")
def _(p, x, sizes):
    x = x["x"].astype(float)
    with np.errstate(all="ignore"):
        return {"a": np.log(x), "b": np.sqrt(x), "c": x**-0.5, "d": x**1.7}


@of("functions", "any")
def _(p, x, sizes):
    x = x["x"]
    return {
        "a": np.exp(x),
        "b": np.tanh(x),
        "c": np.sin(x),
        "d": np.cos(x),
        "e": erf(x),
        "f": np.abs(x),
    }


@of("broadcast", "pairs")
def _(p, x, sizes):
    return np.add.outer(x["x"], 2 * x["y"])


@of("broadcast", "centred")
def _(p, x, sizes):
    x = x["x"]
    return (x - x.mean(axis=1, keepdims=True)) * p("scale", 7) + p("offset", 7)


@of("products", "transposed")
def _(p, x, sizes):
    product = x["x"].T @ x["y"].T
    return {"xy": product, "yx": product.T}


@of("products", "outer")
def _(p, x, sizes):
    return np.multiply.outer(x["x"], x["y"])


@of("products", "batched")
def _(p, x, sizes):
    return np.stack([a @ b for a, b in zip(x["x"], x["y"])])


@of("products", "bilinear")
def _(p, x, sizes):
    return np.einsum("bd,dfe,bf->be", x["x"], x["w"], x["y"])


@of("products", "contracted")
def _(p, x, sizes):
    return np.einsum("ndf,fdm->nm", x["x"], x["y"])


@of("products", "inner")
def _(p, x, sizes):
    return np.sum(x["x"] * x["y"])


@of("low_rank")
def _(p, x, sizes):
    weight = p("weight", 13, 17) + 0.25 * p("up", 13, 2) @ p("down", 2, 17)
    return x["x"] @ weight.T


@of("matrix_vector")
def _(p, x, sizes):
    return linear(p, "map", 197, 131)(x["x"])


@of("tied_embedding")
def _(p, x, sizes):
    table = p("embed.table", 11, 6)
    rows = table[x["ids"]]
    return (np.tanh(rows) + rows[:, ::-1]) @ table.T


@of("gather", "rows")
def _(p, x, sizes):
    return p("table", 9, 5)[x["ids"]]


@of("gather", "chosen")
def _(p, x, sizes):
    return np.array([row[at] for row, at in zip(x["x"], x["at"])])


@of("several_entries")
def _(p, x, sizes):
    code = relu(linear(p, "encoder", 9, 4)(x["x"]))
    return {"code": code, "again": linear(p, "decoder", 4, 9)(code)}


@of("several_entries", "encode")
def _(p, x, sizes):
    inputs = x["x"].shape[1]
    return relu(linear(p, "encoder", inputs, {9: 4, 5: 13}[inputs])(x["x"]))


@of("several_entries", "decode")
def _(p, x, sizes):
    return linear(p, "decoder", 4, 9)(x["c"])


def layer_norm(p, name, x, eps=1e-5):
    size = x.shape[-1]
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + eps) * p(f"{name}.scale", size) + p(f"{name}.bias", size)


def rms_norm(p, name, x, eps=1e-5):
    size = x.shape[-1]
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps) * p(f"{name}.scale", size)


@of("fold_blocks")
def _(p, x, sizes):
    x = x["x"]
    for i in range(5):
        hidden = layer_norm(p, f"blocks.{i}.norm", x)
        hidden = gelu(linear(p, f"blocks.{i}.up", 10, 23)(hidden))
        x = x + linear(p, f"blocks.{i}.down", 23, 10)(hidden)
    return layer_norm(p, "norm", x)


@of("fold_one")
def _(p, x, sizes):
    result = x["x"]
    for i, plus in enumerate(x["plus"]):
        result = result * p(f"scales.{i}.by", 5) + plus[:, None]
    return result


@of("if_on_sizes", "same.forward")
def _(p, x, sizes):
    return (linear(p, "map", 6, 6)(x["x"]) + x["x"]) ** 3


@of("if_on_sizes", "other.forward")
def _(p, x, sizes):
    return relu(linear(p, "map", 6, 4)(x["x"]) + linear(p, "skip", 6, 4, False)(x["x"])) ** 2


@of("if_on_sizes", "third.forward")
def _(p, x, sizes):
    return relu(linear(p, "map", 6, 5)(x["x"]) + linear(p, "skip", 6, 5, False)(x["x"])) / 2


@of("layer_norm")
def _(p, x, sizes):
    return layer_norm(p, "norm", x["x"], 1e-3)


@of("rms_norm")
def _(p, x, sizes):
    return rms_norm(p, "norm", x["x"])


@of("group_norm")
def _(p, x, sizes):
    x = x["x"]
    groups = x.reshape(x.shape[0], 3, -1)
    centred = groups - groups.mean(axis=2, keepdims=True)
    normal = centred / np.sqrt((centred**2).mean(axis=2, keepdims=True) + 1e-5)
    channels = (slice(None), None, None)
    return normal.reshape(x.shape) * p("norm.scale", 6)[channels] + p("norm.bias", 6)[channels]


@of("l2_normalize")
def _(p, x, sizes):
    x = x["x"]
    return x / np.maximum(np.sqrt((x**2).sum(axis=1, keepdims=True)), 1e-12)


@of("losses", "entropy")
def _(p, x, sizes):
    chances = softmax(x["z"])
    return -np.log(chances[np.arange(len(chances)), x["target"]])


@of("losses", "balance")
def _(p, x, sizes):
    experts = x["p"].shape[2]
    share = np.bincount(x["chosen"].ravel(), minlength=experts) / x["chosen"].size
    return experts * np.sum(share * x["p"].mean(axis=(0, 1)))


@of("losses", "squared")
def _(p, x, sizes):
    error = x["x"] - x["y"]
    huber = np.where(np.abs(error) < 1, error**2 / 2, np.abs(error) - 0.5)
    return {"mse": np.mean(error**2), "huber": np.mean(huber)}


@of("layer_arguments")
def _(p, x, _):
    def mlp(name, width, act=relu):
        up, down = linear(p, f"{name}.up", 3, width), linear(p, f"{name}.down", width, 3)
        return lambda x: down(act(up(x)))

    def around(inner, scale=1.0):
        return lambda x: x + scale * inner(x)

    x = x["x"]
    shared = linear(p, "shared", 3, 3)
    made = mlp("made.inner", 6)
    once = mlp("twice.inner", 3)
    stack = [around(mlp(f"stack.blocks.{at}.inner", 3)) for at in range(3)]
    h = around(made)(x)
    h = around(shared)(h)
    h = around(around(mlp("nested.inner.inner", 9, np.tanh), 0.25))(h)
    h = around(around(once), 0.5)(around(once)(h))
    h = around(lambda x: 2.0 * shared(x))(h)
    for block in stack:
        h = block(h)
    square = lambda x: x * x
    grown = [mlp(f"grown.blocks.{at}", 3 + at, square) for at in range(2)]
    h = grown[0](h) + grown[1](h) + grown[1](grown[0](h))
    for at in range(2):
        h = around(mlp(f"equal.{at}.inner", 3))(h)
    h = 0.1 * h
    for _ in range(2):
        h = around(shared)(h)
    split = (h + p("split.parts.place", 2, 3)[-1]) * h[:, -1:, :]
    deep, inner = x, shared
    for at in range(3):
        deep = linear(p, "deep" + ".next" * at + ".own", 3, 3, bias=False)(inner(deep))
        inner = around(inner)
    return 0.1 * split + deep + made(x) + stack[0](x) + shared(x)


@of("layer_arguments", "rows")
def _(p, x, _):
    up, down = linear(p, "inner.inner.up", 3, 4), linear(p, "inner.inner.down", 4, 3)
    return x["x"] + down(relu(up(x["x"])))
