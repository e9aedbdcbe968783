"""Transcriptions of the programs, by topic."""

from .common import REFERENCES
from . import attention, checkpoints, dense, elements, images, sequences
