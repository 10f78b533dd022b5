"""The log of a co-simulation, read while it grows: faults end it at once, retirements are passed on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nngen.errors import ProgramError, ToolError
from nngen.host import MAGIC, tensor_addresses, tensor_codes
from nngen.isa import EVENT_NAMES, Cause
from nngen.sim.cosim import CoreResult, Progress, RetireTrace, RtlJob, RtlResult

from ._host import WORD_BYTES
from ._job_script import CLOSING, OPENING, JobScript
from ._log import Kind, LogReader

Log = npt.NDArray[np.void]

_RESPONSES = ("OKAY", "EXOKAY", "SLVERR", "DECERR")
_DONE = 2  # STATUS: done, and not running


class JobLog:
    """Takes the log in.

    Parameters
    ----------
    job, plan
        What runs, and the script that says so.
    retired
        Receives the retirements of the samples that are traced, in order, part by part.
    progress
        Called with (finished, all) samples.
    """

    def __init__(
        self, job: RtlJob, plan: JobScript, *, retired: Callable[[RetireTrace], None], progress: Progress
    ) -> None:
        self._job = job
        self._plan = plan
        self._retired = retired
        self._progress = progress
        self._reader = LogReader()
        self._reads: list[npt.NDArray[np.uint32]] = []
        self._opened = False
        self._ended = 0  # runs
        progress(0, job.samples)

    def take(self, text: bytes) -> None:
        """Take in the next piece of the log.

        Raises
        ------
        ToolError
            The chip misbehaves.
        ProgramError
            The program is for another chip, or there is none.
        """
        entries = self._reader.take(text)
        if not len(entries):
            return
        kinds = entries["kind"]
        ends = np.cumsum(kinds == Kind.INTERRUPT)
        self._check(entries, ends)
        if self._job.trace:
            self._pass_on(entries, kinds, ends)
        self._reads.append(entries["digest"][kinds == Kind.READ].astype(np.uint32))
        self._open()
        if ends[-1]:
            self._ended += int(ends[-1])
            self._progress(self._ended, self._job.samples)

    def _check(self, entries: Log, ends: npt.NDArray[np.int64]) -> None:
        """Refuse the first entry that tells of a fault."""
        kinds = entries["kind"]
        faulty = np.isin(kinds, (Kind.REFUSED, Kind.TIMEOUT, Kind.UNANSWERED))
        faulty |= (kinds == Kind.READ) & (entries["unit"] != 0)
        if not faulty.any():
            return
        place = int(np.argmax(faulty))
        kind, address = kinds[place], f"{int(entries['word'][place]):#x}"
        if kind == Kind.TIMEOUT:
            sample = self._ended + int(ends[place])
            self._fail(f"sample {sample} must end within {self._job.cycle_limit} cycles, but runs on")
        if kind == Kind.UNANSWERED:
            self._fail(f"host port must answer a transfer at {address}, but has not")
        what = "read of" if kind == Kind.READ else "write to"
        self._fail(f"host port must answer a {what} {address} with OKAY, not {_RESPONSES[entries['unit'][place]]}")

    def _fail(self, sentence: str) -> None:
        raise ToolError(f"co-simulation of '{self._job.top}' failed: {sentence}")

    def _pass_on(self, entries: Log, kinds: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> None:
        retired = kinds == Kind.RETIRE
        part = entries[retired]
        if len(part):
            self._retired(
                RetireTrace(
                    sample=self._ended + ends[retired].astype(np.int64),
                    cycle=part["cycle"].astype(np.int64),
                    core=part["core"].astype(np.uint8),
                    unit=part["unit"].astype(np.uint8),
                    word=part["word"].astype(np.uint64),
                    pc=part["pc"].astype(np.uint16),
                    digest=part["digest"].astype(np.uint32),
                )
            )

    def _open(self) -> None:
        """Check what the chip says of itself, once it has said so."""
        if self._opened or sum(part.size for part in self._reads) < len(OPENING):
            return
        magic, found, status = np.concatenate(self._reads)[: len(OPENING)].tolist()
        if magic != MAGIC:
            raise ProgramError(f"register MAGIC of the chip must read {MAGIC:#010x}, not {magic:#010x}: no nngen chip")
        expected = int(self._job.architecture_sha256[:8], 16)
        if found != expected:
            raise ProgramError(
                f"program was compiled for architecture {expected:08x}…, but the chip is {found:08x}…: build it again"
            )
        if status:
            self._fail(f"register STATUS must read 0 after reset, not {status}")
        self._opened = True

    def result(self, *, trace: RetireTrace | None, seconds: float) -> RtlResult:
        """Return what the chip computed, once the log has ended.

        Raises
        ------
        ToolError
            The log is not whole, or a run was not done when the interrupt line was high.
        """
        job = self._job
        problem = self._reader.finish()
        reads = np.concatenate([np.empty(0, np.uint32), *self._reads])
        if problem or reads.size != len(OPENING) + job.samples * self._plan.reads:
            self._fail(problem or "the bench's log must hold every answer, but does not")
        runs = reads[len(OPENING) :].reshape(job.samples, -1)
        of_core = len(CLOSING) + len(EVENT_NAMES)
        ends = len(job.cores) * of_core
        parts = [runs[:, first : first + of_core] for first in range(0, ends, of_core)]
        return RtlResult(
            outputs=self._outputs(runs[:, ends:]),
            cores=tuple(self._core(part) for part in parts),
            trace=trace,
            seconds=seconds,
        )

    def _core(self, runs: npt.NDArray[np.uint32]) -> CoreResult:
        """Return what a core counted, from what was read of it after each run."""
        status, causes, pcs = runs[:, : len(CLOSING)].T.tolist()
        if any(value != _DONE for value in status):
            wrong = next(value for value in status if value != _DONE)
            self._fail(f"register STATUS must read {_DONE} when the interrupt line is high, not {wrong}")
        return CoreResult(
            events=dict(zip(EVENT_NAMES, runs[:, len(CLOSING) :].T.astype(np.int64), strict=True)),
            causes=tuple(Cause(cause) for cause in causes),
            cause_pcs=tuple(pcs),
        )

    def _outputs(self, words: npt.NDArray[np.uint32]) -> dict[str, npt.NDArray[np.int64]]:
        outputs = {}
        ends = np.cumsum([indices.size for indices in self._plan.words])
        for name, indices, part in zip(
            self._job.outputs, self._plan.words, np.split(words, ends, axis=1), strict=False
        ):
            place = self._job.places(name)[0]
            tensor = place.tensor
            addresses = tensor_addresses(place.region, tensor)
            places = np.searchsorted(indices, addresses // WORD_BYTES) * WORD_BYTES + addresses % WORD_BYTES
            stored = np.ascontiguousarray(part.astype("<u4")).view(np.uint8).reshape(len(part), -1)
            outputs[name] = np.stack([tensor_codes(tensor, row[places]) for row in stored])
        return outputs
