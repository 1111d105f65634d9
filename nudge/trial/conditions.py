"""The condition language of `eligible`, `exclude` and `outside`.

Comparisons (`==` `!=` `<` `<=` `>` `>=`), `and` / `or` / `not`, `in` and `not in` with a
list, `is missing` and `is not missing`, dates as quoted text, yes/no columns on their own.
No calls, no attributes, no arithmetic: a condition can only look at one row.

    age_months >= 22 and age_months <= 26
    protected_address or refuge
    language in ['en', 'cy'] and due_date >= '2027-01-11'

The text is read with Python's own parser and everything but the above is refused.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from nudge.trial.problems import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Value: TypeAlias = float | str | bool | date | None

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
_EXAMPLE = "write comparisons joined by and, or, not; for instance `age_months >= 22 and not refuge`"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong in a condition, `offset` characters from its start."""

    offset: int
    what: str
    remedy: str


class ConditionError(ValueError):
    """A condition that cannot be used, with every flaw found."""

    def __init__(self, flaws: list[Flaw]) -> None:
        self.flaws = flaws
        super().__init__("; ".join(flaw.what for flaw in flaws))


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
        return bool(_evaluate(self._tree, row))


def condition(text: str, types: Mapping[str, str]) -> Condition:
    """Read and type-check a condition.

    types: each column's type, as in `population.columns`.
    Raises ConditionError with all flaws.
    """
    stripped = text.strip()
    try:
        tree = ast.parse(stripped, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConditionError([_syntax_flaw(stripped, error)]) from None
    reader = _Reader(types)
    kind = reader.kind(tree)
    if not reader.flaws and kind != "yes_no":
        reader.flaw(tree, "is not a yes-or-no question", _EXAMPLE)
    if reader.flaws:
        raise ConditionError(reader.flaws)
    return Condition(stripped, frozenset(reader.names), frozenset(reader.needs), tree)


def _syntax_flaw(text: str, error: Exception) -> Flaw:
    offset = max((getattr(error, "offset", None) or 1) - 1, 0)
    if "=" in text.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", ""):
        return Flaw(offset, "a single `=` is not a comparison", "write `==` for equal")
    return Flaw(offset, f"`{text[:80]}` cannot be read as a condition", _EXAMPLE)


class _Reader:
    """Walks a parsed condition, collecting columns and flaws."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self.types = types
        self.names: set[str] = set()
        self.needs: set[str] = set()
        self.flaws: list[Flaw] = []

    def flaw(self, node: ast.AST, what: str, remedy: str) -> str:
        self.flaws.append(Flaw(getattr(node, "col_offset", 0), what, remedy))
        return "unknown"

    def kind(self, node: ast.expr) -> str:
        """The type of an expression: a column type, `list`, `missing` or `unknown`."""
        if isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            for value in node.values if isinstance(node, ast.BoolOp) else [node.operand]:
                self._expect_yes_no(value)
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
        if value is not _NOT_CONSTANT:
            return "text" if isinstance(value, str) else "number"
        if isinstance(node, ast.Call):
            return self.flaw(node, "calls are not part of a condition", "compare columns with values instead")
        return self.flaw(node, f"`{ast.unparse(node)}` is not part of a condition", _EXAMPLE)

    def _expect_yes_no(self, node: ast.expr) -> None:
        kind = self.kind(node)
        if kind not in {"yes_no", "unknown"}:
            self.flaw(node, f"`{ast.unparse(node)}` is a {kind}, not a yes or no", "compare it with a value")

    def _name(self, node: ast.Name) -> str:
        if node.id in _WORDS:
            return "yes_no"
        if node.id == "missing":
            return "missing"
        if node.id in self.types:
            self.names.add(node.id)
            self.needs.add(node.id)
            return self.types[node.id]
        guess = nearest(node.id, self.types)
        remedy = f"did you mean `{guess}`?" if guess else f"name one of {listed(sorted(self.types), 'or')}"
        return self.flaw(node, f"`{node.id}` is not a column", f"{remedy} (a text value needs quotes)")

    def _comparison(self, node: ast.Compare) -> str:
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.Is | ast.IsNot):
                self._missing(node, left, right)
            elif isinstance(op, ast.In | ast.NotIn):
                self._membership(left, right)
            else:
                self._pair(op, left, right)
            left = right
        return "yes_no"

    def _missing(self, node: ast.Compare, left: ast.expr, right: ast.expr) -> None:
        if not (isinstance(right, ast.Name) and right.id == "missing"):
            self.flaw(node, "`is` goes only with `missing`", "write `==`, or `is missing`")
        elif not (isinstance(left, ast.Name) and left.id in self.types):
            self.flaw(left, "`is missing` asks about a column", "put a column's name before it")
        else:
            self.names.add(left.id)

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
                if kind in {"category", "yes_no"} and isinstance(node, ast.Name):
                    self.flaw(
                        node, f"`{node.id}` is a {kind}, which has no order", "declare it a number, or use == and in"
                    )
        self._agree(right, left_kind, right_kind, left, right)

    def _agree(self, node: ast.AST, kind: str, other: str, left: ast.expr, right: ast.expr) -> None:
        if "unknown" in {kind, other}:
            return
        if "missing" in {kind, other}:
            self.flaw(node, "`missing` is not a value", "write `is missing`")
            return
        date_side = left if kind == "date" else right if other == "date" else None
        text_side = right if date_side is left else left
        if date_side is not None and "text" in {kind, other}:
            self._date(text_side)
            return
        same = kind == other or {kind, other} <= {"text", "category"}
        if not same:
            hint = "quote it" if {kind, other} == {"category", "number"} else "compare like with like"
            self.flaw(node, f"compares a {kind} with a {other}", hint)

    def _date(self, node: ast.expr) -> None:
        value = _constant(node)
        try:
            date.fromisoformat(str(value))
        except ValueError:
            self.flaw(node, f"`{value}` is not a day", "write it as '2027-01-11'")


_NOT_CONSTANT = object()


def _constant(node: ast.expr) -> object:
    """The number or text a node spells out, or _NOT_CONSTANT."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return _NOT_CONSTANT if isinstance(node.value, bool) else node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _constant(node.operand)
        return -inner if isinstance(inner, int | float) else _NOT_CONSTANT
    return _NOT_CONSTANT


def _evaluate(node: ast.expr, row: Mapping[str, Value]) -> Value:
    if isinstance(node, ast.BoolOp):
        every = all if isinstance(node.op, ast.And) else any
        return every(_evaluate(value, row) for value in node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _evaluate(node.operand, row)
    if isinstance(node, ast.Compare):
        return _compare(node, row)
    if isinstance(node, ast.Name):
        return _WORDS[node.id] if node.id in _WORDS else row[node.id]
    value = _constant(node)
    return float(value) if isinstance(value, int) else value  # type: ignore[return-value]  # checked when read


def _compare(node: ast.Compare, row: Mapping[str, Value]) -> bool:
    left_node = node.left
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        if not _one(op, left_node, right_node, row):
            return False
        left_node = right_node
    return True


def _one(op: ast.cmpop, left_node: ast.expr, right_node: ast.expr, row: Mapping[str, Value]) -> bool:
    left = _evaluate(left_node, row)
    if isinstance(op, ast.Is | ast.IsNot):
        return (left is None) == isinstance(op, ast.Is)
    if isinstance(op, ast.In | ast.NotIn):
        items = getattr(right_node, "elts", ())
        return any(_one(ast.Eq(), left_node, item, row) for item in items) == isinstance(op, ast.In)
    right = _evaluate(right_node, row)
    if isinstance(left, date) and isinstance(right, str):
        right = date.fromisoformat(right)
    if isinstance(right, date) and isinstance(left, str):
        left = date.fromisoformat(left)
    return _COMPARE[type(op)](left, right)
