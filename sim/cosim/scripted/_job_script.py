"""A co-simulation as a script: what the host writes, and what it reads on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.host import EVENT_BASE, tensor_addresses, tensor_bytes
from nngen.isa import EVENT_NAMES
from nngen.sim.cosim import Placement, RtlJob

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
    host = Host(job.cores)
    cores = len(job.cores)
    script = host.script
    script.record(False)
    script.stall_seed(job.stall_seed)
    for name in OPENING:
        script.read(host.address(name))
    for program in job.programs:
        host.load(program)
    _set_registers(host, job)
    images = [_Image(job, core) for core in range(cores)]
    words = tuple(_words(job.places(name)[0]) for name in job.outputs)
    for sample in range(job.samples):
        if job.trace:
            script.record(sample < job.samples_to_trace)
        for core, image in enumerate(images):
            host.write_memory(image.indices, image.words(sample), core)
        host.write("START", 1)
        script.await_interrupt(limit=job.cycle_limit)
        _read_back(host, job, words)
    of_core = len(CLOSING) + len(EVENT_NAMES)
    return JobScript(script=script, words=words, reads=cores * of_core + sum(indices.size for indices in words))


def _set_registers(host: Host, job: RtlJob) -> None:
    for name, value in (("WATCHDOG", job.watchdog), ("LOOP_COUNT", job.loop_count), ("INTERRUPT_ENABLE", 1)):
        if value is not None:
            host.write(name, value)


def _read_back(host: Host, job: RtlJob, words: Sequence[IntArray]) -> None:
    for core in range(len(job.cores)):
        for name in CLOSING:
            host.script.read(host.address(name, core))
        for i in range(len(EVENT_NAMES)):
            host.script.read(host.map.base(core) + EVENT_BASE + WORD_BYTES * i)
    host.write("INTERRUPT", 1)
    for name, indices in zip(job.outputs, words, strict=True):
        host.read_memory(indices, job.places(name)[0].core)


def _words(place: Placement) -> IntArray:
    """Return the indices of all words that hold a byte of a tensor."""
    return np.unique(tensor_addresses(place.region, place.tensor) // WORD_BYTES)


class _Image:
    """Words of a core's activation memory that the host writes before each run.

    Outputs, and what lies between their words, are overwritten: a run that leaves its output alone must not be taken
    for one that repeats the last. Bytes beside the codes of an input hold the fill of its region, as the program will
    put it there.

    Attributes
    ----------
    indices
        Of the words, ascending.
    """

    def __init__(self, job: RtlJob, core: int) -> None:
        self._job = job
        outputs = [_words(place) for name in job.outputs for place in job.places(name) if place.core == core]
        spans = [np.arange(words[0], words[-1] + 1) for words in outputs if words.size]
        self._inputs = {name: place for name in job.inputs for place in job.places(name) if place.core == core}
        nothing = np.empty(0, np.int64)
        own = [_words(place) for place in self._inputs.values()]
        self.indices: IntArray = np.unique(np.concatenate([nothing, *spans, *own]))
        self._background = np.full(self.indices.size, POISON, "<u4").view(np.uint8).reshape(-1, WORD_BYTES)
        for place in self._inputs.values():
            region, words = place.region, _words(place)
            places = np.searchsorted(self.indices, words)
            bytes_of_words = words[:, None] * WORD_BYTES + np.arange(WORD_BYTES)
            inside = (bytes_of_words >= region.address) & (bytes_of_words < region.address + region.size)
            self._background[places] = np.where(inside, region.fill & 0xFF, self._background[places])

    def words(self, sample: int) -> npt.NDArray[np.uint32]:
        """Return their values for a sample."""
        image = self._background.copy()
        for name, place in self._inputs.items():
            addresses = tensor_addresses(place.region, place.tensor)
            places = np.searchsorted(self.indices, addresses // WORD_BYTES), addresses % WORD_BYTES
            image[places] = tensor_bytes(place.tensor, self._job.inputs[name][sample])
        return image.reshape(-1).view("<u4")
