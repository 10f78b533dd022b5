"""Makes a failing program smaller, as long as it fails: blocks and loops are taken out, loops become shorter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ._program import Block, Repeat, TestProgram

Elements = tuple[Block | Repeat, ...]
Whole = Callable[[Elements], Elements]


def shrink(program: TestProgram, fails: Callable[[TestProgram], bool], *, attempts: int) -> TestProgram:
    """Return a program that still fails, and from which nothing more can be taken alone.

    Every program that is tried keeps the protocol: only whole blocks go, and loops around them.

    Parameters
    ----------
    program
        One that fails.
    fails
        Whether a program does.
    attempts
        How many programs are tried at most.
    """
    shrinker = _Shrinker(program, fails, attempts)
    while shrinker.shrink():
        pass
    return shrinker.program


class _Shrinker:
    """Holds the smallest program that is known to fail."""

    def __init__(self, program: TestProgram, fails: Callable[[TestProgram], bool], attempts: int) -> None:
        self.program = program
        self._fails = fails
        self._left = attempts

    def shrink(self) -> bool:
        """Take away what can be taken away; return whether anything was."""
        before = self.program
        self._shorten(self.program.body, lambda body: body)
        return self.program is not before

    def _shorten(self, elements: Elements, whole: Whole) -> Elements:
        """Return what is left of a part of the body; ``whole`` puts the body together around it."""
        size = len(elements)
        while size:
            start = 0
            while start < len(elements):
                shorter = elements[:start] + elements[start + size :]
                if self._holds(whole(shorter)):
                    elements = shorter
                else:
                    start += size
            size //= 2
        for place in reversed(range(len(elements))):
            element = elements[place]
            if isinstance(element, Repeat):
                before, behind = elements[:place], elements[place + 1 :]
                elements = before + self._simplify(element, _between(before, behind, whole)) + behind
        return elements

    def _simplify(self, loop: Repeat, whole: Whole) -> Elements:
        """Return the body of a loop in its place, or the loop with fewer rounds or a smaller body."""
        if self._holds(whole(loop.body)):
            return self._shorten(loop.body, whole)
        for count in (1, 2, loop.count // 2):
            fewer = replace(loop, count=count, host=False)
            if (loop.host or 0 < count < loop.count) and self._holds(whole((fewer,))):
                loop = fewer
                break
        body = self._shorten(loop.body, lambda body: whole((replace(loop, body=body),)))
        return (replace(loop, body=body),)

    def _holds(self, body: Elements) -> bool:
        """Whether the program with this body fails, too: then it is the one to go on from."""
        if not self._left:
            return False
        self._left -= 1
        tried = replace(self.program, body=body)
        if self._fails(tried):
            self.program = tried
            return True
        return False


def _between(before: Elements, behind: Elements, whole: Whole) -> Whole:
    return lambda made: whole(before + made + behind)
