"""The one place that turns Amaranth into Verilog."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from amaranth._toolchain.yosys import find_yosys  # private: pyproject.toml pins amaranth for it
from amaranth.back import rtlil
from amaranth.lib import wiring

from ._placement import VerilogPlatform

# Processes become multiplexers and flip-flops with reset, duplicates are merged: half the lines of Amaranth's own
# back end, and no ``always @*`` block that a simulator might not run at time 0 (Amaranth's issues 594 and 1629).
_SCRIPT = (
    "proc",
    "opt_clean",
    "opt_reduce",
    "opt_merge",
    "opt_dff -nodffe",
    "opt_clean -purge",
    "write_verilog -sv -noattr",
)
_OLDEST_YOSYS = (0, 40)


def convert(component: wiring.Component, name: str) -> dict[str, str]:
    """Return the Verilog text of a component and of everything placed below it by name, by module name.

    ``emit_src=False`` keeps absolute paths out of the output.
    """
    platform = VerilogPlatform()
    platform.modules[name] = component
    texts: list[str] = []
    with _no_garbage_collection():
        while len(texts) < len(platform.modules):
            module, placed = list(platform.modules.items())[len(texts)]
            texts.append(rtlil.convert(placed, name=module, platform=platform, emit_src=False))
    rtlil_text = "\n".join(texts)
    yosys = find_yosys(lambda version: version >= _OLDEST_YOSYS)
    text = yosys.run(["-q", "-"], "\n".join((f"read_rtlil <<rtlil\n{rtlil_text}\nrtlil", *_SCRIPT)))
    return _split(text, list(platform.modules))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Amaranth makes millions of objects that live until the end: looking for garbage takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _split(text: str, tops: list[str]) -> dict[str, str]:
    """Sort the modules of a Verilog text by the component they belong to."""
    files = dict.fromkeys(tops, "")
    for module in text.split("\nmodule ")[1:]:
        name = module.split("(", 1)[0].strip().lstrip("\\")
        top = name.split(".")[0]
        body = "module " + module[: module.rindex("endmodule")] + "endmodule\n"
        files[top] += ("\n" if files[top] else "") + body
    return files
