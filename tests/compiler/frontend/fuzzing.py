"""How many random networks each property sees: `make nightly` asks for forty times as many as `make test`."""

import os

FUZZ = int(os.environ.get("NNGEN_FUZZ", "1"))
