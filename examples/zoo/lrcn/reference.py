"""LRCN, from sections 4 and 5 of the paper and the authors' programs for Caffe, of torch's modules."""

import torch
from torch import nn


def seen():
    return [nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)]


def deep(inputs, width, outputs):
    return [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, groups=2), nn.ReLU(),
            nn.Conv2d(width, outputs, 3, padding=1, groups=2), nn.ReLU(),
            nn.MaxPool2d(3, 2, ceil_mode=True), nn.Flatten()]


def frame(height, width, m, features):
    pixels = ((height - 17) // 32) * ((width - 17) // 32)
    return nn.Sequential(
        nn.Conv2d(3, m, 7, 2), *seen(), nn.Conv2d(m, 4 * m, 5, 2, groups=2), *seen(),
        *deep(4 * m, 16 * m // 3, 4 * m), nn.Linear(4 * m * pixels, features), nn.ReLU())


def image(height, width, m, features, outputs):
    pixels = ((height - 7) // 32) * ((width - 7) // 32)
    return nn.Sequential(
        nn.Conv2d(3, m, 11, 4), *seen(), nn.Conv2d(m, 8 * m // 3, 5, padding=2, groups=2), *seen(),
        *deep(8 * m // 3, 4 * m, 8 * m // 3), nn.Linear(8 * m // 3 * pixels, features), nn.ReLU(),
        nn.Linear(features, features), nn.ReLU(), nn.Linear(features, outputs))


class Recognizer(nn.Module):
    def __init__(self, height, width, m, features, state, classes):
        super().__init__()
        self.frame = frame(height, width, m, features)
        self.lstm = nn.LSTM(features, state, batch_first=True)
        self.head = nn.Linear(state, classes)

    def forward(self, video):
        # One frame after the other, as the paper draws it.
        features = torch.stack([self.frame(video[:, t]) for t in range(video.shape[1])], 1)
        return self.head(self.lstm(features)[0]).softmax(-1)


class Describer(nn.Module):
    def __init__(self, height, width, m, features, state, words):
        super().__init__()
        self.image = image(height, width, m, features, state)
        self.words = nn.Embedding(words, state)
        self.lstm1 = nn.LSTM(state, state, batch_first=True)
        self.lstm2 = nn.LSTM(2 * state, state, batch_first=True)
        self.head = nn.Linear(state, words)

    def forward(self, picture, ids):
        seen, h = self.image(picture), self.lstm1(self.words(ids))[0]
        each = seen[:, None].expand(-1, ids.shape[1], -1)
        return self.head(self.lstm2(torch.cat([h, each], -1))[0])


RENAME = [
    (r"(frame|image)\.0\.", r"\1.conv1."),
    (r"(frame|image)\.4\.", r"\1.conv2."),
    (r"(frame|image)\.8\.", r"\1.deep.conv3."),
    (r"(frame|image)\.10\.", r"\1.deep.conv4."),
    (r"(frame|image)\.12\.", r"\1.deep.conv5."),
    (r"(frame|image)\.16\.", r"\1.fc6.map."),
    (r"image\.18\.", "image.fc7."),
    (r"image\.20\.", "image.fc8."),
    (r"words\.weight", "words.table"),
    (r"_l0$", ""),
]


def check(here):
    with torch.device("meta"):
        here.parameters("lrcn_ucf101", Recognizer(227, 227, 96, 4096, 256, 101))
        here.parameters("lrcn_coco", Describer(227, 227, 96, 4096, 1000, 8801))
    recognizer = here.fill(Recognizer(53, 81, 6, 10, 5, 7), RENAME)
    describer = here.fill(Describer(45, 71, 6, 10, 5, 13), RENAME)
    here.expect("classify", lambda video: recognizer(video).mean(1))
    here.expect("frames", lambda video: recognizer(video))
    here.expect("describe", lambda picture, ids: describer(picture, ids.long()))
