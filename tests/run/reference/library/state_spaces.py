"""State spaces, with numpy's complex numbers, and what becomes of them for all steps at once."""

import numpy as np

from ..common import linear, of, relu, sigmoid, silu


def softplus(x):
    return np.logaddexp(0, x)


def scanned(step, state, length):
    outputs = []
    for t in range(length):
        state, output = step(t, state)
        outputs.append(output)
    return np.stack(outputs), state


def diagonal(decay, inputs, out):
    """h[t] = decay h[t-1] + inputs[:, t]; the outputs, [b, t, d]."""
    h, rows = np.zeros(inputs[:, 0].shape, complex), []
    for t in range(inputs.shape[1]):
        h = decay * h + inputs[:, t]
        rows.append(out(h))
    return np.stack(rows, 1)


def complex_param(p, path, *shape):
    return p(f"{path}_re", *shape) + 1j * p(f"{path}_im", *shape)


def lru(p, x, d=4, n=3):
    """Orvieto et al., 2023: unrolled, by powers of lambda."""
    decay = np.exp(-np.exp(p("lru.nu_log", n)) + 1j * np.exp(p("lru.theta_log", n)))
    inputs = np.exp(p("lru.gamma_log", n)) * (x @ complex_param(p, "lru.b", n, d).T)
    c = complex_param(p, "lru.c", d, n)
    steps = x.shape[1]
    y = np.zeros(x.shape)
    for t in range(steps):
        h = sum(decay ** (t - s) * inputs[:, s] for s in range(t + 1))
        y[:, t] = (h @ c.T).real
    return y + p("lru.d", d) * x


def s5(p, x, d=4, n=3):
    a = -np.exp(p("s5.a_log", n)) + 1j * p("s5.a_im", n)
    step = np.exp(p("s5.step_log", n))
    decay = np.exp(step * a)
    b = ((decay - 1) / a)[:, None] * complex_param(p, "s5.b", n, d)
    c = complex_param(p, "s5.c", d, n)
    return diagonal(decay, x @ b.T, lambda h: 2 * (h @ c.T).real) + p("s5.d", d) * x


def s4d(p, x, d=4, n=3):
    """As a recurrence, where the layer is a convolution."""
    a = -np.exp(p("s4d.a_log", d, n)) + 1j * p("s4d.a_im", d, n)
    step = np.exp(p("s4d.step_log", d))[:, None]
    decay = np.exp(step * a)
    b, c = (decay - 1) / a, complex_param(p, "s4d.c", d, n)
    return diagonal(decay, x[..., None] * b, lambda h: 2 * (h * c).sum(-1).real)


@of("state_spaces", "fixed")
def _(p, x, sizes):
    x = x["x"]
    impulse = np.zeros((1, 9, 4))
    impulse[0, 0] = 1
    return {
        "a": lru(p, x),
        "b": s5(p, x),
        "c": s4d(p, x) + p("s4d.d", 4) * x,
        "d": s4d(p, impulse)[0].T,
    }


def selective(x, dt, a, b, c):
    h, rows = np.zeros((x.shape[0], *a.shape)), []
    for t in range(x.shape[1]):
        h = np.exp(dt[:, t, :, None] * a) * h + (dt[:, t] * x[:, t])[..., None] * b[:, t, None]
        rows.append((h * c[:, t, None]).sum(-1))
    return np.stack(rows, 1)


def depthwise(x, weight):
    k = weight.shape[1]
    padded = np.concatenate([np.zeros((x.shape[0], k - 1, x.shape[2])), x], 1)
    return sum(padded[:, u : u + x.shape[1]] * weight[:, u] for u in range(k))


def mamba(x, in_proj, conv, conv_bias, x_proj, dt_proj, dt_bias, a_log, d, out_proj):
    """Gu and Dao, 2023, section 3.4."""
    u, z = np.split(x @ in_proj.T, 2, -1)
    u = silu(depthwise(u, conv) + conv_bias)
    rank, states = dt_proj.shape[1], a_log.shape[1]
    r, b, c = np.split(u @ x_proj.T, [rank, rank + states], -1)
    y = selective(u, softplus(r @ dt_proj.T + dt_bias), -np.exp(a_log), b, c) + d * u
    return (y * silu(z)) @ out_proj.T


@of("state_spaces", "chosen")
def _(p, x, sizes):
    x = x["x"]
    names = (("in_proj.weight", 12, 4), ("conv_weight", 6, 3), ("conv_bias", 6), ("x_proj.weight", 8, 6),
             ("dt_proj.weight", 6, 2), ("dt_proj.bias", 6), ("a_log", 6, 3), ("d", 6), ("out_proj.weight", 4, 6))
    r, i = (sigmoid(linear(p, f"gated.{it}", 4, 4)(x)) for it in ("recurrence", "input"))
    log_a = -8 * softplus(p("gated.lambda", 4)) * r
    gated = diagonal_real(np.exp(log_a), np.sqrt(1 - np.exp(2 * log_a)) * i * x)
    return {"a": mamba(x, *(p(f"mamba.{name}", *shape) for name, *shape in names)), "b": gated}


def diagonal_real(a, u):
    h, rows = np.zeros(u[:, 0].shape), []
    for t in range(u.shape[1]):
        h = a[:, t] * h + u[:, t]
        rows.append(h)
    return np.stack(rows, 1)


@of("state_spaces", "scans")
def _(p, x, sizes):
    return {
        "a": diagonal_real(x["a"], x["u"]),
        "b": selective(x["u"], np.abs(x["a"]), x["w"], x["b"], x["c"]),
    }


def retention(q, k, v, decay):
    t = q.shape[2]
    away = np.arange(t)[:, None] - np.arange(t)
    weights = np.where(away >= 0, decay[:, None, None] ** np.maximum(away, 0), 0)
    return (q @ k.swapaxes(-1, -2) * weights) @ v


@of("matrix_states", "heads")
def _(p, x, sizes):
    q, k, v = x["q"], x["k"], x["v"]
    gated, delta = np.zeros(v.shape), np.zeros(v.shape)
    for at in np.ndindex(2, 3):
        # Products of gates between a step and another.
        for t in range(7):
            for s in range(t + 1):
                kept = x["gate"][at][s + 1 : t + 1].prod(0)
                gated[at][t] += (q[at][t] * kept * k[at][s]).sum() * v[at][s]
        state = np.zeros((4, 5))
        for t in range(7):
            key, rate = k[at][t][:, None], x["rate"][at][t]
            state = (np.eye(4) - rate * key @ key.T) @ state + rate * key * v[at][t]
            delta[at][t] = q[at][t] @ state
    return {"a": retention(q, k, v, x["decay"]), "b": gated, "c": delta}


@of("matrix_states", "go_on")
def _(p, x, sizes):
    s = x.get("s", np.zeros((2, 3, 4, 5)))
    rows = []
    for t in range(x["q"].shape[2]):
        s = x["decay"][:, None, None] * s + x["k"][:, :, t, :, None] * x["v"][:, :, t, None]
        rows.append((x["q"][:, :, t, None] @ s)[:, :, 0])
    return {"output": np.stack(rows, 2), "s": s}


def wkv(k, v, decay, bonus):
    """Peng et al., 2023, equation 16, its sums step by step."""
    over, under = np.zeros(k[:, 0].shape), np.zeros(k[:, 0].shape)
    rows = []
    for t in range(k.shape[1]):
        own = np.exp(bonus + k[:, t])
        rows.append((over + own * v[:, t]) / (under + own))
        over = np.exp(-decay) * over + np.exp(k[:, t]) * v[:, t]
        under = np.exp(-decay) * under + np.exp(k[:, t])
    return np.stack(rows, 1)


def shifted(x, mix):
    before = np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], 1)
    return mix * x + (1 - mix) * before


@of("matrix_states", "mixes")
def _(p, x, sizes):
    v, decay, bonus, x = x["v"], x["decay"], x["bonus"], x["x"]

    def part(path, name, mix, outputs=4):
        return linear(p, f"{path}.{name}", 4, outputs, False)(shifted(x, p(f"{path}.mix_{mix}", 4)))

    r, keys, values = part("time", "receptance", "r"), part("time", "key", "k"), part("time", "value", "v")
    y = wkv(keys, values, np.exp(p("time.decay_log", 4)), p("time.bonus", 4))
    hidden = relu(part("channel", "key", "k", 7)) ** 2
    return {
        "a": wkv(x, v, decay, bonus),
        "b": linear(p, "time.output", 4, 4, False)(sigmoid(r) * y),
        "c": sigmoid(part("channel", "receptance", "r")) * linear(p, "channel.value", 7, 4, False)(hidden),
    }


def long_convolution(x, k):
    """By the transform, with as many zeros behind."""
    n = 2 * x.shape[1]
    spectrum = np.fft.rfft(x, n, axis=1) * np.fft.rfft(k.T, n, axis=0)
    return np.fft.irfft(spectrum, n, axis=1)[:, : x.shape[1]]


def spread_out(weight, spread):
    wide = np.zeros((weight.shape[0], (weight.shape[1] - 1) * spread + 1))
    wide[:, ::spread] = weight
    return wide


@of("matrix_states", "long")
def _(p, x, sizes):
    k, w, u, x = x["k"], x["w"], x["u"], x["x"]
    return {
        "a": long_convolution(x, k),
        "b": depthwise(x, w),
        "c": depthwise(x, spread_out(w, 3)),
        "d": depthwise(x, spread_out(u, 3)),
    }


def implicit_filter(p, path, n):
    t = np.linspace(0, 1, n)
    h = np.stack([t, np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], -1)
    h = np.sin(10 * linear(p, f"{path}.first", 3, 6)(h))
    h = np.sin(10 * linear(p, f"{path}.second", 6, 6)(h))
    h = linear(p, f"{path}.last", 6, 4, False)(h)
    return (h * np.exp(-t[:, None] * np.abs(p(f"{path}.decay", 4)))).T


def tree(p, x):
    """Shi et al., 2023: each level's high part, and what is left."""
    low, high, weight = p("tree.low", 4, 3), p("tree.high", 4, 3), p("tree.weight", 4, 4)
    y = np.zeros(x.shape)
    for level in range(4):
        y += weight[:, level] * depthwise(x, spread_out(high, 2**level))
        x = depthwise(x, spread_out(low, 2**level))
    return y + p("tree.rest", 4) * x


@of("matrix_states", "filters")
def _(p, x, sizes):
    """Poli et al., 2023, definition 3.1 with N = 2."""
    x = x["x"]
    first, second, v = np.split(depthwise(linear(p, "hyena.input", 4, 12)(x), p("hyena.short", 12, 3)), 3, -1)
    z = second * v
    z = long_convolution(z, implicit_filter(p, "hyena.filter", 9)) + p("hyena.bias", 4) * z
    return {
        "a": implicit_filter(p, "filter", 9),
        "b": linear(p, "hyena.out", 4, 4)(first * z),
        "c": tree(p, x),
    }
