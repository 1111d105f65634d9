"""The protocol as one self-contained HTML page: no network, prints well, readable on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nudge.report.protocol.spirit import CITATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nudge.report.protocol.content import Document, Section


def protocol_page(document: Document) -> str:
    """The page of one protocol."""
    environment = Environment(
        loader=PackageLoader("nudge.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"sum_items": _items, "with_code": _with_code}
    return environment.get_template("protocol.html.j2").render(document=document, citation=CITATION)


def _with_code(text: str) -> Markup:
    """A sentence in which what stands between backticks is code."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))


def _items(sections: Sequence[Section]) -> int:
    return sum(len(section.items) for section in sections)
