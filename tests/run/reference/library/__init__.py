"""The library's layers, from their papers' equations; ../../torch_layers.py holds those that
PyTorch has against it."""

from . import activations, attention, decoding, losses, memory, norms, positions, rasp, recurrent
from . import routing, state_spaces, structured
