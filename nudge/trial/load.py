"""From a file on disk to a Trial, or to every problem that stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError

from nudge.trial.checks import check
from nudge.trial.model import Trial
from nudge.trial.parts.fields import Part
from nudge.trial.problems import Level, Problem, Problems, listed, nearest
from nudge.trial.quantities import GrammarError
from nudge.trial.source import Source, Step, parse_yaml, read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

P = TypeVar("P", bound=Part)


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
    return _loaded(read_yaml(path, problems), path, problems)


def load_text(text: str, path: Path) -> LoadedTrial:
    """The same for text that is to stand in a file at `path`, and need not yet."""
    problems = Problems()
    return _loaded(parse_yaml(text, Source(str(path)), problems), path, problems)


def _loaded(source: Source, path: Path, problems: Problems) -> LoadedTrial:
    if source.values is None:
        problems.raise_if_fatal()
    trial = validated(Trial, source, problems)
    if trial is not None:
        problems.extend(check(trial, source))
    problems.raise_if_fatal()
    if trial is None:
        raise AssertionError("a trial that does not validate has problems")
    return LoadedTrial(trial, path, source, tuple(problems))


def validated(model: type[P], source: Source, problems: Problems) -> P | None:
    """Plain values to a model's own; every mismatch becomes a problem with its place."""
    try:
        return model.model_validate(source.values)
    except ValidationError as error:
        for detail in error.errors():
            problems.add(_explained(detail, source, model))
        return None


def _explained(detail: ErrorDetails, source: Source, model: type[Part]) -> Problem:
    path: tuple[Step, ...] = tuple(step for step in detail["loc"] if step != "[key]")
    what, remedy = _sentence(detail, path, model)
    if detail["type"] == "missing":
        path = path[:-1]
    return source.problem(Level.ERROR, path, what, remedy)


def _sentence(detail: ErrorDetails, path: tuple[Step, ...], model: type[Part]) -> tuple[str, str]:
    """What is wrong and what to do, for each kind of mismatch pydantic tells apart."""
    kind, given, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, GrammarError):
        return cause.what, cause.remedy
    if kind in {"extra_forbidden", "missing"}:
        return _about_key(str(path[-1]), [] if kind == "missing" else _known_keys(path[:-1], model))
    if kind == "literal_error":
        allowed = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        return _not_one_of(given, allowed)
    if kind == "string_pattern_mismatch":
        return f"`{given}` is not a usable name", _name_rule(context["pattern"])
    if kind in _BOUNDS:
        bound = next(f"{context[key]:g}" for key in ("ge", "gt", "le", "lt") if key in context)
        return f"`{given}` {_BOUNDS[kind][0]}", f"write {_BOUNDS[kind][1].format(bound)}"
    return _shape(kind, given)


def _about_key(key: str, known: list[str]) -> tuple[str, str]:
    """A key that is missing or, where others are known, is not one of them."""
    if not known:
        return f"`{key}` is missing", f"add `{key}:`"
    guess = nearest(key, known)
    return f"`{key}` is not a known key", f"did you mean `{guess}`?" if guess else f"known here: {listed(known)}"


def _not_one_of(given: object, allowed: list[str]) -> tuple[str, str]:
    words = listed(allowed, "or")
    if not isinstance(given, str):
        return "is empty" if given is None else "one word is expected here", f"write {words}"
    guess = nearest(given, allowed)
    return f"`{given}` is not one of {words}", f"did you mean `{guess}`?" if guess else f"write {words}"


_BOUNDS = {
    "greater_than_equal": ("is too small", "{} or more"),
    "greater_than": ("is too small", "more than {}"),
    "less_than_equal": ("is too large", "{} or less"),
}
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
    "int_type": ("a whole number is expected here", "write digits only"),
    "int_parsing": ("is not a whole number", "write digits only"),
    "int_parsing_size": ("is too large", "check the figure"),
    "int_from_float": ("is not a whole number", "write digits only"),
    "float_type": ("a number is expected here", "write digits, such as 12 or 0.5"),
    "float_parsing": ("is not a number", "write digits, such as 12 or 0.5"),
    "finite_number": ("is not a number", "write digits, such as 12 or 0.5"),
}


def _shape(kind: str, given: object) -> tuple[str, str]:
    what, remedy = _SHAPES.get(kind, (f"is not what is expected here ({kind.replace('_', ' ')})", "see the guide"))
    if given is None:
        return "is empty", remedy
    if isinstance(given, str | int | float) and given != "" and what.startswith("is"):
        what = f"`{given}` {what}"
    return what, remedy


def _name_rule(pattern: str) -> str:
    if "/" in pattern:
        return "templates are folders, such as `two-year-review/reminder`"
    if pattern == "^[A-Z]{3}$":
        return "write a currency's three letters, such as GBP"
    joined = "letters, digits, hyphens and underscores" if "-]" in pattern else "letters, digits and underscores"
    return f"begin with a small letter and use small {joined}"


def _known_keys(path: tuple[Step, ...], model: type[Part]) -> list[str]:
    """The keys the model knows at a path."""
    here: Any = model
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
