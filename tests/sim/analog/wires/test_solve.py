"""Column currents of crossbars with wires: two methods, an exact oracle, limits, and what is refused."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.errors import ConvergenceError, InputError
from nngen.sim.analog.wires import METHODS, Method, Wires, conductance_image, solve

FloatArray = npt.NDArray[np.float64]
TYPICAL = Wires(row_ohm=1.5, column_ohm=2.5, driver_ohm=200, readout_ohm=50)
KINDS = [
    Wires(row_ohm=row, column_ohm=column, driver_ohm=driver, readout_ohm=readout)
    for row, column, driver, readout in itertools.product((0, 1.5e3), (0, 2.5e3), (0, 2e4), (0, 5e3))
]
SIZES = [(1, 1), (1, 5), (5, 1), (3, 4), (16, 9)]


def cells(rows: int, columns: int, *, seed: int = 1, open_share: float = 0.2) -> FloatArray:
    generator = np.random.default_rng(seed)
    values = generator.uniform(1 / 1.7e6, 1 / 100e3, (rows, columns))
    return np.where(generator.random((rows, columns)) < open_share, 0.0, values)


def exact(conductance: FloatArray, voltages: FloatArray, wires: Wires) -> FloatArray:
    """Solve a small network in rational numbers, by nodal analysis of one resistor after the other."""
    rows, columns = conductance.shape
    branches: list[tuple[str, str, Fraction]] = []

    def connect(one: str, other: str, ohm: float) -> None:
        branches.append((one, other, 1 / Fraction(ohm)))

    for row, column in itertools.product(range(rows), range(columns)):
        if column:
            connect(f"r{row}.{column - 1}", f"r{row}.{column}", wires.row_ohm)
        if row:
            connect(f"c{row - 1}.{column}", f"c{row}.{column}", wires.column_ohm)
        branches.append((f"r{row}.{column}", f"c{row}.{column}", Fraction(float(conductance[row, column]))))
    ends = 1 / (Fraction(wires.row_ohm) + Fraction(wires.driver_ohm))
    branches += [(f"v{row}", f"r{row}.0", ends) for row in range(rows)]
    out = 1 / (Fraction(wires.column_ohm) + Fraction(wires.readout_ohm))
    branches += [(f"c{rows - 1}.{column}", "ground", out) for column in range(columns)]
    known = {f"v{row}": Fraction(float(voltages[row])) for row in range(rows)} | {"ground": Fraction(0)}
    solved = nodal_voltages(branches, known)
    return np.array([float(solved[f"c{rows - 1}.{column}"] * out) for column in range(columns)])


def nodal_voltages(branches: list[tuple[str, str, Fraction]], known: dict[str, Fraction]) -> dict[str, Fraction]:
    nodes = sorted({node for one, other, _ in branches for node in (one, other)} - known.keys())
    number = {node: index for index, node in enumerate(nodes)}
    matrix = [[Fraction(0)] * (len(nodes) + 1) for _ in nodes]
    for one, other, conductance in branches:
        for here, there in ((one, other), (other, one)):
            if here in number:
                matrix[number[here]][number[here]] += conductance
                if there in number:
                    matrix[number[here]][number[there]] -= conductance
                else:
                    matrix[number[here]][-1] += conductance * known[there]
    for pivot, line in enumerate(matrix):
        for other_line in matrix[:pivot] + matrix[pivot + 1 :]:
            factor = other_line[pivot] / line[pivot]
            if factor:
                other_line[:] = [mine - factor * theirs for mine, theirs in zip(other_line, line, strict=True)]
    return {node: matrix[index][-1] / matrix[index][index] for node, index in number.items()}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("wires", KINDS, ids=repr)
def test_both_methods_agree_whatever_is_zero(wires: Wires, size: tuple[int, int]) -> None:
    conductance = cells(*size)
    voltages = np.random.default_rng(2).uniform(-0.2, 0.2, (3, size[0]))
    one, other = (solve(conductance, voltages, wires, method=method) for method in METHODS)
    assert one.shape == (3, size[1])
    assert np.allclose(one, other, rtol=1e-9, atol=1e-11 * np.abs(voltages).sum(axis=1).max() * conductance.max())


@pytest.mark.parametrize("wires", [TYPICAL, Wires(row_ohm=40, column_ohm=60), Wires(row_ohm=1, driver_ohm=100)])
def test_both_methods_agree_on_a_large_array(wires: Wires) -> None:
    conductance, voltages = cells(96, 128), np.random.default_rng(2).uniform(0, 0.2, 96)
    one, other = (solve(conductance, voltages, wires, method=method) for method in METHODS)
    assert np.allclose(one, other, rtol=1e-10, atol=0)
    assert (one < voltages @ conductance).all()


@pytest.mark.parametrize("method", METHODS)
def test_without_resistance_it_is_the_product(method: Method) -> None:
    conductance, voltages = cells(20, 30), np.random.default_rng(2).uniform(-0.2, 0.2, (4, 20))
    assert np.allclose(solve(conductance, voltages, Wires(), method=method), voltages @ conductance, rtol=1e-13)


@pytest.mark.parametrize(
    ("wires", "tolerance"),
    [
        (TYPICAL, 1e-14),
        (Wires(row_ohm=1e5, column_ohm=2e5, driver_ohm=1e6, readout_ohm=1e6), 1e-11),
        # Where ends are far worse than segments, a matrix loses digits in its diagonal; ladders have none to lose.
        (Wires(row_ohm=1e-9, column_ohm=1e-9, driver_ohm=1e5, readout_ohm=1e4), 1e-11),
    ],
)
def test_currents_are_those_of_rational_arithmetic(wires: Wires, tolerance: float) -> None:
    conductance, voltages = cells(4, 3), np.array([0.2, 0.1, 0.0, 0.15])
    expected = exact(conductance, voltages, wires)
    assert np.allclose(solve(conductance, voltages, wires), expected, rtol=tolerance, atol=0)


def test_one_cell_is_resistors_in_series() -> None:
    ohm = 1e5 + 1.5 + 200 + 2.5 + 50
    assert solve([[1e-5]], [0.3], TYPICAL) == pytest.approx([0.3 / ohm], rel=1e-14)


def test_small_resistances_approach_none() -> None:
    conductance, voltages = cells(30, 20), np.random.default_rng(2).uniform(0, 0.2, 30)
    ideal = voltages @ conductance
    for ohm in (1e-3, 1e-6, 1e-9):
        lost = 1 - solve(conductance, voltages, Wires(row_ohm=ohm, column_ohm=ohm)) / ideal
        assert (lost < 2e-2 * ohm).all()
        assert (lost > -1e-15).all()


def test_the_far_corner_loses_most() -> None:
    image = conductance_image(np.full((32, 32), 1e-5), Wires(row_ohm=5, column_ohm=5))
    assert image.argmin() == 31  # the first row, far from the readout, and the last column, far from the driver
    assert image.argmax() == 31 * 32


def test_a_vector_is_a_batch_of_one_and_nothing_is_a_batch() -> None:
    conductance, voltages = cells(8, 6), np.random.default_rng(2).uniform(0, 0.2, (5, 8))
    batch = solve(conductance, voltages, TYPICAL)
    assert np.allclose(batch, [solve(conductance, one, TYPICAL) for one in voltages], rtol=1e-11)
    assert solve(conductance, voltages[:0], TYPICAL).shape == (0, 6)
    assert solve(conductance, voltages[:0], TYPICAL, method="direct").shape == (0, 6)


def test_a_long_batch_is_solved_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    conductance, voltages = cells(8, 6), np.random.default_rng(2).uniform(0, 0.2, (50, 8))
    whole = solve(conductance, voltages, TYPICAL)
    monkeypatch.setattr("nngen.sim.analog.wires._solve._LARGEST_CHUNK", 7 * 48)
    assert np.allclose(solve(conductance, voltages, TYPICAL), whole, rtol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_dark_columns_and_dark_rows_carry_nothing(method: Method) -> None:
    conductance = cells(6, 5)
    conductance[:, 2] = 0
    conductance[3] = 0
    currents = solve(conductance, np.full(6, 0.2), TYPICAL, method=method)
    assert currents[2] == 0
    assert (np.delete(currents, 2) > 0).all()
    assert not solve(conductance, np.zeros(6), TYPICAL, method=method).any()
    assert not solve(np.zeros((6, 5)), np.full(6, 0.2), TYPICAL, method=method).any()


def test_faint_currents_are_exact_too() -> None:
    """A column that the driven row reaches only through others."""
    conductance = np.array([[1e-5, 0.0], [1e-5, 1e-5], [2e-5, 1e-6]])
    expected = exact(conductance, np.array([0.2, 0, 0]), TYPICAL)
    assert 0 < expected[1] < 1e-3 * expected[0]
    assert solve(conductance, [0.2, 0, 0], TYPICAL) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("volt", [1e-200, 1e200])
def test_currents_follow_the_voltages_however_small_or_large(volt: float) -> None:
    conductance = cells(8, 6)
    currents = solve(conductance, np.full(8, volt), TYPICAL)
    assert currents / volt == pytest.approx(solve(conductance, np.ones(8), TYPICAL), rel=1e-12)


def test_voltages_that_cancel_leave_nothing() -> None:
    currents = solve(np.full((2, 3), 1e-5), [0.2, -0.2], Wires(row_ohm=1, column_ohm=1e-9))
    assert np.abs(currents).max() < 1e-17


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    ohm=st.tuples(*[st.sampled_from([0.0, 1.0, 30.0, 1e3])] * 4),
    seed=st.integers(0, 1000),
)
def test_what_flows_in_flows_out_and_no_column_has_more_than_without_wires(
    rows: int, columns: int, ohm: tuple[float, float, float, float], seed: int
) -> None:
    wires = Wires(row_ohm=ohm[0], column_ohm=ohm[1], driver_ohm=ohm[2], readout_ohm=ohm[3])
    conductance = cells(rows, columns, seed=seed)
    image = conductance_image(conductance, wires)
    assert (image >= 0).all()
    assert (image.sum(axis=0) <= conductance.sum(axis=0) * (1 + 1e-12)).all()
    # Reciprocity: the network driven from its bit lines is its transpose.
    turned = conductance_image(conductance.T[::-1, ::-1], wires.turned)
    assert np.allclose(image, turned.T[::-1, ::-1], rtol=1e-9, atol=1e-18)


def test_an_iteration_that_does_not_converge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    conductance, voltages = cells(16, 16), np.full(16, 0.2)
    monkeypatch.setattr("nngen.sim.analog.wires._iterative.MOST_ITERATIONS", 2)
    with pytest.raises(
        ConvergenceError,
        match=r"^conjugate gradients must reach a residual of 1e-12 in 2 iterations, not [0-9.]+e?-?[0-9]*; "
        r"the method 'direct' needs none$",
    ):
        solve(conductance, voltages, Wires(row_ohm=300, column_ohm=300))


@pytest.mark.parametrize(
    "wires", [Wires(column_ohm=1e-9, readout_ohm=1e4), Wires(row_ohm=1e-9, driver_ohm=1e4)], ids=["columns", "rows"]
)
def test_a_matrix_that_rounding_made_leak_says_so(wires: Wires) -> None:
    message = r"the direct method must lose at most 1e-06 of a current, not 0\.\d+; the method 'iterative' loses none"
    with pytest.raises(ConvergenceError, match=f"^{message}$"):
        solve(cells(40, 40), np.ones(40), wires, method="direct")


def test_a_matrix_without_an_inverse_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def singular(*_given: object, **_options: object) -> None:
        raise RuntimeError("Factor is exactly singular")

    monkeypatch.setattr("nngen.sim.analog.wires._direct.splu", singular)
    message = "the direct method's matrix must have an inverse, which rounding took; the method 'iterative' needs none"
    with pytest.raises(ConvergenceError, match=f"^{re.escape(message)}$"):
        solve(cells(4, 4), np.ones(4), TYPICAL, method="direct")


def test_an_iteration_that_only_seems_to_converge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Residuals of the recursion may vanish while the equations are off: the end looks at the equations."""
    monkeypatch.setattr("nngen.sim.analog.wires._iterative.TOLERANCE", 1e-4)
    with pytest.raises(
        ConvergenceError,
        match=r"^conjugate gradients must satisfy the equations to 1e-10, not to \de-0\d; the method 'direct' may$",
    ):
        solve(cells(16, 16), np.full(16, 0.2), Wires(row_ohm=300, column_ohm=300))


GOOD = np.full((2, 3), 1e-5)
BAD = [
    (np.ones(3), [1.0], "conductance must have the shape (rows, columns), none of them 0, not (3,)"),
    (np.ones((0, 3)), [], "conductance must have the shape (rows, columns), none of them 0, not (0, 3)"),
    (-GOOD, [1, 1], "conductance must be finite and at least 0 S, not -1e-05 at 0, 0"),
    ([[1, 2], [3, float("nan")]], [1, 1], "conductance must be finite and at least 0 S, not nan at 1, 1"),
    ([[float("inf")]], [1], "conductance must be finite and at least 0 S, not inf at 0, 0"),
    ([["1"]], [1], "conductance must hold real numbers, not <U1"),
    ([[1j]], [1], "conductance must hold real numbers, not complex128"),
    (GOOD, [1, 1, 1], "voltages must have the shape (2,) or (batch, 2), not (3,)"),
    (GOOD, np.ones((1, 1, 2)), "voltages must have the shape (2,) or (batch, 2), not (1, 1, 2)"),
    (GOOD, 1.0, "voltages must have the shape (2,) or (batch, 2), not ()"),
    (GOOD, [[0, 1], [float("inf"), 0]], "voltages must be finite, not inf at 1, 0"),
    (GOOD, [True, False], "voltages must hold real numbers, not bool"),
]


@pytest.mark.parametrize(("conductance", "voltages", "message"), BAD)
def test_arrays_that_mean_nothing_are_refused(
    conductance: npt.ArrayLike, voltages: npt.ArrayLike, message: str
) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        solve(conductance, voltages, TYPICAL)


def test_a_method_that_is_none_is_refused() -> None:
    message = "method must be one of direct, iterative, not 'iteratve'; did you mean 'iterative'?"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        solve(GOOD, [1, 1], TYPICAL, method="iteratve")  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["row_ohm", "column_ohm", "driver_ohm", "readout_ohm"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1e-10])
def test_a_resistance_that_is_none_is_refused(field: str, value: float) -> None:
    message = f"{field} must be 0 or between 1e-09 and 1e+15 ohm, not {value:g}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        Wires(**{field: value})
