"""Reads quantized ONNX files into the integer network; one file a dialect."""

from .loader import load_model
from .reader import read_network

__all__ = ["load_model", "read_network"]
