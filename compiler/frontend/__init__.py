"""Reads quantized ONNX files into the integer network; one file a dialect."""

from .explaining import Unsupported, explain_network
from .loader import load_model
from .reader import read_network

__all__ = ["Unsupported", "explain_network", "load_model", "read_network"]
