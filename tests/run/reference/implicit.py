"""Implicit layers: solvers of differential equations, and fixed points."""

import numpy as np

from .common import gelu, linear, of, sigmoid, silu, softmax


def field(p):
    up, down = linear(p, "up", 3, 5), linear(p, "down", 5, 3, bias=False)
    return lambda x, t: down(silu(up(x) + t)) - 0.5 * x


def solve(f, x, n, stages, weights):
    """An explicit method of Runge and Kutta whose stages each read the one before."""
    h = 1 / n
    for k in range(n):
        slopes = []
        for at in stages:
            z = x + at * h * slopes[-1] if slopes else x
            slopes.append(f(z, (k + at) * h))
        x = x + h * sum(weight * slope for weight, slope in zip(weights, slopes))
    return x


EULER = ([0], [1])
MIDPOINT = ([0, 1 / 2], [0, 1])
RK4 = ([0, 1 / 2, 1 / 2, 1], [1 / 6, 1 / 3, 1 / 3, 1 / 6])


@of("neural_ode", "first")
def _(p, x, _):
    f = field(p)
    return solve(lambda z, t: f(z, t) + t * x["pull"], x["x"], 5, *EULER)


@of("neural_ode", "second")
def _(p, x, _):
    f = field(p)
    return solve(lambda z, t: f(z, t) + t * x["pull"], x["x"], 3, *MIDPOINT)


@of("neural_ode", "fourth")
def _(p, x, _):
    return solve(field(p), x["x"], 4, *RK4)


@of("neural_ode", "plain")
def _(p, x, _):
    return solve(lambda z, t: np.cos(t) - 4 * z, x["x"], 7, *RK4)


@of("neural_ode", "back")
def _(p, x, _):
    f = field(p)
    there = solve(f, x["x"], 3, *MIDPOINT)
    return solve(lambda z, t: -f(z, 1 - t), there, 6, *EULER)


@of("deep_equilibrium")
def _(p, x, _):
    entrance, mix = linear(p, "input", 4, 3), linear(p, "mix", 3, 3, bias=False)
    weight, bias = p("norm.scale", 3), p("norm.bias", 3)
    u = entrance(x["x"])

    def norm(z):
        centred = z - z.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias

    z, steps, last = np.zeros_like(u), 0, np.inf
    while steps < 60 and last > 0.001:
        new = np.tanh(0.4 * mix(norm(z)) + u)
        z, steps, last = new, steps + 1, np.abs(new - z).max()
    return {"point": z, "steps": steps, "last": last}


@of("replaced_weights", "tokens")
def _(p, x, _):
    table = p("embed.table", 7, 4)
    return np.tanh(table[np.asarray(x["ids"], int)]) @ table.T


@of("replaced_weights", "adapted")
def _(p, x, _):
    return low_rank(p, "base.weight", "", 3, 5, 2)(x["x"])


def low_rank(p, base, place, inputs, outputs, rank):
    weight = base if isinstance(base, np.ndarray) else p(place + base, outputs, inputs)
    bias = p(place + "base.bias", outputs)
    down, up = p(place + "down", rank, inputs), p(place + "up", outputs, rank)

    def apply(x):
        updated = x @ (weight + 0.5 * up @ down).T + bias
        return np.maximum(updated, 0) - (x @ weight.T + bias)

    return apply


@of("replaced_weights", "both")
def _(p, x, _):
    make = linear(p, "make", 2, 9)
    one, two = (make(p(name, 2)).reshape(3, 3) for name in ("first", "second"))
    return np.tanh(x["x"] @ one.T + p("one.bias", 3)) @ two.T


@of("replaced_weights", "each")
def _(p, x, _):
    made = linear(p, "make", 2, 9)(x["code"]).reshape(3, 3)
    return x["x"] @ made.T + 2 * p("one.bias", 3)


@of("replaced_weights", "deep")
def _(p, x, _):
    core, h = p("core", 3, 3), x["x"]
    for at in range(2):
        place = f"blocks.{at}."
        direction = 0.5 * core
        length = np.sqrt((direction**2).sum(1, keepdims=True))
        weight = direction / length * p(place + "length", 3)[:, None]
        inner = np.tanh(h @ weight.T + p(place + "map.bias", 3))
        h = h + low_rank(p, core, place + "adapt.", 3, 3, 2)(inner)
    return h


@of("cell_arguments")
def _(p, x, _):
    def gru(name):
        gate = {it: linear(p, f"{name}.{it}", 3, 2) for it in ("reset", "update", "new")}
        reset_h = linear(p, f"{name}.reset_h", 2, 2, bias=False)
        update_h = linear(p, f"{name}.update_h", 2, 2, bias=False)
        new_h = linear(p, f"{name}.new_h", 2, 2)

        def cell(h, x):
            r = sigmoid(gate["reset"](x) + reset_h(h))
            u = sigmoid(gate["update"](x) + update_h(h))
            return (1 - u) * np.tanh(gate["new"](x) + r * new_h(h)) + u * h

        return cell

    def run(cell, steps):
        h, out = x["h0"], {}
        for t in steps:
            h = cell(h, x["x"][:, t])
            out[t] = h
        return np.stack([out[t] for t in sorted(out)], 1)

    length = x["x"].shape[1]
    ahead, back = run(gru("ahead"), range(length)), run(gru("back"), reversed(range(length)))
    h = np.concatenate([ahead, back], -1)

    def norm(name, z):
        centred = z - z.mean(-1, keepdims=True)
        scale, bias = p(f"{name}.scale", 4), p(f"{name}.bias", 4)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale + bias

    for at in range(2):
        place = f"blocks.{at}"
        up, down = linear(p, f"{place}.mlp.up", 4, 5), linear(p, f"{place}.mlp.down", 5, 4)
        h = h + down(gelu(up(norm(f"{place}.first", h))))
        h = h + x["by"] * linear(p, f"{place}.gate", 4, 4)(norm(f"{place}.second", h))
    return h


@of("wrappers")
def _(p, x, _):
    def norm(name):
        scale, bias = p(f"{name}.scale", 3), p(f"{name}.bias", 3)

        def apply(z):
            centred = z - z.mean(-1, keepdims=True)
            return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale + bias

        return apply

    def feed_forward(name, width, act=gelu, bias=True):
        up = linear(p, f"{name}.up", 3, width, bias)
        down = linear(p, f"{name}.down", width, 3, bias)
        return lambda z: down(act(up(z)))

    h = x["x"]
    for at in range(2):
        h = h + feed_forward(f"pre.{at}.inner", 5)(norm(f"pre.{at}.norm")(h))
    shared = norm("norm")
    h = shared(h)
    h = h + feed_forward("post.inner", 5, silu, bias=False)(h)
    h = h / np.sqrt((h**2).mean(-1, keepdims=True) + 1e-5) * p("post.norm.scale", 3)
    weights = softmax(linear(p, "around.inner.router", 3, 3, bias=False)(h))
    experts = [feed_forward(f"around.inner.experts.{at}", at + 2)(h) for at in range(3)]
    h = h + 0.8 * sum(weights[:, at : at + 1] * experts[at] for at in range(3))
    h = h + linear(p, "shared.inner", 3, 3)(shared(h))

    state = linear(p, "deep.inner.state", 3, 3, bias=False)
    given, z = linear(p, "deep.inner.input", 3, 3)(h), np.zeros_like(h)
    for _ in range(80):
        z, before = np.tanh(0.3 * state(z) + given), z
        if np.abs(z - before).max() <= 1e-6:
            break

    field, speed = linear(p, "ode.slope.map", 3, 3), p("ode.slope.speed", 3)
    slope = lambda z, t: np.tanh(field(z)) + t * speed
    step = 1 / 3
    for at in range(3):
        t = at * step
        a = slope(z, t)
        b = slope(z + step / 2 * a, t + step / 2)
        c = slope(z + step / 2 * b, t + step / 2)
        d = slope(z + step * c, t + step)
        z = z + step / 6 * (a + 2 * b + 2 * c + d)
    return z
