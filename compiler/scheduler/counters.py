"""What each counter of a core tells."""

from __future__ import annotations

STORED = 0  # a part of the layer before has stored everything
LOADED = 1  # LOAD has waited, so STORE may write where others have read before
PADDED = 2  # STORE has written the halos of the network's inputs in this core's memory
