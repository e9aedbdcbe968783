"""Transcriptions of the programs, by topic."""

from .common import REFERENCES
from . import attention, dense, elements, images, sequences
