"""Attention."""

import math

import numpy as np

from ..common import elu, linear, of, sigmoid, softmax


def causal(t):
    return np.tril(np.ones((t, t), bool))


def attend(q, k, v, mask=None, there=None, bias=0.0):
    """[.., heads, time, feat]; keys and values may have fewer heads."""
    share = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, share, axis=1), np.repeat(v, share, axis=1)
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1]) + bias
    seen = np.ones(scores.shape, bool)
    if mask is not None:
        seen &= mask
    if there is not None:
        seen &= there[:, None, None]
    return softmax(scores, seen) @ v


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def heads(x, n):
    b, t, d = x.shape
    return x.reshape(b, t, n, d // n).swapaxes(1, 2)


def features(x):
    b, n, t, d = x.shape
    return x.swapaxes(1, 2).reshape(b, t, n * d)


def talking_heads(q, k, v, before, after, mask):
    scores = np.einsum("bntd,bnjd->bntj", q, k) / math.sqrt(q.shape[-1])
    p = softmax(np.einsum("bntj,nh->bhtj", scores, before), mask)
    return np.einsum("bhtj,hg->bgtj", p, after) @ v


def differential(q, k, q2, k2, v, share, mask):
    """Ye et al., 2024, equation 1."""
    scale = math.sqrt(q.shape[-1])
    first, second = (softmax(a @ b.swapaxes(-1, -2) / scale, mask) for a, b in ((q, k), (q2, k2)))
    return (first - share[:, None, None] * second) @ v


def persistent(q, k, v, keys, values, mask=None):
    b, t = q.shape[0], q.shape[2]
    repeated = [np.broadcast_to(it, (b, *it.shape)) for it in (keys, values)]
    if mask is not None:
        mask = np.concatenate([mask, np.ones((t, keys.shape[1]), bool)], 1)
    return attend(q, np.concatenate([k, repeated[0]], 2), np.concatenate([v, repeated[1]], 2), mask)


def hopfield(state, patterns, beta, steps):
    for _ in range(steps):
        state = softmax(beta * state @ patterns.swapaxes(-1, -2)) @ patterns
    return state


def additive(q, k, v, weight, there=None):
    scores = np.tanh(q[:, :, None] + k[:, None]) @ weight
    return softmax(scores, None if there is None else there[:, None]) @ v


def lsh_attention(q, v, bucket, chunk):
    """Reformer's, round by round, merged by the log-sum-exp of each round, where a pair in several
    rounds counts for one (equations 3 to 5 and appendix A)."""
    out = np.zeros(v.shape)
    b, n, rounds, t = bucket.shape
    for at in np.ndindex(b, n):
        keys = unit(q[at])
        scores = q[at] @ keys.T / math.sqrt(q.shape[-1])
        sets = []
        for r in range(rounds):
            order = sorted(range(t), key=lambda i: (bucket[at][r][i], i))
            places = {i: s for s, i in enumerate(order)}
            sets.append([
                {j for j in range(i) if bucket[at][r][j] == bucket[at][r][i]
                 and places[i] // chunk - 1 <= places[j] // chunk <= places[i] // chunk}
                for i in range(t)
            ])
        for i in range(t):
            own = [s[i] for s in sets]
            if not any(own):
                out[at][i] = v[at][i]
                continue
            weights, outputs = [], []
            for r in own:
                if not r:
                    continue
                js = sorted(r)
                shared = np.array([sum(j in other for other in own) for j in js])
                powers = np.exp(scores[i, js]) / shared
                weights.append(powers.sum())
                outputs.append(powers / powers.sum() @ v[at][js])
            out[at][i] = np.array(weights) / sum(weights) @ np.array(outputs)
    return out


def multihead(x, to, n, w, bias, out, out_bias, mask=None, there=None):
    q, k, v = (heads(a @ m.T + o, n) for a, m, o in
               zip((x, to, to), np.split(w, 3), np.split(bias, 3)))
    return features(attend(q, k, v, mask, there)) @ out.T + out_bias


def linear_attention(q, k, v, mask=None):
    weights = (elu(q) + 1) @ (elu(k) + 1).swapaxes(-1, -2)
    weights = weights if mask is None else weights * mask
    return weights / weights.sum(-1, keepdims=True) @ v


def performer(x, omega):
    return np.exp(x @ omega.T - (x**2).sum(-1, keepdims=True) / 2) / math.sqrt(len(omega))


@of("attention_scores", "masks")
def _(p, x, sizes):
    i, j = np.indices((7, 7))
    k, m = np.indices((9, 9))
    return {
        "a": (j <= i) & (i - j < 3),
        "b": np.abs(i - j) <= 2,
        "c": (j <= i) | (j < 3),
        "d": i // 3 == j // 3,
        "e": (m <= k) & ((k - m < 3) | ((k - m) % 3 == 0)),
    }


@of("attention_scores", "plain")
def _(p, x, sizes):
    q, k, v = x["q"], x["k"], x["v"]
    return {
        "a": attend(q, k, v),
        "b": attend(q, k, v, x["mask"]),
        "c": attend(q, k, v, there=x["there"], bias=x["bias"]),
        "d": attend(q, k, v, x["mask"], x["there"], x["bias"]),
    }


@of("attention_scores", "forms")
def _(p, x, sizes):
    q, k, v, mask = x["q"], x["k"], x["v"], causal(7)
    scale = x["scale"][:, None, None] * math.sqrt(5)
    return {
        "a": attend(scale * unit(q), unit(k), v, mask),
        "b": talking_heads(q, k, v, x["before"], x["after"], mask),
        "c": differential(q, k, k, q, v, x["scale"], mask),
        "d": persistent(q, k, v, x["keys"], x["values"], mask),
    }


@of("attention_scores", "unmasked")
def _(p, x, sizes):
    q, k, v = x["q"], x["k"], x["v"]
    scale = x["scale"][:, None, None] * math.sqrt(5)
    return {
        "a": attend(scale * unit(q), unit(k), v),
        "b": persistent(q, k, v, x["keys"], x["values"]),
    }


@of("attention_scores", "memory")
def _(p, x, sizes):
    return {it: hopfield(x["state"], x["patterns"], *how) for it, how in (("a", (0.7, 1)), ("b", (2, 4)))}


@of("attention_scores", "additive")
def _(p, x, sizes):
    parts = x["q"], x["k"], x["v"], x["w"]
    return {"a": additive(*parts), "b": additive(*parts, x["there"])}


@of("attention_scores", "hashed")
def _(p, x, sizes):
    return lsh_attention(x["q"], x["v"], x["bucket"], 3)


@of("attention_scores", "buckets")
def _(p, x, sizes):
    turned = x["x"] @ x["rotation"]
    return np.concatenate([turned, -turned], -1).argmax(-1)


@of("attention_linear", "all")
def _(p, x, sizes):
    q, k, v, omega = x["q"], x["k"], x["v"], x["omega"]
    few, many = (performer(it / 4**0.25, omega) for it in (q, k))
    weights = few @ many.swapaxes(-1, -2)
    return {
        "a": linear_attention(q, k, v),
        "b": softmax(q) @ (softmax(k, axis=-2).swapaxes(-1, -2) @ v),
        "c": performer(q, omega),
        "d": weights / weights.sum(-1, keepdims=True) @ v,
    }


@of("attention_linear", "past")
def _(p, x, sizes):
    return linear_attention(x["q"], x["k"], x["v"], causal(7))


@of("attention_linear", "features")
def _(p, x, sizes):
    q, k, v = (it.swapaxes(-1, -2) for it in (x["q"], x["k"], x["v"]))
    scores = unit(q) @ unit(k).swapaxes(-1, -2) * x["scale"][:, None, None]
    return (softmax(scores) @ v).swapaxes(-1, -2)


@of("attention_linear", "free")
def _(p, x, sizes):
    q, k, v, w = x["q"], x["k"], x["v"], x["w"]

    def free(mask):
        powers = np.exp(k[:, None] + w[:, :, None]) * mask[..., None]
        return sigmoid(q) * (powers * v[:, None]).sum(2) / powers.sum(2)

    return {"a": free(np.ones((7, 7))), "b": free(causal(7))}


def lambdas(q, k, v, e):
    """Bello, 2021, equations 1 and 2, a map for each place."""
    y = np.zeros((*q.shape[:3], v.shape[-1]))
    keys = softmax(k, axis=1)
    for b in range(q.shape[0]):
        for t in range(q.shape[2]):
            own = (keys[b] + e[t]).T @ v[b]
            y[b, :, t] = q[b, :, t] @ own
    return y


@of("attention_linear", "maps")
def _(p, x, sizes):
    return lambdas(x["q"], x["k"], x["v"], x["e"])


def multi(p, x, to, mask=None, there=None):
    return multihead(x, to, 4, p("multi.in_proj_weight", 24, 8), p("multi.in_proj_bias", 24),
                     p("multi.out_proj.weight", 8, 8), p("multi.out_proj.bias", 8), mask, there)


@of("attention_layers", "itself")
def _(p, x, sizes):
    there, x = x["there"], x["x"]
    return {
        "a": multi(p, x, x),
        "b": multi(p, x, x, causal(5)),
        "c": multi(p, x, x, there=there),
        "d": multihead(x, x, 4, p("plain.in_proj_weight", 24, 8), np.zeros(24),
                       p("plain.out_proj.weight", 8, 8), 0),
    }


@of("attention_layers", "other")
def _(p, x, sizes):
    to, x = x["to"], x["x"]
    q, k = linear(p, "additive.query", 8, 6, False)(x), linear(p, "additive.key", 8, 6)(to)
    return {"a": multi(p, x, to), "b": additive(q, k, to, p("additive.weight", 6))}


def grouped(p, path, x, groups, bias):
    q, k, v = (heads(linear(p, f"{path}.{name}_proj", 8, 2 * n, bias)(x), n)
               for name, n in (("q", 4), ("k", groups), ("v", groups)))
    return linear(p, f"{path}.o_proj", 8, 8, bias)(features(attend(q, k, v, causal(5))))


@of("attention_layers", "fewer")
def _(p, x, sizes):
    x = x["x"]
    q, k, v = (heads(linear(p, f"normed.{it}_proj", 8, 8, False)(x), 4) for it in "qkv")
    q, k = (it / np.sqrt((it**2).mean(-1, keepdims=True) + 1e-6) * p(f"normed.{name}_norm.scale", 2)
            for it, name in ((q, "q"), (k, "k")))
    one = linear(p, "class.q", 8, 8)(x[:, :1])
    one = attend(heads(one, 4), *(heads(linear(p, f"class.{it}", 8, 8)(x), 4) for it in "kv"))
    return {
        "a": grouped(p, "grouped", x, 2, False),
        "b": grouped(p, "query.attention", x, 1, True),
        "c": linear(p, "normed.o_proj", 8, 8, False)(features(attend(q, k, v, causal(5)))),
        "d": linear(p, "class.proj", 8, 8)(features(one)),
    }


@of("attention_layers", "pooled")
def _(p, x, sizes):
    there, x = x["there"], x["x"]
    query = np.broadcast_to(p("pool.query", 4, 2)[:, None], (2, 4, 1, 2))
    k, v = (heads(linear(p, f"pool.{it}", 8, 8)(x), 4) for it in "kv")

    def pool(there=None):
        return linear(p, "pool.out", 8, 8)(features(attend(query, k, v, there=there)))[:, 0]

    gated = np.tanh(linear(p, "bag.v", 8, 5)(x)) * sigmoid(linear(p, "bag.u", 8, 5)(x))
    weights = softmax(gated @ p("bag.w", 5), there)
    labels = []
    for q, key, value in zip(p("labels.query", 3, 7), p("labels.key", 3, 7, 8), p("labels.value", 3, 7, 8)):
        a = softmax(x @ key.T @ q / math.sqrt(7), there)
        labels.append(np.einsum("bt,btf->bf", a, x @ value.T))
    return {
        "a": pool(),
        "b": pool(there),
        "c": np.einsum("bt,btd->bd", weights, x),
        "d": np.stack(labels, 1),
    }


@of("attention_layers", "relations")
def _(p, x, sizes):
    symbol, x = x["symbol"], x["x"]
    maps = {it: linear(p, f"relational.{it}", 8, size, False)(x)
            for it, size in (("q", 8), ("k", 8), ("q_rel", 15), ("k_rel", 15))}
    scores = heads(maps["q"], 4) @ heads(maps["k"], 4).swapaxes(-1, -2) / math.sqrt(2)
    p_ij = softmax(scores, causal(5))
    r = np.einsum("brie,brje->bijr", heads(maps["q_rel"], 3), heads(maps["k_rel"], 3))
    w_r, w_s = p("relational.w_relation", 4, 3, 2), p("relational.w_symbol", 4, 8, 2)
    parts = []
    for n in range(4):
        value = r @ w_r[n] + (symbol @ w_s[n])[:, None]
        parts.append(np.einsum("bij,bijd->bid", p_ij[:, n], value))
    scores = softmax(linear(p, "external.mk", 8, 7, False)(x), axis=1)
    scores = scores / (1e-9 + scores.sum(-1, keepdims=True))
    return {
        "a": linear(p, "relational.out", 8, 8, False)(np.concatenate(parts, -1)),
        "b": linear(p, "external.mv", 7, 8, False)(scores),
    }


@of("attention_layers", "places")
def _(p, x, sizes):
    x = x["x"]
    q, k, v = (linear(p, f"maps.{it}", 8, size, False)(x) for it, size in (("q", 12), ("k", 3), ("v", 2)))
    return features(lambdas(heads(q, 4), k, v, p("maps.position", 5, 5, 3)))
