"""A co-simulation as a script: what the host writes, and what it reads on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.host import EVENT_BASE, tensor_addresses, tensor_bytes
from nngen.isa import EVENT_NAMES
from nngen.sim.cosim import RtlJob

from ._host import WORD_BYTES, Host
from ._script import HostScript

IntArray = npt.NDArray[np.int64]

POISON = 0xA5C3A5C3  # as the interactive bench writes it
OPENING = ("MAGIC", "ARCHITECTURE", "STATUS")  # read before anything is loaded
CLOSING = ("STATUS", "CAUSE", "CAUSE_PC")  # read after each run, before its events


@dataclass(frozen=True, kw_only=True)
class JobScript:
    """What the host does.

    Parameters
    ----------
    script
        For the bench.
    words
        Indices of the words of activation memory that hold each output, ascending.
    reads
        Words that are read after each run: registers, events, outputs.
    """

    script: HostScript
    words: tuple[IntArray, ...]
    reads: int


def job_script(job: RtlJob) -> JobScript:
    """Lay a co-simulation out: as the interactive bench does it, but without asking in between."""
    host = Host(job.core)
    script = host.script
    script.record(False)
    script.stall_seed(job.stall_seed)
    for name in OPENING:
        script.read(host.address(name))
    host.load(job.program)
    _set_registers(host, job)
    image = _Image(job)
    words = tuple(_words(job, name) for name in job.outputs)
    for sample in range(job.samples):
        if job.trace:
            script.record(sample < job.samples_to_trace)
        host.write_memory(image.indices, image.words(sample))
        host.write("START", 1)
        script.await_interrupt(limit=job.cycle_limit)
        _read_back(host, words)
    return JobScript(
        script=script, words=words, reads=len(CLOSING) + len(EVENT_NAMES) + sum(indices.size for indices in words)
    )


def _set_registers(host: Host, job: RtlJob) -> None:
    for name, value in (("WATCHDOG", job.watchdog), ("LOOP_COUNT", job.loop_count), ("INTERRUPT_ENABLE", 1)):
        if value is not None:
            host.write(name, value)


def _read_back(host: Host, words: Sequence[IntArray]) -> None:
    host.script.read(host.address(CLOSING[0]))
    host.write("INTERRUPT", 1)
    for name in CLOSING[1:]:
        host.script.read(host.address(name))
    for i in range(len(EVENT_NAMES)):
        host.script.read(EVENT_BASE + WORD_BYTES * i)
    for indices in words:
        host.read_memory(indices)


def _words(job: RtlJob, name: str) -> IntArray:
    """Return the indices of all words that hold a byte of a tensor."""
    return np.unique(tensor_addresses(job.regions[name], job.tensors[name]) // WORD_BYTES)


class _Image:
    """Words of activation memory that the host writes before each run.

    Outputs, and what lies between their words, are overwritten: a run that leaves its output alone must not be taken
    for one that repeats the last. Bytes beside the codes of an input hold the fill of its region, as the program will
    put it there.

    Attributes
    ----------
    indices
        Of the words, ascending.
    """

    def __init__(self, job: RtlJob) -> None:
        self._job = job
        spans = [np.arange(words[0], words[-1] + 1) for name in job.outputs if (words := _words(job, name)).size]
        self.indices: IntArray = np.unique(np.concatenate([*spans, *(_words(job, name) for name in job.inputs)]))
        self._background = np.full(self.indices.size, POISON, "<u4").view(np.uint8).reshape(-1, WORD_BYTES)
        for name in job.inputs:
            region, words = job.regions[name], _words(job, name)
            places = np.searchsorted(self.indices, words)
            bytes_of_words = words[:, None] * WORD_BYTES + np.arange(WORD_BYTES)
            inside = (bytes_of_words >= region.address) & (bytes_of_words < region.address + region.size)
            self._background[places] = np.where(inside, region.fill & 0xFF, self._background[places])

    def words(self, sample: int) -> npt.NDArray[np.uint32]:
        """Return their values for a sample."""
        image, job = self._background.copy(), self._job
        for name, codes in job.inputs.items():
            addresses = tensor_addresses(job.regions[name], job.tensors[name])
            places = np.searchsorted(self.indices, addresses // WORD_BYTES), addresses % WORD_BYTES
            image[places] = tensor_bytes(job.tensors[name], codes[sample])
        return image.reshape(-1).view("<u4")
