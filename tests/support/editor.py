"""A trial file as an editor sees it: YAML 1.2 core scalars held against the shipped JSON Schema."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import yaml

from nudge.workflow.writing.schema import shipped_schema


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema (yaml.org/spec/1.2.2, 10.3.2): `no` is a text, 2027-01-11 is a text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape


for kind, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$"), first)


def as_an_editor_reads(text: str) -> Any:
    """The file's values by YAML 1.2."""
    return yaml.load(text, Loader=CoreLoader)  # noqa: S506 - a SafeLoader with other scalars


def marked(text: str) -> list[str]:
    """What an editor with the schema marks in a file: the path of each complaint."""
    validator = jsonschema.Draft202012Validator(json.loads(shipped_schema()))
    return sorted(
        ".".join(map(str, _deepest(one).absolute_path)) for one in validator.iter_errors(as_an_editor_reads(text))
    )


def _deepest(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Where several shapes are allowed, the complaint about the one that fits best."""
    while error.context:
        error = max(error.context, key=lambda one: len(one.absolute_path))
    return error
