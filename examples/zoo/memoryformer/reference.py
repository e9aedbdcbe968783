"""Equations 3 to 8 of the paper, table by table, around attention in NumPy."""

import numpy as np


def count(vocab, tables, bits, blocks):
    wide, inner = tables * bits, tables * (bits + 2)
    block = 3 * tables * 2 ** bits * wide + tables * 2 ** bits * inner + tables * 2 ** (bits + 2) * wide
    return 2 * vocab * wide + blocks * (block + 2 * wide + inner) + wide


def norm(x, scale):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale


def look_up(x, tables):
    """What one vector finds: each run of it is a number in binary, the first sign the highest."""
    runs = x.reshape(len(tables), -1)
    y = 0
    for run, table in zip(runs, tables):
        place = int("".join("1" if number > 0 else "0" for number in run), 2)
        y = y + np.prod(1 / (1 + np.exp(-2 * np.abs(run)))) * table[place]
    return y


def rotated(x, pairs):
    """A head over time, of which the first `2 * pairs` features are turned, as in GPT-NeoX."""
    angles = np.arange(len(x))[:, None] * 10000.0 ** (-np.arange(pairs) / pairs)
    turned = (x[:, :pairs] + 1j * x[:, pairs:2 * pairs]) * np.exp(1j * angles)
    return np.concatenate([turned.real, turned.imag, x[:, 2 * pairs:]], 1)


def check(here):
    here.parameters("memoryformer_tiny", count(50304, 64, 8, 6))

    vocab, tables, bits, heads, pairs, blocks = 19, 4, 3, 2, 2, 2
    wide, inner = tables * bits, tables * (bits + 2)

    def memory(x, name, bits, out):
        own = here.numbers(f"{name}.tables.tables", tables, 2 ** bits, out)
        return np.stack([look_up(it, own) for it in x])

    def attend(x, at):
        q, k, v = (memory(x, f"{at}.{name}", bits, wide) for name in ("query", "key", "value"))
        out = []
        for q, k, v in zip(*(np.split(it, heads, 1) for it in (q, k, v))):
            scores = rotated(q, pairs) @ rotated(k, pairs).T / np.sqrt(wide // heads)
            weights = np.tril(np.exp(scores))
            out.append(weights / weights.sum(1, keepdims=True) @ v)
        return np.concatenate(out, 1)

    def read(row):
        x = here.numbers("words.table", vocab, wide)[row]
        for i in range(blocks):
            at = f"blocks.{i}"
            x = x + attend(norm(x, here.numbers(f"{at}.norm1.scale", wide)), at)
            h = memory(norm(x, here.numbers(f"{at}.norm2.scale", wide)), f"{at}.up", bits, inner)
            x = x + memory(norm(h, here.numbers(f"{at}.norm3.scale", inner)), f"{at}.down", bits + 2, wide)
        return norm(x, here.numbers("norm.scale", wide)) @ here.numbers("head.weight", vocab, wide).T

    here.expect("score", lambda ids: np.stack([read(row) for row in np.asarray(ids)]))
