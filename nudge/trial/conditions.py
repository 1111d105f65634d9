"""The condition language of `eligible`, `exclude` and `outside`.

Comparisons (`==` `!=` `<` `<=` `>` `>=`), `and` / `or` / `not`, `in` and `not in` with a
list, `is missing` and `is not missing`, dates as quoted text, yes/no columns on their own.
No calls, no attributes, no arithmetic: a condition can only look at one row.

    age_months >= 22 and age_months <= 26
    protected_address or refuge
    language in ['en', 'cy'] and due_date >= '2027-01-11'

`condition_words.py` lets only these words and signs through to Python's own parser; what it makes of
them is checked here against the columns' types.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from nudge.trial.condition_words import EXAMPLE, ConditionError, Flaw, Written, written
from nudge.trial.grammar import iso_day
from nudge.trial.problems import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Value: TypeAlias = float | str | bool | date | None

__all__ = ["RESERVED", "Condition", "ConditionError", "Flaw", "condition"]

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_WORDS: dict[str, bool] = {"yes": True, "no": False, "true": True, "false": False}
RESERVED = frozenset({*_WORDS, "missing", "and", "or", "not", "in", "is"})
"""Words with a meaning of their own here, so that no column can have their name."""
_EMPTY = frozenset({"blank", "empty", "none", "null", "na"})
_HINTS = {
    frozenset({"category", "number"}): "put the value in quotes",
    frozenset({"text", "number"}): "write a number without quotes, a text with them",
    frozenset({"yes_no", "text"}): "write yes or no without quotes",
    frozenset({"yes_no", "number"}): "compare it with yes or no",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition over one row's columns."""

    text: str
    columns: frozenset[str]
    """Every column it names."""
    needs: frozenset[str]
    """Those whose blank makes the answer unknown (all but the ones asked `is missing`)."""
    _tree: ast.expr

    def holds(self, row: Mapping[str, Value]) -> bool | None:
        """True or False, or None when a column it needs is blank: not known."""
        if any(row[name] is None for name in self.needs):
            return None
        answer = _evaluate(self._tree, row)
        return None if answer is None else bool(answer)


def condition(text: str, types: Mapping[str, str]) -> Condition:
    """Read and type-check a condition.

    types: each column's type, as in `population.columns`.
    Raises ConditionError with all flaws.
    """
    code = written(text)
    reader = _Reader(types, code)
    reader.expect_yes_no(code.tree)
    if reader.flaws:
        raise ConditionError(reader.flaws)
    return Condition(text.strip(), frozenset(reader.names), frozenset(reader.names - reader.asked), code.tree)


class _Reader:
    """Walks a parsed condition, collecting columns and flaws."""

    def __init__(self, types: Mapping[str, str], code: Written) -> None:
        self.types = types
        self.code = code
        self.names: set[str] = set()
        self.asked: set[str] = set()
        """Columns asked `is missing`."""
        self.flaws: list[Flaw] = []

    def flaw(self, node: ast.expr, what: str, remedy: str) -> str:
        """Note a flaw; gives the type `unknown`, which later flaws do not build on."""
        self.flaws.append(Flaw(self.code.offset(node), what, remedy))
        return "unknown"

    def kind(self, node: ast.expr) -> str:
        """The type of an expression: a column type, `list`, `missing` or `unknown`."""
        if isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            for value in node.values if isinstance(node, ast.BoolOp) else [node.operand]:
                self.expect_yes_no(value)
            return "yes_no"
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return "list"
        return self._spelled_out(node)

    def _spelled_out(self, node: ast.expr) -> str:
        """A number or a text; anything else is a flaw."""
        value = _constant(node)
        if value is not None:
            return "text" if isinstance(value, str) else "number"
        if isinstance(node, ast.Call):
            return self.flaw(node, "calls are not part of a condition", "compare columns with values instead")
        return self.flaw(node, f"`{self.code.words(node)}` is not part of a condition", EXAMPLE)

    def expect_yes_no(self, node: ast.expr) -> None:
        """Note a flaw where an expression is anything but a yes or no."""
        kind = self.kind(node)
        if kind == "missing":
            self.flaw(node, "`missing` is not a value", "write `COLUMN is missing`")
        elif kind not in {"yes_no", "unknown"}:
            self.flaw(node, f"`{self.code.words(node)}` is a {kind}, not a yes or no", "compare it with a value")

    def _name(self, node: ast.Name) -> str:
        if node.id in _WORDS:
            return "yes_no"
        if node.id == "missing":
            return "missing"
        if node.id in self.types:
            self.names.add(node.id)
            return self.types[node.id]
        return self.flaw(node, f"`{node.id}` is not a column", _remedy_for_name(node.id, self.types))

    def _comparison(self, node: ast.Compare) -> str:
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.Is | ast.IsNot):
                self._missing(left, right)
            elif isinstance(op, ast.In | ast.NotIn):
                self._membership(left, right)
            else:
                self._pair(op, left, right)
            left = right
        return "yes_no"

    def _missing(self, left: ast.expr, right: ast.expr) -> None:
        if not (isinstance(right, ast.Name) and right.id == "missing"):
            self.flaw(right, "`is` goes only with `missing`", "write `==`, or `is missing`")
        elif not isinstance(left, ast.Name) or left.id in RESERVED:
            self.flaw(left, "`is missing` asks about a column", "put a column's name before it")
        elif self._name(left) != "unknown":
            self.asked.add(left.id)

    def _membership(self, left: ast.expr, right: ast.expr) -> None:
        kind = self.kind(left)
        if not isinstance(right, ast.List | ast.Tuple | ast.Set) or not right.elts:
            self.flaw(right, "`in` needs a list", "write `in ['a', 'b']`")
            return
        for item in right.elts:
            self._agree(item, kind, self.kind(item), left, item)

    def _pair(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> None:
        left_kind, right_kind = self.kind(left), self.kind(right)
        if isinstance(op, _ORDERED):
            for node, kind in ((left, left_kind), (right, right_kind)):
                if kind in {"category", "yes_no"}:
                    what = f"`{self.code.words(node)}` is a {kind}, which has no order"
                    self.flaw(node, what, "compare numbers or dates, or use `==` and `in`")
        self._agree(right, left_kind, right_kind, left, right)

    def _agree(self, node: ast.expr, kind: str, other: str, left: ast.expr, right: ast.expr) -> None:
        kinds = frozenset({kind, other})
        if "unknown" in kinds:
            return
        if "missing" in kinds:
            self.flaw(node, "`missing` is not a value", "write `is missing`")
        elif "list" in kinds:
            self.flaw(node, "a list goes only after `in`", "write `in ['a', 'b']`")
        elif "date" in kinds and kinds != {"date"}:
            self._date(right if kind == "date" else left, other if kind == "date" else kind)
        elif len(kinds) > 1 and kinds != {"text", "category"}:
            self.flaw(node, f"compares a {kind} with a {other}", _HINTS.get(kinds, "compare like with like"))

    def _date(self, node: ast.expr, kind: str) -> None:
        """A date is compared with a day in quotes, not with `node`, which is something else."""
        value = _constant(node)
        if not isinstance(value, str):
            self.flaw(node, f"compares a date with a {kind}", "write the day in quotes, as '2027-01-11'")
            return
        try:
            iso_day(value)
        except ValueError:
            self.flaw(node, f"`{value}` is not a day", "write it as '2027-01-11'")


def _remedy_for_name(name: str, types: Mapping[str, str]) -> str:
    if name.lower() in RESERVED:
        return f"write `{name.lower()}`, in small letters"
    if name.lower() in _EMPTY:
        return "write `is missing` for a blank"
    guess = nearest(name, types)
    if guess:
        return f"did you mean `{guess}`? (a text value needs quotes)"
    if not types:
        return "declare it in `population.columns` (a text value needs quotes)"
    return f"name {listed(sorted(types), 'or')} (a text value needs quotes)"


def _constant(node: ast.expr) -> float | str | None:
    """The number or text a node spells out; None where it spells out neither."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return node.value if isinstance(node.value, str) else float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _constant(node.operand)
        return -inner if isinstance(inner, float) else None
    return None


def _evaluate(node: ast.expr, row: Mapping[str, Value]) -> Value:
    """The value of an expression; None is "not known", which `and` and `or` carry on where it matters."""
    if isinstance(node, ast.BoolOp):
        answers = (_evaluate(value, row) for value in node.values)
        return _all(answers) if isinstance(node.op, ast.And) else _negated(_all(_negated(one) for one in answers))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _negated(_evaluate(node.operand, row))
    if isinstance(node, ast.Compare):
        pairs = zip(node.ops, [node.left, *node.comparators], node.comparators, strict=False)
        return _all(_one(op, left, right, row) for op, left, right in pairs)
    if isinstance(node, ast.Name):
        return _WORDS[node.id] if node.id in _WORDS else row[node.id]
    return _constant(node)


def _all(answers: Iterable[Value]) -> bool | None:
    """False where one is False, else None where one is not known, else True."""
    known: bool | None = True
    for answer in answers:
        if answer is None:
            known = None
        elif not answer:
            return False
    return known


def _negated(answer: Value) -> bool | None:
    return None if answer is None else not answer


def _one(op: ast.cmpop, left_node: ast.expr, right_node: ast.expr, row: Mapping[str, Value]) -> bool | None:
    left = _evaluate(left_node, row)
    if isinstance(op, ast.Is | ast.IsNot):
        return (left is None) == isinstance(op, ast.Is)
    if isinstance(op, ast.In | ast.NotIn):
        differs = _all(_one(ast.NotEq(), left_node, item, row) for item in getattr(right_node, "elts", ()))
        return differs if isinstance(op, ast.NotIn) else _negated(differs)
    right = _evaluate(right_node, row)
    if left is None or right is None:
        return None
    if isinstance(left, date) and isinstance(right, str):
        right = iso_day(right)
    if isinstance(right, date) and isinstance(left, str):
        left = iso_day(left)
    return _COMPARE[type(op)](left, right)
