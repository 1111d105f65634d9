"""Write the reference pages out of the code: commands, results, the message library and both JSON Schemas.

Run it after changing a command, a result or a template; a test fails while they differ.
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
from nudge.messages.lexicon import LEXICON
from nudge.trial.records.report import Results
from nudge.workflow.writing import schema as trial_file
from nudge.workflow.writing.library import library

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


def library_page() -> str:
    """Every shipped template with what is known of it, and its words."""
    lines = [
        "# Message library",
        "",
        "Written by `scripts/write_reference.py` from the files in `message_templates/`. Each template has words for",
        "texts and emails; `nudge templates NAME` shows them. Segments are counted with the longest date there is,",
        "Wednesday 30 September. The grade says what is known of words of this kind, not of this template: strong,",
        "good, modest, mixed, thin or none. A template marked *research only* is kept from families until its arm says",
        "`because:`; so is one marked *sensitive*, which tells a family something about itself.",
        "",
        "| template | works by | grade | segments | languages |",
        "|---|---|---|---|---|",
    ]
    entries = library(ROOT)
    for entry in entries:
        mark = " (research only)" if entry.research_only else " (sensitive)" if entry.sensitive else ""
        cut = ", ".join(f"{one.segments} ({one.language})" for one in entry.wordings if one.channel == "sms")
        languages = ", ".join(dict.fromkeys(one.language for one in entry.wordings))
        lines.append(
            f"| [{entry.name}](#{entry.name.replace('/', '')}) | {', '.join(entry.mechanism)} | {entry.grade}{mark} "
            f"| {cut} | {languages} |"
        )
    for entry in entries:
        lines += ["", f"## {entry.name}", "", f"Grade: {entry.grade}. {entry.because}", ""]
        lines += [f"- Source: {source}" for source in entry.sources]
        lines += [f"- Warning: {warning}" for warning in entry.warnings]
        for one in (one for one in entry.wordings if one.channel == "sms"):
            plural = "s" if one.segments != 1 else ""
            lines += ["", f"> {one.text}", ">", f"> {one.characters} characters, {one.segments} segment{plural}"]
            if one.back_translation:
                lines[-1] += f"; `{one.language}`, back-translation {one.back_translation}"
    return "\n".join([*lines, ""])


def words_page() -> str:
    """What is checked of words, and every word that is looked for."""
    text = (ROOT / "scripts" / "words.md").read_text(encoding="utf-8")
    lines = []
    for kind, languages in LEXICON.items():
        lines += ["", f"### {kind}", ""]
        lines += [f"- `{language}`: {', '.join(phrases)}" for language, phrases in languages.items()]
    return text.rstrip("\n") + "\n".join([*lines, ""])


PAGES = {
    ROOT / "docs" / "commands.md": commands_page,
    ROOT / "docs" / "results-json.md": results_page,
    ROOT / "docs" / "message-library.md": library_page,
    ROOT / "docs" / "words.md": words_page,
    ROOT / "nudge" / "report" / "results.schema.json": schema_text,
    ROOT / "nudge" / "trial" / "trial.schema.json": trial_file.schema_text,
}

if __name__ == "__main__":
    for path, text in PAGES.items():
        path.write_text(text(), encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
