"""Where the templates are, and the one way in which they are rendered: sandboxed, and nothing undefined."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

__all__ = ["TEMPLATES", "templates"]

# templates/ is installed as nngen.templates; in a checkout it stands beside nngen/.
_INSTALLED = Path(__file__).resolve().parent / "templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().parents[1] / "templates"


def templates(
    folder: str, *, trim: bool = False, autoescape: bool = False, keep_trailing_newline: bool = True
) -> Environment:
    """Return the templates of a folder.

    Parameters
    ----------
    folder
        Its name below ``templates/``.
    trim
        Whether lines that hold a block only leave no line.
    autoescape
        Whether values are escaped for HTML.
    keep_trailing_newline
        Whether a text ends as its template does.
    """
    return SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES / folder),
        undefined=StrictUndefined,
        autoescape=autoescape,
        keep_trailing_newline=keep_trailing_newline,
        trim_blocks=trim,
        lstrip_blocks=trim,
    )
