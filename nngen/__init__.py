"""From quantized ONNX networks to compute-in-memory accelerators.

Nothing is imported here: ``nngen --version`` must answer at once, so every heavy package stays behind the module that
needs it. pyproject.toml reads the version from this file without importing it.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
