"""Functional coverage of the instruction set: what must happen at least once, derived from its description.

============================================  ==========================================================================
``LOAD/length=max/after SET``                 an operand class of an instruction, and what its unit executed before it
``MVM/queue full``                            how it met its queue when it issued: empty, occupied, or full at first
``MVM/waited``                                whether it had to wait at the head of its queue
``loop depth 3 LOOP``                         loops open when it issued
``cause OPERAND LOAD row+length too large``   why it was refused, as far as its word tells
============================================  ==========================================================================

SET, WAIT and SIGNAL carry the unit in their name (``SET mvm/PLANES=0/first``). Classes follow from fields, operand
rules and the sizes of the core (``_operands``), predecessors from who executes what (``_commands``). What they exclude
is counted too, and reported where it happens nevertheless.
"""

from ._bins import Bin, Group
from ._coverage import Coverage
from ._file import CoverageFile
from ._report import CoverageReport, Tally, summarize
from ._waivers import WAIVERS, Limits, Waiver, WaiverFile, read_waivers

__all__ = [
    # what is counted
    "Bin",
    "Coverage",
    "Group",
    # files
    "CoverageFile",
    # what need not be met
    "WAIVERS",
    "Limits",
    "Waiver",
    "WaiverFile",
    "read_waivers",
    # what came out
    "CoverageReport",
    "Tally",
    "summarize",
]
