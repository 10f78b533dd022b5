"""Sentences made of validation errors, and TOML files that cannot be read."""

import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from nngen.errors import ArchitectureError
from nngen.validation import NAME_PATTERN, first_problem, read_toml, tuples


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Leaf(Strict):
    size: int = Field(default=1, ge=1, le=9)
    ratio: float = Field(default=0.5, gt=0, lt=1)
    name: str = Field(default="a", pattern=NAME_PATTERN)
    code: str = Field(default="a", pattern="^a+$")
    kind: Literal["adc", "bitcell"] = "adc"
    on: bool = False

    @field_validator("size")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"must be odd, not {value}")
        return value

    @model_validator(mode="after")
    def _agrees(self) -> "Leaf":
        if self.on and self.kind == "bitcell":
            raise ValueError("a bitcell is never on")
        return self


class Bird(Strict):
    kind: Literal["duck", "owl"]
    wings: tuple[Annotated[int, Field(ge=0)], ...] = ()


class Fish(Strict):
    kind: Literal["fish"]
    fins: int = 2


class Tree(Strict):
    needed: int
    leaves: tuple[Leaf, ...] = Field(default=(), max_length=2)
    pair: tuple[int, int] = (0, 0)
    first: Leaf | None = None
    by_name: dict[str, Leaf] = {}
    animals: tuple[Annotated[Bird | Fish, Field(discriminator="kind")], ...] = ()
    class_: int = Field(default=0, alias="class")
    some: Annotated[tuple[int, ...], Field(min_length=1)] = (1,)


def problem(**raw: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Tree.model_validate({"needed": 1, **raw})
    return first_problem(caught.value, Tree)


@pytest.mark.parametrize(
    ("animal", "message"),
    [
        ({"kind": "owls"}, "animals[0].kind must be 'duck', 'owl' or 'fish', not 'owls'; did you mean 'owl'?"),
        ({}, "animals[0].kind must be given"),
        ({"kind": "owl", "wings": (1, -1)}, "animals[0].wings[1] must be at least 0, not -1"),
        ({"kind": "fish", "fin": 3}, "animals[0].fin is not a known key; did you mean 'fins'?"),
    ],
)
def test_one_of_several_tables_is_named_as_the_file_has_it(animal: dict[str, object], message: str) -> None:
    assert problem(animals=(animal,)) == message


def test_a_missing_key_must_be_given() -> None:
    with pytest.raises(ValidationError) as caught:
        Tree.model_validate({})
    assert first_problem(caught.value, Tree) == "needed must be given"


def test_a_misspelt_key_comes_before_the_one_that_is_missing() -> None:
    with pytest.raises(ValidationError) as caught:
        Tree.model_validate({"neded": 1})
    assert first_problem(caught.value, Tree) == "neded is not a known key; did you mean 'needed'?"


def test_the_whole_file_may_be_wrong() -> None:
    with pytest.raises(ValidationError) as caught:
        Tree.model_validate([])
    assert first_problem(caught.value, Tree) == "the file must be a table, not a list"
    with pytest.raises(ValidationError) as caught:
        Tree.model_validate_json("{")
    assert first_problem(caught.value, Tree).startswith("the file must be valid JSON (EOF while parsing")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"leaves": ({"size": 0},)}, "leaves[0].size must be at least 1, not 0"),
        ({"leaves": ({}, {"size": 11})}, "leaves[1].size must be at most 9, not 11"),
        ({"leaves": ({"size": 4},)}, "leaves[0].size must be odd, not 4"),
        ({"leaves": ({"size": "3"},)}, "leaves[0].size must be a whole number, not '3'"),
        ({"leaves": ({"size": 3.5},)}, "leaves[0].size must be a whole number, not 3.5"),
        ({"leaves": ({"size": True},)}, "leaves[0].size must be a whole number, not true"),
        ({"leaves": ({"size": {}},)}, "leaves[0].size must be a whole number, not a table"),
        ({"leaves": ({"size": ()},)}, "leaves[0].size must be a whole number, not a list"),
        ({"leaves": ({"ratio": "x"},)}, "leaves[0].ratio must be a number, not 'x'"),
        ({"leaves": ({"ratio": float("nan")},)}, "leaves[0].ratio must be a finite number, not nan"),
        ({"leaves": ({"ratio": 0.0},)}, "leaves[0].ratio must be greater than 0, not 0.0"),
        ({"leaves": ({"ratio": 2.0},)}, "leaves[0].ratio must be less than 1, not 2.0"),
        ({"leaves": ({"name": 3},)}, "leaves[0].name must be a string, not 3"),
        (
            {"leaves": ({"name": "No"},)},
            "leaves[0].name must be lower-case letters, digits and _ with a letter first, not 'No'",
        ),
        ({"leaves": ({"code": "b"},)}, "leaves[0].code must be of the form ^a+$, not 'b'"),
        ({"leaves": ({"code": "b" * 99},)}, f"leaves[0].code must be of the form ^a+$, not '{'b' * 59}…"),
        ({"leaves": ({"kind": "adcs"},)}, "leaves[0].kind must be 'adc' or 'bitcell', not 'adcs'; did you mean 'adc'?"),
        ({"leaves": ({"kind": 3},)}, "leaves[0].kind must be 'adc' or 'bitcell', not 3"),
        ({"leaves": ({"on": "yes"},)}, "leaves[0].on must be true or false, not 'yes'"),
        ({"leaves": ({"on": True, "kind": "bitcell"},)}, "leaves[0]: a bitcell is never on"),
        ({"leaves": "x"}, "leaves must be a list, not 'x'"),
        ({"leaves": (3,)}, "leaves[0] must be a table, not 3"),
        ({"leaves": ({}, {}, {})}, "leaves must be a list of at most 2, not of 3"),
        ({"some": ()}, "some must be a list of at least 1, not of 0"),
        ({"pair": (1,)}, "pair[1] must be given"),
        ({"by_name": 3}, "by_name must be a table, not 3"),
        ({"class": None}, "class must be a whole number, not None"),
        ({"leaves": ({"sise": 1},)}, "leaves[0].sise is not a known key; did you mean 'size'?"),
        ({"first": {"sise": 1}}, "first.sise is not a known key; did you mean 'size'?"),
        ({"by_name": {"a": {"sise": 1}}}, "by_name.a.sise is not a known key; did you mean 'size'?"),
        (
            {"leaves": ({"zzz": 1},)},
            "leaves[0].zzz is not a known key; known are size, ratio, name, code, kind, on",
        ),
        ({"clas": 1}, "clas is not a known key; did you mean 'class'?"),
    ],
)
def test_a_problem_is_one_sentence(raw: dict[str, object], sentence: str) -> None:
    assert problem(**raw) == sentence


def test_lists_become_tuples_at_any_depth() -> None:
    assert tuples({"a": [1, {"b": [[]]}], "c": "d"}) == {"a": (1, {"b": ((),)}), "c": "d"}


def read(path: Path) -> object:
    return read_toml(path, error=ArchitectureError, what="architecture file 'a.toml'", name="a.toml")


def test_a_toml_file_is_read_with_tuples(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("a = [1, 2]\n[b]\nc = 'é'\n", encoding="utf-8")
    assert read(path) == {"a": (1, 2), "b": {"c": "é"}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = ", r"a\.toml is not valid TOML: Invalid value \(at .*\)"),
        (b"\xff\xfe", r"architecture file 'a\.toml' cannot be read \(UnicodeDecodeError\)"),
        (b"a = " + b"[" * 100_000, r"a\.toml is not valid TOML: .*"),
        (b" " * ((1 << 20) + 1), r"architecture file 'a\.toml' must have at most 1048576 bytes, not 1048577"),
    ],
    ids=["broken", "not text", "nested", "large"],
)
def test_a_damaged_toml_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(ArchitectureError, match=f"^{message}$"):
        read(path)


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    absent, folder = "does not exist", "cannot be read (IsADirectoryError)"
    with pytest.raises(ArchitectureError, match=re.escape(f"architecture file 'a.toml' {absent}") + "$"):
        read(tmp_path / "a.toml")
    with pytest.raises(ArchitectureError, match=re.escape(f"architecture file 'a.toml' {folder}") + "$"):
        read(tmp_path)
