"""What a simulation gives: plots of vectors, measures, and the log."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError, suggestion

Vector = npt.NDArray[np.float64] | npt.NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plot:
    """The vectors of one analysis.

    Parameters
    ----------
    name
        What ngspice calls the analysis: ``Operating Point``, ``Transient Analysis``, ``AC Analysis``.
    vectors
        By name in lower case (``time``, ``v(out)``, ``i(v1)``), all of one length: float64, or complex128 in a complex
        plot, the scale included.
    """

    name: str
    vectors: dict[str, Vector] = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class SpiceResult:
    """One simulated deck.

    Parameters
    ----------
    deck
        The name of its file.
    plots
        One an analysis, in the order in which ngspice ran them, which need not be that of the deck.
    measures
        What each ``.measure`` gave, by name in lower case, with the seven digits that ngspice prints. ngspice evaluates
        those of the last analysis only.
    failed_measures
        Names of those that found nothing.
    log
        What ngspice printed, or the end of it.
    """

    deck: str
    plots: tuple[Plot, ...]
    measures: dict[str, float]
    failed_measures: tuple[str, ...]
    log: str = field(repr=False)

    @property
    def vectors(self) -> dict[str, Vector]:
        """The vectors of a deck with one analysis.

        Raises
        ------
        InputError
            It has several: ``plot`` says which is meant.
        """
        if len(self.plots) != 1:
            raise InputError(f"{self.deck} must have one analysis to be read without its name, not {self._names}")
        return self.plots[0].vectors

    def plot(self, name: str) -> Plot:
        """Return the first plot of this name.

        Raises
        ------
        InputError
            There is none.
        """
        for plot in self.plots:
            if plot.name == name:
                return plot
        near = suggestion(name, [plot.name for plot in self.plots])
        raise InputError(f"the plot of {self.deck} must be one of {self._names}, not '{name}'{near}")

    @property
    def _names(self) -> str:
        return ", ".join(plot.name for plot in self.plots)
