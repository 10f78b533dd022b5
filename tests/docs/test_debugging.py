"""The story of docs/debugging.md, run as it stands."""

from pathlib import Path

from .story import blocks, checkout, run_commands

FAILS = "nngen verify"


def test_the_story_goes_as_it_is_told(repository: Path, tmp_path: Path) -> None:
    """Blocks in order: commands, or what those before must have printed, each line of it somewhere."""
    root, printed = checkout(repository, tmp_path / "root"), ""
    told = blocks(repository / "docs" / "debugging.md")
    for block in told:
        if block.startswith(("nngen ", "cp ", "python ")):
            printed = run_commands(block, root, fails=block.startswith(FAILS))
        else:
            lines = [" ".join(line.split()) for line in printed.splitlines()]
            for line in block.splitlines():
                assert " ".join(line.split()) in lines
    assert len(told) == 9
