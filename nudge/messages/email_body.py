"""An email's HTML and text from one source.

The source is the template's body with its values set in and kept apart (`guard`). Its markup:
`# heading` and `## heading`, `- item`, `1. step`, `[words](https://…)`, an address by itself,
a blank line between paragraphs. Everything else is text, in both parts.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from nudge.messages.guard import unguarded

if TYPE_CHECKING:
    from re import Match

    from css_inline import CSSInliner

_TARGET = r"(?:https://|mailto:|tel:)[^\s()<>\"]+"
_LINK = re.compile(rf"\[([^\[\]\n]+)\]\(({_TARGET})\)|(https://[^\s()<>\"]*[^\s()<>\".,;:!?])")
_HEADING = re.compile(r"(#{1,2})[ ]+(\S.*)")
_ITEM = re.compile(r"-[ ]+(\S.*)")
_STEP = re.compile(r"\d{1,2}\.[ ]+(\S.*)")
RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})

# Large enough to read on a phone, dark on light at 7:1 or more (WCAG 2.2, 1.4.6), one column.
_STYLE = """
body { margin: 0; padding: 0; background: #ffffff; }
main { display: block; max-width: 580px; margin: 0 auto; padding: 16px; color: #0b0c0c;
  font-family: Arial, Helvetica, sans-serif; font-size: 19px; line-height: 1.5; }
h1 { font-size: 27px; line-height: 1.2; margin: 0 0 20px; }
h2 { font-size: 24px; line-height: 1.25; margin: 24px 0 12px; }
h3 { font-size: 19px; line-height: 1.3; margin: 20px 0 8px; }
p { margin: 0 0 20px; }
ul, ol { margin: 0 0 20px; padding: 0 0 0 24px; }
li { margin: 0 0 6px; }
a { color: #144e81; text-decoration: underline; }
"""


def text_part(source: str) -> str:
    """The plain text: links with their address behind them, headings as lines."""
    lines = (heading[2] if (heading := _HEADING.fullmatch(line)) else line for line in source.split("\n"))
    return unguarded(_LINK.sub(_spelt_out, "\n".join(lines)))


def _spelt_out(found: Match[str]) -> str:
    if found[3]:
        return found[3]
    target = re.sub(r"^(?:mailto|tel):", "", found[2])
    return found[1] if found[1] == target else f"{found[1]}: {target}"


def html_part(source: str, subject: str, language: str) -> str:
    """The whole HTML document, its styles inlined. subject: the heading a reader begins with."""
    blocks = "\n".join(_block(block) for block in re.split(r"\n[ \t]*\n", source) if block.strip())
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    heading = escape(subject)
    return _inliner().inline(
        f'<!DOCTYPE html>\n<html lang="{language}" dir="{direction}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{heading}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        # Mail readers may drop <html>, so language and direction stand here again.
        f'<main lang="{language}" dir="{direction}">\n<h1>{heading}</h1>\n{blocks}\n</main>\n</body>\n</html>\n'
    )


@lru_cache(maxsize=1)
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    return CSSInliner(load_remote_stylesheets=False)


def _block(block: str) -> str:
    """One block between blank lines: headings first, then a list or a paragraph; each run of lines by its kind."""
    made: list[str] = []
    run: list[str] = []
    kind = ""
    for line in block.strip("\n").split("\n"):
        found, words = _kind(line)
        if found != kind or found.startswith("h"):
            made += _closed(kind, run)
            kind, run = found, []
        run.append(words)
    return "\n".join([*made, *_closed(kind, run)])


def _kind(line: str) -> tuple[str, str]:
    """The element a line belongs to, and its words."""
    if heading := _HEADING.fullmatch(line.strip()):
        return f"h{len(heading[1]) + 1}", heading[2]
    for kind, pattern in (("ul", _ITEM), ("ol", _STEP)):
        if found := pattern.fullmatch(line.strip()):
            return kind, found[1]
    return "p", line


def _closed(kind: str, run: list[str]) -> list[str]:
    """The element of a finished run of lines; none before the first."""
    lines = [_inline(line) for line in run]
    if not lines:
        return []
    if kind in {"ul", "ol"}:
        return [f"<{kind}>{''.join(f'<li>{line}</li>' for line in lines)}</{kind}>"]
    return [f"<{kind}>{'<br>'.join(lines)}</{kind}>"]


def _inline(line: str) -> str:
    """A line with its links, and everything else escaped."""
    made, end = "", 0
    for found in _LINK.finditer(line):
        target, words = (found[3], found[3]) if found[3] else (found[2], found[1])
        made += f'{_text(line[end : found.start()])}<a href="{_text(target)}">{_text(words)}</a>'
        end = found.end()
    return made + _text(line[end:])


def _text(piece: str) -> str:
    return escape(unguarded(piece))
