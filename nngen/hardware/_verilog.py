"""The one place that turns Amaranth into Verilog."""

from __future__ import annotations

from amaranth.back import rtlil
from amaranth.back.verilog import _convert_rtlil_text  # private: pyproject.toml pins amaranth for it
from amaranth.lib import wiring

from ._placement import VerilogPlatform


def convert(component: wiring.Component, name: str) -> dict[str, str]:
    """Return the Verilog text of a component and of everything placed below it by name, by module name.

    ``write_verilog -sv`` avoids the pitfall that ``always @*`` blocks may not run at time 0 under ``iverilog -g2012``;
    ``emit_src=False`` keeps absolute paths out of the output.
    """
    platform = VerilogPlatform()
    platform.modules[name] = component
    rtlil_texts: list[str] = []
    done: list[str] = []
    while len(done) < len(platform.modules):
        for module in [module for module in platform.modules if module not in done]:
            rtlil_texts.append(rtlil.convert(platform.modules[module], name=module, platform=platform, emit_src=False))
            done.append(module)
    text = _convert_rtlil_text("\n".join(rtlil_texts), strip_internal_attrs=True, write_verilog_opts=("-sv",))
    return _split(text, done)


def _split(text: str, tops: list[str]) -> dict[str, str]:
    """Sort the modules of a Verilog text by the component they belong to."""
    files = {top: "" for top in tops}
    for module in text.split("\nmodule ")[1:]:
        name = module.split("(", 1)[0].strip().lstrip("\\").split(" ")[0]
        body = "module " + module[: module.rindex("endmodule")] + "endmodule\n"
        files[name.split(".")[0]] += ("\n" if files[name.split(".")[0]] else "") + body
    return files
