"""Trains the digits example and writes its weights and a few samples.

    pip install numpy scikit-learn safetensors
    python train.py

The data are scikit-learn's copy of the UCI optical digits (1797 images). Everything is
seeded, so that the same versions give the same file.
"""

import pathlib

import numpy as np
from safetensors.numpy import save_file
from sklearn.datasets import load_digits

HIDDEN, EPOCHS, BATCH, RATE, DECAY = 64, 60, 32, 2e-3, 1e-4
here = pathlib.Path(__file__).parent
rng = np.random.default_rng(0)

data = load_digits()
order = rng.permutation(len(data.images))
images = data.images[order].astype(np.float32)
labels = data.target[order].astype(np.int32)
train, test = slice(0, 1437), slice(1437, None)

w1 = (rng.standard_normal((HIDDEN, 64)) * np.sqrt(2 / 64)).astype(np.float32)
w2 = (rng.standard_normal((10, HIDDEN)) * np.sqrt(2 / HIDDEN)).astype(np.float32)
params = [w1, np.zeros(HIDDEN, np.float32), w2, np.zeros(10, np.float32)]
first = [np.zeros_like(p) for p in params]
second = [np.zeros_like(p) for p in params]


def forward(image):
    w1, b1, w2, b2 = params
    x = image.reshape(len(image), 64) / 16
    h = np.maximum(x @ w1.T + b1, 0)
    return x, h, h @ w2.T + b2


step = 0
for _ in range(EPOCHS):
    shuffled = rng.permutation(1437)
    for start in range(0, 1437, BATCH):
        rows = shuffled[start : start + BATCH]
        x, h, z = forward(images[rows])
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(rows)), labels[rows]] -= 1
        dz = p / len(rows)
        dh = (dz @ params[2]) * (h > 0)
        grads = [dh.T @ x, dh.sum(0), dz.T @ h, dz.sum(0)]
        step += 1
        for i, grad in enumerate(grads):
            grad = grad + DECAY * params[i]
            first[i] = 0.9 * first[i] + 0.1 * grad
            second[i] = 0.999 * second[i] + 0.001 * grad**2
            m = first[i] / (1 - 0.9**step)
            v = second[i] / (1 - 0.999**step)
            params[i] = (params[i] - RATE * m / (np.sqrt(v) + 1e-8)).astype(np.float32)

right = (forward(images[test])[2].argmax(1) == labels[test]).sum()
print(f"{right} of {len(labels[test])} test images right ({right / len(labels[test]):.4f})")
names = ["hidden.weight", "hidden.bias", "head.weight", "head.bias"]
save_file(dict(zip(names, params)), here / "weights.safetensors")
np.save(here / "images.npy", images[test][:16])
np.save(here / "labels.npy", labels[test][:16])
np.save(here / "logits.npy", forward(images[test][:16])[2].astype(np.float32))
