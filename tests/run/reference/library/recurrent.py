"""Recurrences."""

import numpy as np

from ..common import linear, of, relu, sigmoid


def zeros(x, d):
    return np.zeros((x.shape[0], d))


def over_time(x, state, step):
    """The outputs of each step and the last state."""
    outputs = []
    for t in range(x.shape[1]):
        output, state = step(x[:, t], state)
        outputs.append(output)
    return np.stack(outputs, 1), state


def rnn(x, w, u, b, c, act=np.tanh, h=None):
    def step(row, h):
        h = act(row @ w.T + b + h @ u.T + c)
        return h, h

    return over_time(x, zeros(x, len(u)) if h is None else h, step)


def lstm(x, w, u, b, c, state=None, project=None):
    """PyTorch's: gates input, forget, cell, output."""

    def step(row, state):
        h, m = state
        i, f, g, o = np.split(row @ w.T + b + h @ u.T + c, 4, axis=-1)
        m = sigmoid(f) * m + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(m)
        h = h if project is None else h @ project.T
        return h, (h, m)

    return over_time(x, state or (zeros(x, u.shape[1]), zeros(x, len(u) // 4)), step)


def gru(x, w, u, b, c):
    """PyTorch's: gates reset, update, new."""

    def step(row, h):
        (r, z, n), (s, y, m) = np.split(row @ w.T + b, 3, -1), np.split(h @ u.T + c, 3, -1)
        z = sigmoid(z + y)
        h = (1 - z) * np.tanh(n + sigmoid(r + s) * m) + z * h
        return h, h

    return over_time(x, zeros(x, u.shape[1]), step)


def both(forward, backward, x):
    return np.concatenate([forward(x)[0], backward(x[:, ::-1])[0][:, ::-1]], -1)


def weights(p, path, i, d, gates, state=None):
    g, s = gates * d, d if state is None else state
    return (p(f"{path}.weight_ih", g, i), p(f"{path}.weight_hh", g, s),
            p(f"{path}.bias_ih", g), p(f"{path}.bias_hh", g))


KINDS = {"rnn": (rnn, 1), "lstm": (lstm, 4), "gru": (gru, 3)}


def of_kind(p, kind, path, i=5, d=4, **how):
    run, gates = KINDS[kind]
    w = weights(p, path, i, d, gates)
    return lambda x: run(x, *w, **how)


@of("recurrent_layers", "one")
def _(p, x, sizes):
    x = x["x"]
    less = weights(p, "less", 5, 4, 4, 3)
    return {
        "a": of_kind(p, "rnn", "rnn")(x)[0],
        "b": of_kind(p, "rnn", "ramp", act=relu)(x)[0],
        "c": of_kind(p, "lstm", "lstm")(x)[0],
        "d": of_kind(p, "gru", "gru")(x)[0],
        "e": lstm(x, *less, project=p("less.weight_hr", 3, 4))[0],
    }


@of("recurrent_layers", "both")
def _(p, x, sizes):
    x = x["x"]
    names = {"a": ("rnn", "two_rnn"), "b": ("lstm", "two"), "c": ("gru", "two_gru")}
    return {it: both(*(of_kind(p, kind, f"{path}.{way}") for way in ("forward", "backward")), x)
            for it, (kind, path) in names.items()}


@of("recurrent_layers", "several")
def _(p, x, sizes):
    x = x["x"]
    deep = of_kind(p, "lstm", "deep.first")(x)[0]
    for at in range(2):
        deep = of_kind(p, "lstm", f"deep.rest.{at}", 4)(deep)[0]
    stack = of_kind(p, "gru", "stack.rest.0", 4)(of_kind(p, "gru", "stack.first")(x)[0])[0]
    return {"a": deep, "b": stack}


@of("recurrent_layers", "go_on")
def _(p, x, sizes):
    y, (h, c) = of_kind(p, "lstm", "lstm", state=(x["h"], x["c"]))(x["x"])
    return {"output": y, "h": h, "c": c}


def layer_norm(p, path, d):
    def norm(x):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * p(f"{path}.scale", d) + p(f"{path}.bias", d)

    return norm


def layer_norm_lstm(p, x):
    """Ba et al., 2016, equations 20 to 22."""
    w_x, w_h = linear(p, "normed.input", 5, 16, False), linear(p, "normed.state", 4, 16, False)
    norm_x, norm_h, norm_c = (layer_norm(p, f"normed.{it}", size) for it, size in
                              (("input_norm", 16), ("state_norm", 16), ("cell_norm", 4)))

    def step(row, state):
        h, c = state
        f, i, o, g = np.split(norm_h(w_h(h)) + norm_x(w_x(row)) + p("normed.bias", 16), 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(norm_c(c))
        return h, (h, c)

    return over_time(x, (zeros(x, 4), zeros(x, 4)), step)[0]


def layer_norm_gru(p, x):
    """Equations 23 to 25."""
    maps = {it: linear(p, f"normed2.{it}", i, o, False) for it, i, o in
            (("input", 5, 8), ("state", 4, 8), ("new_input", 5, 4), ("new_state", 4, 4))}
    norms = {it: layer_norm(p, f"normed2.{it}_norm", size) for it, size in
             (("input", 8), ("state", 8), ("new_input", 4), ("new_state", 4))}

    def part(name, row):
        return norms[name](maps[name](row))

    def step(row, h):
        z, r = np.split(part("state", h) + part("input", row), 2, -1)
        new = np.tanh(part("new_input", row) + sigmoid(r) * part("new_state", h))
        h = (1 - sigmoid(z)) * h + sigmoid(z) * new
        return h, h

    return over_time(x, zeros(x, 4), step)[0]


def peephole(p, x):
    """Graves, 2013, equations 7 to 11."""
    w, u = p("peep.weight_ih", 16, 5), p("peep.weight_hh", 16, 4)
    (w_i, w_f, w_o), bias = p("peep.peep", 3, 4), p("peep.bias", 16)

    def step(row, state):
        h, c = state
        i, f, g, o = np.split(row @ w.T + h @ u.T + bias, 4, -1)
        i, f = sigmoid(i + w_i * c), sigmoid(f + w_f * c)
        c = f * c + i * np.tanh(g)
        h = sigmoid(o + w_o * c) * np.tanh(c)
        return h, (h, c)

    return over_time(x, (zeros(x, 4), zeros(x, 4)), step)[0]


def minimal(p, x):
    w_f, w = linear(p, "minimal.forget", 5, 4), linear(p, "minimal.new", 5, 4)
    u_f, u = linear(p, "minimal.forget_h", 4, 4, False), linear(p, "minimal.new_h", 4, 4, False)

    def step(row, h):
        f = sigmoid(w_f(row) + u_f(h))
        h = (1 - f) * h + f * np.tanh(w(row) + u(f * h))
        return h, h

    return over_time(x, zeros(x, 4), step)[0]


@of("recurrent_variants", "gated")
def _(p, x, sizes):
    x = x["x"]
    return {"a": layer_norm_lstm(p, x), "b": layer_norm_gru(p, x), "c": peephole(p, x), "d": minimal(p, x)}


def independent(p, x):
    u, recurrent = linear(p, "alone.map", 5, 4), p("alone.recurrent", 4)

    def step(row, h):
        h = relu(u(row) + recurrent * h)
        return h, h

    return over_time(x, zeros(x, 4), step)[0]


def simple(p, x):
    """Lei et al., 2018, equations 1 to 4."""
    w, f, r = (linear(p, f"simple.{it}", 5, 5, it != "map") for it in ("map", "forget", "reset"))
    v_f, v_r = p("simple.forget_cell", 5), p("simple.reset_cell", 5)

    def step(row, c):
        forget, reset = sigmoid(f(row) + v_f * c), sigmoid(r(row) + v_r * c)
        c = forget * c + (1 - forget) * w(row)
        return reset * c + (1 - reset) * row, c

    return over_time(x, zeros(x, 5), step)[0]


def pooled(z, f):
    def step(rows, c):
        c = rows[1] * c + (1 - rows[1]) * rows[0]
        return c, c

    outputs, c = [], zeros(z, z.shape[2])
    for t in range(z.shape[1]):
        output, c = step((z[:, t], f[:, t]), c)
        outputs.append(output)
    return np.stack(outputs, 1)


def quasi(p, x):
    weight, bias = p("quasi.weight", 12, 5, 3), p("quasi.bias", 12)
    padded = np.concatenate([np.zeros((x.shape[0], 2, 5)), x], 1)
    sums = sum(padded[:, u : u + x.shape[1]] @ weight[:, :, u].T for u in range(3)) + bias
    z, f, o = np.split(sums, 3, -1)
    return sigmoid(o) * pooled(np.tanh(z), sigmoid(f))


@of("recurrent_variants", "light")
def _(p, x, sizes):
    x = x["x"]
    padded = np.concatenate([x, np.zeros((x.shape[0], 2, 5))], 1)
    row = p("ahead.weight", 5, 3)
    return {
        "a": independent(p, x),
        "b": simple(p, x),
        "c": quasi(p, x),
        "d": pooled(linear(p, "least.new", 5, 4)(x), 1 - sigmoid(linear(p, "least.update", 5, 4)(x))),
        "e": sum(padded[:, u : u + x.shape[1]] * row[:, u] for u in range(3)),
    }


def conv_same(x, weight):
    """[b, c, h, w] with [o, c, k, k], as many pixels as there are."""
    k = weight.shape[-1] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (k, k), (k, k)))
    h, w = x.shape[2:]
    return sum(np.einsum("bchw,oc->bohw", padded[:, :, u : u + h, v : v + w], weight[:, :, u, v])
               for u in range(2 * k + 1) for v in range(2 * k + 1))


@of("recurrent_variants", "film")
def _(p, x, sizes):
    """Shi et al., 2015, without peepholes."""
    w, u = p("images.weight_ih", 12, 2, 3, 3), p("images.weight_hh", 12, 3, 3, 3)
    bias = p("images.bias", 12)[:, None, None]
    b, _, _, height, width = x["x"].shape

    def step(image, state):
        h, c = state
        i, f, g, o = np.split(conv_same(image, w) + conv_same(h, u) + bias, 4, 1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return h, (h, c)

    start = np.zeros((b, 3, height, width))
    return over_time(x["x"], (start, start), step)[0]


@of("scan_of_images")
def _(p, x, sizes):
    def step(image, h):
        h = image + conv_same(h, p("weight", 3, 3, 3, 3))
        return h, h

    b, _, c, height, width = x["x"].shape
    return over_time(x["x"], np.full((b, c, height, width), 0.5), step)[0]
