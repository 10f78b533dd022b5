"""The log of the scripted bench, read whole, broken off, or with values that are not known."""

from nngen.sim.cosim.scripted import HostScript, Kind, parse_log

RETIRE = "01" + "0000002a" + "05" + "02" + "0011" + "38" + "89abcdef" + "0123456789abcdef"
END = "07" + "0" * 42


def test_an_entry_is_read_as_it_was_written() -> None:
    parsed = parse_log(f"{RETIRE}\n{END}\n")
    assert parsed.problem == ""
    entry, end = parsed.entries
    assert (entry["kind"], entry["cycle"], entry["core"], entry["unit"]) == (Kind.RETIRE, 42, 5, 2)
    assert (entry["pc"], entry["state"], entry["digest"]) == (17, 0x38, 0x89ABCDEF)
    assert entry["word"] == 0x0123456789ABCDEF
    assert end["kind"] == Kind.END


def test_a_log_ends_before_a_value_that_is_not_known() -> None:
    parsed = parse_log(f"{RETIRE}\n{RETIRE.replace('89abcdef0', 'x9Xbcdef0')}\n{RETIRE}\n{END}\n")
    assert len(parsed.entries) == 1
    assert parsed.problem == (
        "line 2 of the bench's log must be 44 known hexadecimal digits, not "
        "'010000002a0502001138x9Xbcdef0123456789abcdef'"
    )


def test_a_log_may_break_off() -> None:
    broken = "the bench's log must end with the end of its script, but the simulation broke off"
    assert parse_log("").problem == broken
    assert parse_log(f"{RETIRE}\n").problem == broken
    assert len(parse_log(f"{RETIRE}\n").entries) == 1
    parsed = parse_log(f"{RETIRE}\n{RETIRE[:9]}")
    assert len(parsed.entries) == 1
    assert parsed.problem == "line 2 of the bench's log must be 44 known hexadecimal digits, not '010000002'"


def test_lines_are_not_pieced_together() -> None:
    parsed = parse_log(f"{RETIRE[:20]}\n{RETIRE[20:]}\n{END}\n")
    assert len(parsed.entries) == 0
    assert parsed.problem == "line 1 of the bench's log must be 44 known hexadecimal digits, not '010000002a0502001138'"


def test_a_script_is_one_line_an_operation() -> None:
    script = HostScript()
    script.write(0x1000, 0xDEADBEEF, pause=3, style=0b100110)
    script.write_all(0x20, [1, 255])
    script.read(0x80)
    script.stall_seed(7)
    script.await_interrupt(limit=4096)
    script.reset(pause=16, cycles=2)
    assert script.text().splitlines() == [
        "1 3 26 1000 deadbeef",
        "1 0 0 20 1",
        "1 0 0 24 ff",
        "2 0 0 80 0",
        "5 0 0 0 7",
        "3 0 0 0 1000",
        "4 10 0 0 2",
        "0 0 0 0 0",
    ]
    assert len(script) == 7
