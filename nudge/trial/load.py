"""From a file on disk to a Trial, or to every problem that stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError

from nudge.trial.checks import check
from nudge.trial.grammar import GrammarError
from nudge.trial.model import Part, Trial
from nudge.trial.problems import Level, Problem, Problems, listed, nearest
from nudge.trial.source import Source, Step, read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class LoadedTrial:
    """A trial, the file it came from, and what `check` will say of it."""

    trial: Trial
    path: Path
    source: Source
    problems: tuple[Problem, ...]

    @property
    def folder(self) -> Path:
        """Paths in the file are relative to this."""
        return self.path.parent


def load_trial(path: Path) -> LoadedTrial:
    """Read, validate and cross-check a trial file.

    Raises ProblemsFound with all errors at once; problems of lower levels are kept.
    """
    problems = Problems()
    source = read_yaml(path, problems)
    problems.raise_if_fatal()
    trial = validate(source, problems)
    if trial is not None:
        problems.extend(check(trial, source))
    problems.raise_if_fatal()
    if trial is None:
        raise AssertionError("a trial that does not validate has problems")
    return LoadedTrial(trial, path, source, tuple(problems))


def validate(source: Source, problems: Problems) -> Trial | None:
    """Plain values to a Trial; every mismatch becomes a problem with its place."""
    try:
        return Trial.model_validate(source.values)
    except ValidationError as error:
        for detail in error.errors():
            problems.add(_explained(detail, source))
        return None


def _explained(detail: ErrorDetails, source: Source) -> Problem:
    path: tuple[Step, ...] = tuple(step for step in detail["loc"] if step != "[key]")
    what, remedy = _sentence(detail, path)
    if detail["type"] == "missing":
        path = path[:-1]
    return source.problem(Level.ERROR, path, what, remedy)


def _sentence(detail: ErrorDetails, path: tuple[Step, ...]) -> tuple[str, str]:
    """What is wrong and what to do, for each kind of mismatch pydantic tells apart."""
    kind, given, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    key = path[-1] if path else ""
    cause = context.get("error")
    if isinstance(cause, GrammarError):
        return cause.what, cause.remedy
    if kind == "extra_forbidden":
        known = _known_keys(path[:-1])
        guess = nearest(str(key), known)
        return f"`{key}` is not a known key", f"did you mean `{guess}`?" if guess else f"known here: {listed(known)}"
    if kind == "missing":
        return f"`{key}` is missing", f"add `{key}:`"
    if kind == "literal_error":
        allowed = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        guess = nearest(str(given), allowed)
        remedy = f"did you mean `{guess}`?" if guess else f"write {listed(allowed, 'or')}"
        return f"`{given}` is not one of {listed(allowed, 'or')}", remedy
    if kind == "string_pattern_mismatch":
        return f"`{given}` is not a usable name", _name_rule(context["pattern"])
    return _shape(kind, given)


_SHAPES = {
    "model_type": ("keys and values are expected here", "write `key: value` lines, indented"),
    "model_attributes_type": ("keys and values are expected here", "write `key: value` lines, indented"),
    "dict_type": ("keys and values are expected here", "write `key: value` lines, indented"),
    "tuple_type": ("a list is expected here", "write `[first, second]`"),
    "string_type": ("a text is expected here", "write words, in quotes if need be"),
    "string_too_short": ("is empty", "fill it in, or leave the key out"),
    "string_too_long": ("is too long", "use at most 80 characters"),
    "bool_parsing": ("is neither yes nor no", "write `yes` or `no`"),
    "bool_type": ("is neither yes nor no", "write `yes` or `no`"),
    "int_parsing": ("is not a whole number", "write digits only"),
    "float_parsing": ("is not a number", "write digits, such as 12 or 0.5"),
    "greater_than_equal": ("is too small", "write 1 or more"),
    "less_than_equal": ("is too large", "write 1000 or less"),
}


def _shape(kind: str, given: object) -> tuple[str, str]:
    what, remedy = _SHAPES.get(kind, (f"is not what is expected here ({kind.replace('_', ' ')})", "see the guide"))
    if isinstance(given, str) and what.startswith("is"):
        what = f"`{given}` {what}"
    elif given is None:
        what = f"is empty; {what}" if not what.startswith("is") else "is empty"
    return what, remedy


def _name_rule(pattern: str) -> str:
    if "/" in pattern:
        return "templates are folders, such as `two-year-review/reminder`"
    if pattern == "^[A-Z]{3}$":
        return "write a currency's three letters, such as GBP"
    joined = "letters, digits, hyphens and underscores" if "-]" in pattern else "letters, digits and underscores"
    return f"begin with a small letter and use small {joined}"


def _known_keys(path: tuple[Step, ...]) -> list[str]:
    """The keys the model knows at a path."""
    here: Any = Trial
    for step in path:
        here = _below(here, step)
    if isinstance(here, type) and issubclass(here, Part):
        return [field.alias or name for name, field in here.model_fields.items()]
    return []


def _below(annotation: Any, step: Step) -> Any:
    """The annotation of what stands at `step` inside something so annotated."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        fields = annotation.model_fields.items()
        field = next((field for name, field in fields if step in {name, field.alias}), None)
        return _bare(field.annotation) if field else None
    container, arguments = get_origin(annotation), get_args(annotation)
    if container is dict:
        return _bare(arguments[1])
    return _bare(arguments[0]) if container is tuple else None


def _bare(annotation: Any) -> Any:
    """`Part` out of `Annotated[Part | None, …]`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return next(_bare(option) for option in get_args(annotation) if option is not type(None))
    return annotation
