"""The page: facts and drawings put into the template, which only formats and escapes.

Names come from a network that may be hostile. Jinja2 runs in its sandbox and escapes everything; a content security
policy lets the browser load nothing at all, and run only the one script whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from nngen.flows.present import percent, printable
from nngen.isa import EVENTS
from nngen.templating import TEMPLATES, templates

from ._colours import layer_colours
from ._facts import Facts, describe
from ._gantt import LEFT, WIDTH, overview, windows
from ._macros import macro_map
from ._memories import chip_memories

_FOLDER = TEMPLATES / "report"
_OPEN_WINDOWS = 6  # drawings of single commands that are unfolded from the start


def render(facts: Facts) -> str:
    """Return the page as HTML; the same facts give the same bytes."""
    script = (_FOLDER / "page.js").read_text(encoding="utf-8")
    gantt = overview(facts)
    names = [lane.unit for lane in gantt.lanes]
    drawn = {"left": LEFT, "width": WIDTH, "bins": gantt.bins, "busy": gantt.busy, "names": names}
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            facts=facts,
            machine=facts.machine,
            data=describe(facts) | {"gantt": drawn},
            colours=layer_colours(len(facts.layers)),
            events=EVENTS,
            uses={use.layer: use for use in facts.used.layers},
            limits=[_limit(facts, number) for number in range(len(facts.layers))],
            map=macro_map(facts),
            gantt=gantt,
            windows=windows(facts),
            memories=chip_memories(facts.machine.cores),
            open_windows=_OPEN_WINDOWS,
            style=Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),  # noqa: S704 (a file of ours)
            script=Markup(script),  # noqa: S704 (a file of ours)
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _environment() -> Environment:
    environment = templates("report", trim=True, autoescape=True, keep_trailing_newline=False)
    environment.filters |= {
        "duration": _duration,
        "number": _number,
        "pixels": _pixels,
        "name": _name,
        "percent": percent,
    }
    return environment


def _number(value: float) -> str:
    """Return a count with its thousands apart, a ratio with three decimals."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def _duration(seconds: float) -> str:
    factor, unit = next(((f, u) for f, u in ((1e6, "µs"), (1e3, "ms")) if seconds * f < 1000), (1.0, "s"))
    return f"{seconds * factor:.4g} {unit}"


def _pixels(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _name(text: str) -> str:
    """Return a name or several lines of text with control characters made visible."""
    return "\n".join(map(printable, text.split("\n")))


def _limit(facts: Facts, number: int) -> dict[str, Any]:
    """Return what keeps a layer from being faster: its busiest unit, or, where none is busy, the way through all."""
    unit, busy = facts.busiest(number)
    cycles = facts.layers[number].cycles
    share = busy / cycles if cycles else 0.0
    return {"unit": unit, "share": share, "latency": share < 0.75}
