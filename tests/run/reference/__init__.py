"""Transcriptions of the programs, by topic."""

from .common import REFERENCES
from . import library
from . import attention, checkpoints, convolutions, dense, elements, images, implicit, places
from . import recursion, sequences
