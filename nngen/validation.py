"""Reads files from outside into pydantic models and says in one sentence what is wrong with them.

It stands beside ``nngen.errors`` and not in it, so that errors do not cost the import of pydantic.
"""

from __future__ import annotations

import tomllib
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nngen.errors import NngenError, suggestion

__all__ = ["NAME_PATTERN", "first_problem", "read_toml", "tuples"]

# Names that reach Verilog, netlists and file names.
NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
_PATTERNS = {NAME_PATTERN: "lower-case letters, digits and _ with a letter first"}
_UNIONS = (Union, types.UnionType)
_LARGEST_TOML = 1 << 20  # bytes
_LONGEST_VALUE = 60  # characters of a wrong value that a message repeats


def read_toml(path: Path, *, error: type[NngenError], what: str, name: str) -> dict[str, Any]:
    """Return the content of a TOML file, arrays as tuples (which strict models ask for).

    Parameters
    ----------
    path
        The file.
    error
        Class of what is raised.
    what, name
        How messages call a file that cannot be read, and one that can.
    """
    try:
        if path.stat().st_size > _LARGEST_TOML:
            raise error(f"{what} must have at most {_LARGEST_TOML} bytes, not {path.stat().st_size}")
        content: dict[str, Any] = tuples(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as problem:
        raise error(f"{what} does not exist") from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise error(f"{what} cannot be read ({type(problem).__name__})") from problem
    except tomllib.TOMLDecodeError as problem:
        raise error(f"{name} is not valid TOML: {problem}") from problem
    except RecursionError as problem:
        raise error(f"{name} is not valid TOML: it is nested too deeply") from problem
    return content


def tuples(value: Any) -> Any:
    """Return ``value`` with each list in it as a tuple."""
    if isinstance(value, list):
        return tuple(tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return value


def first_problem(error: ValidationError, model: type[BaseModel]) -> str:
    """Return ``"<path> must be <what>, not <value>"`` for the first problem of ``error``.

    An unknown key comes before everything else: where one is misspelt, the right one is missing too.
    """
    problems = error.errors(include_url=False)
    unknown = [problem for problem in problems if problem["type"] == "extra_forbidden"]
    problem = (unknown or problems)[0]
    location = problem["loc"]
    path = _path(_without_tags(model, location))
    if problem["type"] == "extra_forbidden":
        known = _known_keys(model, location[:-1])
        return f"{path} is not a known key" + (
            suggestion(str(location[-1]), known) or f"; known are {', '.join(known)}"
        )
    if problem["type"] == "missing":
        return f"{path} must be given"
    if problem["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return _wrong_tag(path, problem)
    if problem["type"] == "value_error":
        return _own_words(path, str(problem["ctx"]["error"]))
    return f"{path or 'the file'} must be {_requirement(problem)}{_not(problem)}"


def _wrong_tag(path: str, problem: ErrorDetails) -> str:
    """Return what the key must be that says which of several tables an entry is."""
    context = problem["ctx"]
    key = context["discriminator"].strip("'")
    if "tag" not in context:
        return f"{path}.{key} must be given"
    known = context["expected_tags"]
    near = suggestion(str(context["tag"]), known.replace("'", "").split(", "))
    return f"{path}.{key} must be {' or '.join(known.rsplit(', ', 1))}, not {_shown(context['tag'])}{near}"


def _own_words(path: str, message: str) -> str:
    """Return the message of one of our validators behind the path of its field."""
    if not path:
        return message
    return f"{path} {message}" if message.startswith("must ") else f"{path}: {message}"


def _limit(value: float) -> float:
    """Return a limit without the fraction that it does not have."""
    return int(value) if value == int(value) else value


# What a value must be, by the type of pydantic's error; the context of the error fills it in.
_REQUIREMENTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda context: f"at least {_limit(context['ge'])}",
    "greater_than": lambda context: f"greater than {_limit(context['gt'])}",
    "less_than_equal": lambda context: f"at most {_limit(context['le'])}",
    "less_than": lambda context: f"less than {_limit(context['lt'])}",
    "literal_error": lambda context: str(context["expected"]),
    "string_pattern_mismatch": lambda context: _PATTERNS.get(context["pattern"], f"of the form {context['pattern']}"),
    "too_short": lambda context: f"a list of at least {context['min_length']}",
    "string_too_long": lambda context: f"at most {context['max_length']} characters",
    "too_long": lambda context: f"a list of at most {context['max_length']}",
    "json_invalid": lambda context: f"valid JSON ({context['error']})",
}
_KINDS = {
    ("int_type", "int_parsing", "int_from_float", "int_parsing_size"): "a whole number",
    ("float_type", "float_parsing"): "a number",
    ("finite_number",): "a finite number",
    ("string_type",): "a string",
    ("bool_type", "bool_parsing"): "true or false",
    ("tuple_type", "list_type"): "a list",
    ("dict_type", "model_type", "model_attributes_type"): "a table",
}
_KIND_OF_TYPE = {kind: text for kinds, text in _KINDS.items() for kind in kinds}


def _requirement(problem: ErrorDetails) -> str:
    kind = problem["type"]
    if kind in _KIND_OF_TYPE:
        return _KIND_OF_TYPE[kind]
    if kind in _REQUIREMENTS:
        return _REQUIREMENTS[kind](problem.get("ctx", {}))
    return "valid: " + problem["msg"][0].lower() + problem["msg"][1:]


def _not(problem: ErrorDetails) -> str:
    """Return ``", not <value>"``, with a suggestion where one of a few words was meant."""
    if problem["type"] == "json_invalid":
        return ""
    value = problem["input"]
    if problem["type"] in ("too_short", "too_long"):
        return f", not of {problem['ctx']['actual_length']}"
    near = ""
    if problem["type"] == "literal_error" and isinstance(value, str):
        near = suggestion(value, problem["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", "))
    return f", not {_shown(value)}{near}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _path(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _without_tags(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return a location as the file has it: pydantic names the chosen one of several tables too."""
    current: Any = model
    kept: list[int | str] = []
    for part in location:
        if not (isinstance(part, str) and _is_union(current)):
            kept.append(part)
        current = _inner(current, part)
    return tuple(kept)


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the table that ``location`` points to."""
    current: Any = model
    for part in location:
        current = _inner(current, part)
    if not _is_model(current):
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _inner(annotation: Any, part: int | str) -> Any:
    """Return the annotation of one entry of what ``annotation`` describes."""
    if _is_model(annotation):
        fields = annotation.model_fields.items()
        found = next((field.annotation for name, field in fields if part in (name, field.alias)), None)
    elif _is_union(annotation):
        return next((choice for choice in get_args(annotation) if part in _tags(choice)), None)
    else:
        found = next((argument for argument in reversed(get_args(annotation)) if argument is not Ellipsis), None)
    if get_origin(found) is Annotated:
        found = get_args(found)[0]
    models = [argument for argument in get_args(found) if _is_model(argument)]
    return models[0] if get_origin(found) in _UNIONS and len(models) == 1 else found


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in _UNIONS and sum(map(_is_model, get_args(annotation))) > 1


def _tags(choice: Any) -> set[object]:
    """Return what may stand under the keys of a table that are one of a few words."""
    if not _is_model(choice):
        return set()
    return {tag for field in choice.model_fields.values() for tag in get_args(field.annotation)}


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
