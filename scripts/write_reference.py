"""Write the reference pages out of the code: docs/commands.md, docs/results-json.md and both JSON Schemas.

Run it after changing a command or a result; a test fails while they differ.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from dataclasses import is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

import typer.main
from pydantic import TypeAdapter

from nudge.cli.main import app
from nudge.trial.records.report import Results
from nudge.workflow import schema as trial_file

ROOT = Path(__file__).resolve().parent.parent


def commands_page() -> str:
    """Every command with its parameters and its example."""
    lines = [
        "# Commands",
        "",
        "Written by `scripts/write_reference.py`. Every command takes `--help`; exit codes are 0 done, 1 refused,",
        "2 bad input.",
        "",
    ]
    group: Any = typer.main.get_command(app)
    for name, command in _flat(group.commands):
        lines += [f"## nudge {name}", "", command.help.strip(), ""]
        for parameter in command.params:
            shown = (
                parameter.metavar or parameter.name.upper()
                if parameter.param_type_name == "argument"
                else ", ".join(parameter.opts)
            )
            lines.append(f"- `{shown}`: {parameter.help}")
        lines += ["", f"    {command.epilog.removeprefix('Example: ')}", ""]
    return "\n".join(lines)


def _flat(commands: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, command in commands.items():
        inner = getattr(command, "commands", None)
        found += _flat(inner, f"{prefix}{name} ") if inner else [(f"{prefix}{name}", command)]
    return found


def schema() -> dict[str, Any]:
    """The JSON Schema of results.json."""
    content = TypeAdapter(Results).json_schema()
    described = {record.__name__: _field_texts(record) for record in _records(Results)}
    for name, record in {"Results": content, **content["$defs"]}.items():
        for field, text in described.get(name, {}).items():
            record["properties"][field]["description"] = text
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "results.json", **content}


def _records(record: type) -> set[type]:
    """A record and every record its fields are made of."""
    found = {record}
    for of in get_type_hints(record).values():
        for part in (of, *get_args(of)):
            if is_dataclass(part) and isinstance(part, type):
                found |= _records(part)
    return found


def _field_texts(record: type) -> dict[str, str]:
    """The text under each field of a record, which Python itself does not keep."""
    texts: dict[str, str] = {}
    for field, after in pairwise(cast("ast.ClassDef", ast.parse(inspect.getsource(record)).body[0]).body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    texts[field.target.id] = inspect.cleandoc(text)
    return texts


def schema_text() -> str:
    """The schema as it is kept."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def results_page() -> str:
    """The fields of results.json, record by record."""
    content = schema()
    lines = [
        "# results.json",
        "",
        "Written by `scripts/write_reference.py`. What `nudge analyse FILE --json` prints and `nudge report` writes",
        "beside the page. The JSON Schema ships as `nudge/report/results.schema.json`. Proportions are 0 to 1; effects",
        "are oriented, so that positive is better; a number that cannot be had is null.",
        "",
    ]
    for name, record in {"Results": content, **content["$defs"]}.items():
        if "properties" not in record:
            lines += [
                f"## {name}",
                "",
                f"{record.get('description', '')} One of {', '.join(record.get('enum', []))}.",
                "",
            ]
            continue
        lines += [f"## {name}", "", record.get("description", ""), "", "| field | type | what it is |", "|---|---|---|"]
        lines += [
            f"| `{field}` | {_type(of)} | {of.get('description', '')} |" for field, of in record["properties"].items()
        ]
        lines.append("")
    return "\n".join(lines)


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "enum" in field:
        return ", ".join(str(one) for one in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"{_type(field['additionalProperties'])} by name"
    return str(field.get("type", "anything"))


PAGES = {
    ROOT / "docs" / "commands.md": commands_page,
    ROOT / "docs" / "results-json.md": results_page,
    ROOT / "nudge" / "report" / "results.schema.json": schema_text,
    ROOT / "nudge" / "trial" / "trial.schema.json": trial_file.schema_text,
}

if __name__ == "__main__":
    for path, text in PAGES.items():
        path.write_text(text(), encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
