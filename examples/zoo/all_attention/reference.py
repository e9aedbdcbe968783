"""The equations of sections 3 and 4, one head and one position at a time."""

import numpy as np


def norm(x, scale, bias):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale + bias


def count(vocab, places, wide, heads, kept, blocks):
    block = 4 * wide * wide + 2 * kept * wide + heads + 2 * wide
    return vocab * wide + places * wide // heads + blocks * block + wide * vocab + vocab


def check(here):
    here.parameters("enwik8_small", count(205, 8192, 512, 8, 1024, 18))
    here.parameters("enwik8_large", count(205, 8192, 512, 8, 2048, 36))

    vocab, places, wide, heads, kept, blocks, ramp = 19, 13, 12, 3, 5, 2, 3.0
    dh = wide // heads

    def attend(x, at, place):
        q, k, v = (x @ here.numbers(f"{at}.{name}.weight", wide, wide).T for name in ("query", "key", "value"))
        keys = here.numbers(f"{at}.keys", heads, kept, dh)
        values = here.numbers(f"{at}.values", heads, kept, dh)
        span = here.numbers(f"{at}.span", heads) * places
        y = np.zeros_like(x)
        for n in range(heads):
            of = slice(n * dh, (n + 1) * dh)
            for t in range(len(x)):
                distance = t - np.arange(t)
                scores = np.concatenate([
                    [q[t, of] @ (k[c, of] + place[t - c - 1]) for c in range(t)], keys[n] @ q[t, of]])
                soft = np.clip((ramp + span[n] - (distance - 1)) / ramp, 0, 1)
                weights = np.concatenate([soft, np.ones(kept)]) * np.exp(scores / np.sqrt(dh))
                y[t, of] = weights / weights.sum() @ np.concatenate([v[:t, of], values[n]])
        return y @ here.numbers(f"{at}.output.weight", wide, wide).T

    def score(ids):
        place = here.numbers("place", places, dh)
        head, bias = here.numbers("head.weight", vocab, wide), here.numbers("head.bias", vocab)
        rows = []
        for row in ids:
            x = here.numbers("words.table", vocab, wide)[row]
            for i in range(blocks):
                x = norm(x + attend(x, f"blocks.{i}.attn", place), here.numbers(f"blocks.{i}.norm.scale", wide),
                         here.numbers(f"blocks.{i}.norm.bias", wide))
            rows.append(x @ head.T + bias)
        return np.stack(rows)

    here.expect("score", lambda ids: score(np.asarray(ids)))
