"""The picture's network of section 3 of the paper in NumPy, with all random maps as matrices."""

import numpy as np


def drawn(code, layer, shape):
    places = np.meshgrid(*[np.arange(n) for n in (*shape, len(code))], indexing="ij")
    a = (sum(n * it for n, it in zip((7919, 3571, 613), places)) + 104729 * layer + 1) % 46337
    for add in (12345, 29, 7):
        a = (a * a + add) % 46337
    return np.sqrt(2 / (shape[1] * len(code))) * (1 - 2 * (a % 2)) @ code


def check(here):
    here.parameters("kodak", 4000)
    code = np.asarray(here.numbers("code", 11), np.float64)
    width, waves, depth = 6, 3, 2

    def colours(point):
        point = np.asarray(point, np.float64)
        angle = np.pi * point[:, :, None] * 2.0 ** np.arange(waves)
        h = np.stack([np.sin(angle), np.cos(angle)], -1).reshape(len(point), -1)
        sizes = [4 * waves] + [width] * (depth + 1)
        for layer, (i, o) in enumerate(zip(sizes, sizes[1:])):
            h = np.maximum(h @ drawn(code, layer, (o, i)).T, 0)
        return 1 / (1 + np.exp(-h @ drawn(code, depth + 1, (3, width)).T))

    here.expect("colours", colours)
