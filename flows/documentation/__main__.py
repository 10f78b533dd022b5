"""``python -m nngen.flows.documentation [--check] [--docs DIR]``: writes the generated pages, or checks them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ._pages import stale_pages, write_pages


def main(arguments: list[str]) -> int:
    """Return 0 where the pages are written or current, 1 where one is not current, 2 where there is no such folder."""
    parser = argparse.ArgumentParser(prog="python -m nngen.flows.documentation", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only: exit 1 if a page is not current")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="the folder of the pages (default: docs)")
    options = parser.parse_args(arguments)
    if not options.docs.is_dir():
        print(f"folder of the documentation must exist, not so '{options.docs}'", file=sys.stderr)
        return 2
    if options.check:
        stale = stale_pages(options.docs)
        for name in stale:
            print(f"{options.docs / name} is not current: run python -m nngen.flows.documentation", file=sys.stderr)
        return 1 if stale else 0
    for name in write_pages(options.docs):
        print(options.docs / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
