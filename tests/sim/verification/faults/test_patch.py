"""Faults are planted in copies of modules; the modules themselves stay as they are."""

import sys

import pytest

from nngen.hardware import banks, command, core, requantizer
from nngen.hardware.adc import _sar
from nngen.isa import _codec
from nngen.sim.verification.faults import SourcePatch, patched_module

FREE = SourcePatch(module=banks, old="~used[1]", new="~used[0]")


def test_copy_has_the_fault_and_the_module_has_not() -> None:
    patched = patched_module(SourcePatch(module=command, old="PC_BITS = 16", new="PC_BITS = 15"))
    assert patched.PC_BITS == 15
    assert command.PC_BITS == 16
    assert sys.modules["nngen.hardware.command"] is command


def test_copy_is_called_like_its_module_and_is_another() -> None:
    patched = patched_module(FREE)
    assert (patched.__name__, patched.__file__, patched.__doc__) == (banks.__name__, banks.__file__, banks.__doc__)
    assert patched.Banks is not banks.Banks
    assert patched_module(FREE).Banks is not patched.Banks


def test_copy_may_hold_dataclasses() -> None:
    patch = SourcePatch(module=requantizer, old="zero_point: int = 17", new="zero_point: int = 16")
    widths = patched_module(patch).RequantizerWidths(accumulator=4, multiplier=3, offset=7, shift=3)
    assert widths.zero_point == 16


def test_copy_alone_shares_what_it_imports() -> None:
    patch = SourcePatch(module=core, old="WATCHDOG_BITS = 32", new="WATCHDOG_BITS = 31")
    assert patched_module(patch).Queue is command.Queue


def test_entry_uses_the_fault_through_all_that_it_imports() -> None:
    patched = patched_module(FREE, entry=core)
    assert patched.Banks is not banks.Banks
    assert patched.Banks.__module__ == "nngen.hardware.banks"
    assert core.Banks is banks.Banks
    assert sys.modules["nngen.hardware.core"] is core


def test_entry_reaches_a_fault_in_a_package_below_it() -> None:
    patch = SourcePatch(module=_sar, old="self.done.eq(trial[0])", new="self.done.eq(0)")
    patched = patched_module(patch, entry=core)
    controllers = patched.Mvm.work.__globals__["CONTROLLERS"]
    assert all(controller is not _sar.SarController for controller in controllers.values())


def test_entry_shares_what_other_packages_hold() -> None:
    patched = patched_module(FREE, entry=core)
    assert patched.EVENT_NAMES is core.EVENT_NAMES


@pytest.mark.parametrize(("old", "count"), [("used[2]", 0), ("Signal(2)", 2)])
def test_snippet_that_does_not_occur_exactly_once_is_an_error(old: str, count: int) -> None:
    with pytest.raises(ValueError) as caught:
        patched_module(SourcePatch(module=banks, old=old, new=""))
    assert str(caught.value) == (
        f"snippet '{old}' must occur exactly once in nngen.hardware.banks, not {count} times: "
        "the planted fault no longer applies"
    )


def test_patch_that_changes_nothing_is_an_error() -> None:
    with pytest.raises(ValueError) as caught:
        patched_module(SourcePatch(module=banks, old="~used[1]", new="~used[1]"))
    assert str(caught.value) == "planted fault in nngen.hardware.banks must change the snippet '~used[1]'"


def test_entry_of_another_package_is_an_error() -> None:
    with pytest.raises(ValueError) as caught:
        patched_module(FREE, entry=_codec)
    assert str(caught.value) == (
        "module that is to use the patched nngen.hardware.banks must lie in a package with it, not be nngen.isa._codec"
    )
