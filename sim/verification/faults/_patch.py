"""Plants a fault without touching the module: a fresh copy is made from its source, in which one snippet differs."""

from __future__ import annotations

import builtins
import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import resolve_name
from types import CodeType, ModuleType


@dataclass(frozen=True, kw_only=True)
class SourcePatch:
    """A change of a module's source.

    Parameters
    ----------
    module
        The module, as imported.
    old
        The snippet to replace. It must occur exactly once, so that a fault whose place was rewritten is noticed.
    new
        What stands there instead.
    """

    module: ModuleType
    old: str
    new: str

    def apply(self) -> str:
        """Return the changed source.

        Raises
        ------
        ValueError
            The snippet does not occur exactly once, or the change changes nothing.
        """
        source = inspect.getsource(self.module)
        count = source.count(self.old)
        if count != 1:
            raise ValueError(
                f"snippet {self.old!r} must occur exactly once in {self.module.__name__}, not {count} times: "
                "the planted fault no longer applies"
            )
        if self.new == self.old:
            raise ValueError(f"planted fault in {self.module.__name__} must change the snippet {self.old!r}")
        return source.replace(self.old, self.new)


def patched_module(patch: SourcePatch, *, entry: ModuleType | None = None) -> ModuleType:
    """Return a fresh copy of a module that has the fault, or uses the module that has it.

    No module that is imported already changes, and ``sys.modules`` keeps the originals.

    Parameters
    ----------
    patch
        The fault.
    entry
        The module to copy, by default the patched one. What another one imports from the package that holds both is
        copied with it, so that all of these use the fault; everything else is shared.

    Raises
    ------
    ValueError
        The patch does not apply, or no package but the outermost holds both modules.
    """
    entry = entry or patch.module
    package = _common_package(patch.module, entry)
    return _Copies(package, {patch.module.__name__: patch.apply()}).copy(entry)


def _common_package(one: ModuleType, other: ModuleType) -> str:
    if one is other:
        return one.__name__
    common: list[str] = []
    for a, b in zip(_package(one).split("."), _package(other).split("."), strict=False):
        if a != b:
            break
        common.append(a)
    if len(common) < 2:
        raise ValueError(
            f"module that is to use the patched {one.__name__} must lie in a package with it, not be {other.__name__}"
        )
    return ".".join(common)


def _package(module: ModuleType) -> str:
    return module.__package__ or module.__name__


class _Copies:
    """Copies of the modules of one package, which import each other and not the originals.

    Parameters
    ----------
    package
        Name of the package.
    sources
        Text of the modules whose copy differs.
    """

    def __init__(self, package: str, sources: Mapping[str, str]) -> None:
        self._package = package
        self._sources = sources
        self._copies: dict[str, ModuleType] = {}

    def copy(self, original: ModuleType) -> ModuleType:
        """Return the one copy of a module."""
        name = original.__name__
        if name in self._copies:
            return self._copies[name]
        # It keeps the name: dataclasses look their module up in sys.modules.
        copy = ModuleType(name, original.__doc__)
        copy.__package__ = original.__package__
        copy.__file__ = original.__file__
        copy.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        if hasattr(original, "__path__"):
            copy.__path__ = original.__path__
        self._copies[name] = copy
        exec(self._compile(original), copy.__dict__)  # noqa: S102 - our own source, with a planted fault
        return copy

    def _compile(self, original: ModuleType) -> CodeType:
        source = self._sources.get(original.__name__)
        if source is None:
            return compile(inspect.getsource(original), original.__file__ or "", "exec", dont_inherit=True)
        return compile(source, f"<{original.__name__} with a planted fault>", "exec", dont_inherit=True)

    def _import(
        self,
        name: str,
        namespace: Mapping[str, object],
        _local: Mapping[str, object] | None = None,
        attributes: Sequence[str] | None = None,
        level: int = 0,
    ) -> ModuleType:
        """Do what an import statement does, but take the package's modules from the copies.

        Nothing is loaded: what a module imports was loaded with it.
        """
        full_name = resolve_name("." * level + name, str(namespace["__package__"])) if level else name
        if not attributes:  # ``import a.b`` binds a
            return sys.modules[full_name.partition(".")[0]]
        module = sys.modules[full_name]
        if not f"{full_name}.".startswith(f"{self._package}."):
            return module
        copy = self.copy(module)
        for attribute in attributes:
            submodule = sys.modules.get(f"{full_name}.{attribute}")
            if submodule is not None and not hasattr(copy, attribute):
                setattr(copy, attribute, self.copy(submodule))
        return copy
