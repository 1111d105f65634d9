"""The protocol as a Word document, from the same content as the page: real headings, tables with head rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nudge.report.protocol.content import Document, Item, Table, Words
from nudge.report.protocol.spirit import CITATION

if TYPE_CHECKING:
    from pathlib import Path

_RED = (0xA4, 0x26, 0x2C)
_NOT_IN_XML = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | dict.fromkeys((0xFFFE, 0xFFFF))
"""What a text may hold and a Word file cannot (XML 1.0, 2.2)."""


def write_word(document: Document, path: Path) -> None:
    """Write the protocol of one trial to a .docx file."""
    import docx

    word = docx.Document()
    word.core_properties.title = _clean(f"{document.title}: protocol")
    word.core_properties.author = ""
    word.core_properties.language = "en-GB"
    word.add_heading(_clean(document.title), 0)
    version = f", version {document.version}" if document.version else ""
    for line in (
        f"Protocol of a randomised trial{version}",
        document.question,
        f"{document.label.capitalize()}. {document.said}",
        f"Fingerprint {document.fingerprint}" if document.fingerprint else "",
        f"Trial {document.trial}. Written {document.made} by nudge along SPIRIT 2025. {CITATION}.",
    ):  # fmt: skip
        if line:
            word.add_paragraph(_clean(line))
    _add_unmet(word, document)
    for section in document.sections:
        word.add_heading(_clean(section.title), 1)
        for item in section.items:
            _add_item(word, item)
    word.save(str(path))


def _add_unmet(word: Any, document: Document) -> None:
    word.add_heading("What is still unmet", 1)
    if not document.unmet:
        word.add_paragraph("Nothing: every item of SPIRIT 2025 is answered.")
    for item in document.unmet:
        word.add_paragraph(_clean(f"{item.number} {item.topic}: {item.add}".replace("`", "")), style="List Bullet")


def _add_item(word: Any, item: Item) -> None:
    word.add_heading(_clean(f"{item.number} {item.topic}"), 2)
    for piece in item.pieces:
        if isinstance(piece, Table):
            _add_table(word, piece)
        elif isinstance(piece, Words):
            word.add_paragraph(_clean(piece.caption), style="Caption")
            _in_language(word.add_paragraph(_clean(piece.text), style="Quote"), piece.language)
        else:
            word.add_paragraph(_clean(piece))
    if item.add:
        from docx.shared import RGBColor

        paragraph = word.add_paragraph()
        mark = paragraph.add_run("UNMET")
        mark.bold, mark.font.color.rgb = True, RGBColor(*_RED)
        paragraph.add_run(_clean(f": {item.add}".replace("`", "")))


def _add_table(word: Any, table: Table) -> None:
    """A table whose first row is marked as its head, so that it is read out and repeated on every page."""
    from docx.oxml import OxmlElement

    word.add_paragraph(_clean(table.caption), style="Caption")
    grid = word.add_table(rows=1, cols=len(table.head), style="Table Grid")
    for cell, text in zip(grid.rows[0].cells, table.head, strict=True):
        cell.paragraphs[0].add_run(_clean(text)).bold = True
    grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001 - python-docx has no name for it
    for row in table.rows:
        for cell, text in zip(grid.add_row().cells, row, strict=True):
            cell.text = _clean(text)
    word.add_paragraph()


def _in_language(paragraph: Any, language: str) -> None:
    """Say in which language a paragraph is, for spelling and for screen readers."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for run in paragraph.runs:
        mark = OxmlElement("w:lang")
        mark.set(qn("w:val"), "en-GB" if language == "en" else language)
        run._r.get_or_add_rPr().append(mark)  # noqa: SLF001 - python-docx has no name for it


def _clean(text: str) -> str:
    return text.translate(_NOT_IN_XML)
