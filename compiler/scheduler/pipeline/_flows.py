"""What each part of a layer waits for and tells in a pipeline.

1. A layer loads once the core's layer before is stored, as without a pipeline; the first one follows the last one of
   the inference before.
2. The first layer of a core that reads a stream waits for all other cores that write it; once its last one is stored,
   they may write again. What they need to know of a window they are told row by row.
3. A part that writes a stream waits for room at all other cores that read it, and tells them once it is written.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

from nngen.compiler.scheduler.partial_sums import Lowered
from nngen.compiler.scheduler.parts import cores_of
from nngen.ir import Exchange, Layer, MatrixLayer, Move, Region, Take, Tell

from ._numbers import OWN, Counters
from ._streams import Stream
from ._windows import Reading, Window


@dataclass(frozen=True, kw_only=True)
class Flows:
    """A network, its streams by tensor, their counters, address registers and regions."""

    low: Lowered
    streams: MappingOf[str, Stream]
    counters: Counters
    registers: MappingOf[tuple[str, int], int]
    regions: MappingOf[str, Region]

    def exchanges(self) -> dict[tuple[str, int], Exchange]:
        """Return the exchange of each part, by layer and core; moves are those from one inference to the next."""
        return {
            (layer.name, core): self._exchange(layer, core)
            for layer in self.low.network.layers
            for core in cores_of(layer, self.low.mapping)
        }

    def _exchange(self, layer: Layer, core: int) -> Exchange:
        target = self.streams.get(layer.output)
        exchange = Exchange(
            targets=target.holders if target else (core,),
            fills_halo=target is None,
            takes=(Take(counter=OWN, count=1),),
            tells=(Tell(counter=OWN, cores=(core,)),),
        )
        for name in dict.fromkeys(layer.inputs):
            source = self.streams.get(name)
            if source is not None:
                exchange = self._reading(exchange, source, layer, core)
        return self._writing(exchange, target, layer, core) if target else exchange

    def _reading(self, exchange: Exchange, stream: Stream, layer: Layer, core: int) -> Exchange:
        update: dict[str, object] = {"moves": (*exchange.moves, *self._moves(stream, layer, core))}
        if isinstance(layer, MatrixLayer):
            update["input_register"] = self.registers.get((stream.tensor, core))
            if stream.window:
                update |= self._reading_rows(exchange, stream, stream.window, layer, core)
                return exchange.model_copy(update=update)
        layers = stream.readers[core]
        if layer.name == layers[0]:
            update["takes"] = (*exchange.takes, *self._written(stream, core, 1))
        if layer.name == layers[-1]:
            update["tells"] = (*exchange.tells, *self._free(stream, core, 1))
        return exchange.model_copy(update=update)

    def _reading_rows(
        self, exchange: Exchange, stream: Stream, window: Window, layer: MatrixLayer, core: int
    ) -> dict[str, object]:
        reading = Reading.of(self.low.network, layer)
        rest = window.height - reading.outputs * reading.step
        return {
            "takes": (*exchange.takes, *self._written(stream, core, reading.ahead)),
            "row_takes": self._written(stream, core, reading.step),
            "last_takes": self._written(stream, core, window.height - reading.end),
            "row_frees": self._free(stream, core, reading.step),
            "tells": (*exchange.tells, *self._free(stream, core, rest)),
        }

    def _writing(self, exchange: Exchange, stream: Stream, layer: Layer, core: int) -> Exchange:
        readers = stream.readers_of(core)
        room = tuple(Take(counter=self.counters.read[stream.tensor, reader], count=1) for reader in readers)
        tells = (Tell(counter=self.counters.written[stream.tensor, core], cores=readers),) if readers else ()
        moves = () if stream.tensor in layer.inputs else self._moves(stream, layer, core)
        update: dict[str, object] = {"moves": (*exchange.moves, *moves)}
        if isinstance(layer, MatrixLayer):
            update["output_register"] = self.registers.get((stream.tensor, core))
        if stream.window:
            update |= {
                "row_room": room,
                "row_tells": tells,
                "rows_around": (stream.window.above, stream.window.below),
                "fills_around": core == stream.writers[0],
            }
        else:
            update |= {"room": room, "tells": (*tells, *exchange.tells)}
        return exchange.model_copy(update=update)

    def _moves(self, stream: Stream, layer: Layer, core: int) -> tuple[Move, ...]:
        """Return how far the address register of a stream must be after a layer: on, where it is the core's last."""
        register = self.registers.get((stream.tensor, core))
        if register is None:
            return ()
        region = self.regions[stream.tensor]
        step = stream.window.height * region.pitch if stream.window else region.slot_bytes
        last = stream.readers[core][-1] if core in stream.readers else layer.name
        return (Move(address_register=register, step=step if layer.name == last else 0),)

    def _written(self, stream: Stream, core: int, count: int) -> tuple[Take, ...]:
        """Return what a core takes of those that write a stream."""
        return tuple(
            Take(counter=self.counters.written[stream.tensor, writer], count=count)
            for writer in stream.writers_for(core)
            if count
        )

    def _free(self, stream: Stream, core: int, count: int) -> tuple[Tell, ...]:
        """Return what a core tells those that write a stream."""
        writers = stream.writers_for(core)
        counter = self.counters.read[stream.tensor, core]
        return (Tell(counter=counter, cores=writers, count=count),) if writers and count else ()
