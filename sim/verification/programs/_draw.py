"""Random choices that favour corners."""

from __future__ import annotations

import random


class Draw(random.Random):
    """A seeded source of choices."""

    def chance(self, probability: float) -> bool:
        """Return True this often."""
        return self.random() < probability

    def number(self, low: int, high: int) -> int:
        """Return a number from ``low`` to ``high``; the ends and their neighbours come often."""
        kind = self.random()
        if kind < 0.14:
            return low
        if kind < 0.28:
            return high
        if kind < 0.4:
            return min(low + 1, high)
        if kind < 0.48:
            return max(high - 1, low)
        return self.randint(low, high)

    def amount(self, low: int, high: int) -> int:
        """Return a number from ``low`` to ``high`` that is seldom large: each power of two comes as often."""
        if high - low < 2:
            return self.randint(low, high)
        top = self.randint(0, (high - low).bit_length())
        return min(low + self.randrange(1 << top), high)

    def parts(self, total: int, groups: int) -> list[int]:
        """Return the group of each of ``total`` things: ascending from 0, none of the ``groups`` empty."""
        cuts = sorted(self.sample(range(1, total), groups - 1))
        numbers, group = [], 0
        for i in range(total):
            group += group < groups - 1 and i == cuts[group]
            numbers.append(group)
        return numbers
