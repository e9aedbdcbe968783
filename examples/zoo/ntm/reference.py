"""The neural Turing machine by the equations of section 3 of the paper, with torch's LSTM cell for a
controller. Equation 8 is a sum over places of the ring, not over shifts."""

import torch
from torch import nn
from torch.nn import functional as F


class Head(nn.Module):
    def __init__(self, width, places, numbers, shifts):
        super().__init__()
        self.map = nn.Linear(width, numbers + shifts + 3)
        self.sizes = numbers, shifts, 1, 1, 1

    def forward(self, state, memory, before):
        key, shift, beta, gate, gamma = self.map(state).split(self.sizes, -1)
        beta, gate, gamma = F.softplus(beta), torch.sigmoid(gate), 1 + F.softplus(gamma)
        content = (beta * F.cosine_similarity(key[:, None], memory, dim=-1)).softmax(-1)
        mixed = gate * content + (1 - gate) * before

        places = memory.shape[1]
        ring = torch.zeros(len(state), places, dtype=state.dtype)
        for at, share in enumerate(shift.softmax(-1).unbind(-1)):
            ring[:, (at - self.sizes[1] // 2) % places] += share
        moved = torch.stack([
            sum(mixed[:, j] * ring[:, (i - j) % places] for j in range(places)) for i in range(places)], -1)
        sharp = moved ** gamma
        return sharp / sharp.sum(-1, keepdim=True)


class TuringMachine(nn.Module):
    def __init__(self, inputs, outputs, width, places, numbers, shifts):
        super().__init__()
        # All gates are one map of the input, what was read, and the state.
        self.gates = nn.Linear(inputs + numbers + width, 4 * width)
        self.reader = Head(width, places, numbers, shifts)
        self.writer = Head(width, places, numbers, shifts)
        self.erase, self.add = nn.Linear(width, numbers), nn.Linear(width, numbers)
        self.output = nn.Linear(width + numbers, outputs)
        self.memory = nn.Parameter(torch.empty(places, numbers))
        self.first = nn.Parameter(torch.empty(numbers))
        self.places = nn.Parameter(torch.empty(2, places))

    def forward(self, x):
        rows, width = len(x), self.erase.in_features
        memory, read = self.memory.expand(rows, -1, -1), self.first.expand(rows, -1)
        looked, wrote = (it.softmax(-1).expand(rows, -1) for it in self.places)
        h = c = torch.zeros(rows, width, dtype=x.dtype)
        weight = self.gates.weight
        outputs, weights = [], []
        for now in x.unbind(1):
            h, c = torch.lstm_cell(
                torch.cat([now, read], 1), (h, c), weight[:, :-width], weight[:, -width:],
                self.gates.bias, torch.zeros_like(self.gates.bias))
            looked, wrote = self.reader(h, memory, looked), self.writer(h, memory, wrote)
            erase, add = torch.sigmoid(self.erase(h)), torch.tanh(self.add(h))
            memory = memory * (1 - wrote[..., None] * erase[:, None]) + wrote[..., None] * add[:, None]
            read = (looked[:, None] @ memory)[:, 0]
            outputs.append(torch.sigmoid(self.output(torch.cat([h, read], 1))))
            weights.append(looked)
        return {"y": torch.stack(outputs, 1), "w": torch.stack(weights, 1)}


def check(here):
    with torch.device("meta"):
        here.parameters("copy", TuringMachine(9, 8, 100, 128, 20, 3))
    here.expect("run", here.fill(TuringMachine(4, 2, 6, 7, 3, 5)))
