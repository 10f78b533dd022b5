"""The pages of docs/ that are made from the code, and a check that the committed ones are current."""

from ._architecture import annotated_example, architecture_page
from ._pages import generated_pages, stale_pages, write_pages
from ._registers import registers_page

__all__ = [
    # everything
    "generated_pages",
    "stale_pages",
    "write_pages",
    # single pages
    "annotated_example",
    "architecture_page",
    "registers_page",
]
