"""The JSON Schema of the trial file, so that editors complete keys, show help and mark mistakes.

Made from the model, and narrowed to what stands in a YAML file: proportions are written `62%`,
`yes` and `no` may stand for true and false, a number may stand where a text is expected, and
what can be swapped is one of the files in its folder. It is written by
`scripts/write_reference.py` and shipped; `nudge check` remains the judge of a file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nudge.trial.errors import Refused

FILE_NAME = "trial.schema.json"
FIRST_LINE = f"# yaml-language-server: $schema={FILE_NAME}"
"""What a trial file begins with, so that an editor finds the schema beside it."""

_SHIPPED = Path(__file__).resolve().parent.parent.parent / "trial" / FILE_NAME
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = "urn:nudge:trial-file"


def shipped_schema() -> str:
    """The schema as it ships."""
    return _SHIPPED.read_text(encoding="utf-8")


def write_schema(folder: Path) -> Path:
    """Write the schema into a folder, over an earlier one of ours. Raises Refused over anything else."""
    target = folder / FILE_NAME
    if target.exists() and _NAME not in target.read_text(encoding="utf-8", errors="replace"):
        raise Refused(f"{target} exists and is something else", "move it, or keep the trial file in another folder")
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(shipped_schema(), encoding="utf-8")
    return target


def trial_schema() -> dict[str, Any]:
    """The schema, from the model and the folders of what can be swapped."""
    from nudge.analysis.named import named_names
    from nudge.design.methods import method_names
    from nudge.trial.model import Trial

    content = _as_written(Trial.model_json_schema(by_alias=True))
    content["properties"]["channels"] = _channels(content["properties"]["channels"])
    for block in ("Randomise", "Allocation"):
        key = content["$defs"][block]["properties"]["method"]
        content["$defs"][block]["properties"]["method"] = _one_of(key, method_names())
    outcome = content["$defs"]["Outcome"]["properties"]
    outcome["estimator"] = _one_of(outcome["estimator"], named_names())
    return {"$schema": _DIALECT, "$id": _NAME, **content, "title": "A trial file of nudge"}


def schema_text() -> str:
    """The schema as it is kept."""
    return json.dumps(trial_schema(), indent=1, ensure_ascii=False) + "\n"


def _as_written(node: Any) -> Any:
    """The same schema for values as a YAML file writes them."""
    from nudge.trial.parts.fields import SHARE

    if isinstance(node, list):
        return [_as_written(one) for one in node]
    if not isinstance(node, dict):
        return node
    if SHARE in node.get("anyOf", []) and any("pattern" in one for one in node["anyOf"]):  # `62%` in a YAML file
        rest = [one for one in node["anyOf"] if one != SHARE]
        node = {**node, "anyOf": rest} if len(rest) > 1 else {**node, **rest[0]}
        if len(rest) == 1:
            del node["anyOf"]
    if node.get("type") == "boolean":
        return {**{key: value for key, value in node.items() if key != "type"}, "enum": [True, False, "yes", "no"]}
    if node.get("type") == "string" and not {"pattern", "enum", "const"} & set(node):
        return node | {"type": ["string", "number", "boolean"]}
    return {key: value if key in {"default", "examples"} else _as_written(value) for key, value in node.items()}


def _channels(key: dict[str, Any]) -> dict[str, Any]:
    """Each channel with the files of delivery/channels/ that carry it."""
    from nudge.delivery.channels import channel_module, channel_names

    carried = {
        channel: {"enum": [name for name in channel_names() if channel in channel_module(name).CARRIES]}
        for channel in key["propertyNames"]["enum"]
    }
    kept = {name: value for name, value in key.items() if name not in {"propertyNames", "additionalProperties"}}
    return {**kept, "properties": carried, "additionalProperties": False}


def _one_of(key: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """A key whose value is one of these names, or nothing where nothing is allowed."""
    kept = {name: value for name, value in key.items() if name in {"title", "description", "default"}}
    return {**kept, "enum": [*names, None] if "anyOf" in key else names}
