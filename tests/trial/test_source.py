"""YAML as it is read: text stays text, and every key and character can be pointed at."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nudge.trial.problems import Level, Problems
from nudge.trial.source import Plain, Source, dotted, parse_yaml, read_yaml
from tests.trial.samples import place


def read(text: str) -> tuple[Plain, list[str]]:
    problems = Problems()
    source = parse_yaml(text, Source("f.yaml"), problems)
    return source.values, [str(problem) for problem in problems]


@pytest.mark.parametrize("written", ["no", "yes", "10:00", "007", "1e3", "0x10", "2027-01-11", "1_000", "off", ".5"])
def test_a_plain_word_stays_the_text_that_was_written(written: str) -> None:
    assert read(f"key: {written}\n") == ({"key": written}, [])


@pytest.mark.parametrize("written", ["", "~", "null", "Null", "NULL"])
def test_yamls_own_ways_to_write_nothing_are_nothing(written: str) -> None:
    assert read(f"key: {written}\n") == ({"key": None}, [])


@pytest.mark.parametrize("written", ['""', "''", "'null'", '"~"'])
def test_in_quotes_they_are_text(written: str) -> None:
    assert read(f"key: {written}\n") == ({"key": written[1:-1]}, [])


def test_lists_and_blocks_nest_in_either_style() -> None:
    block = "a:\n  b:\n    - x\n    - {c: y}\n"
    flow = "{a: {b: [x, {c: y}]}}\n"
    assert read(block) == read(flow) == ({"a": {"b": ["x", {"c": "y"}]}}, [])


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("\ufeffa: x\r\nb: y\r\n".encode())
    problems = Problems()
    source = read_yaml(path, problems)
    assert source.values == {"a": "x", "b": "y"}
    assert source.place(("b",)) == (2, 1)
    assert not len(problems)


SYNTAX = {
    "a colon in a text": (
        "title: Texts: a trial\n",
        "f.yaml:1:13: a second `: ` stands in this line; put quotes round a text with a colon",
    ),
    "a tab": ("a:\n\tb: c\n", "f.yaml:2:1: a tab stands here; indent with spaces"),
    "no colon": ("a: b\njust words\nc: d\n", "f.yaml:3:1: this line is not a key and a value; write `key: value`"),
    "an open quote": ("a: b\nc: 'd\ne: f\n", "f.yaml:2:4: a quote is opened here and not closed; close it"),
    "an open bracket": (
        "a: [b, c\nd: e\n",
        "f.yaml:1:4: a bracket is opened here and not closed, or lacks a comma; look at its end and its commas",
    ),
    "an open brace": (
        "a: {b: c\nd: e\n",
        "f.yaml:1:4: a bracket is opened here and not closed, or lacks a comma; look at its end and its commas",
    ),
    "wrong indentation": (
        "a: b\n  c: d\n",
        "f.yaml:2:4: a second `: ` stands in this line; put quotes round a text with a colon",
    ),
    "a list below a key's value": (
        "a:\n  b: c\n  - d\n",
        "f.yaml:3:3: this line does not follow from the lines above; check the indentation and the quotes",
    ),
    "a NUL": ("a: b\nc: d\0e\n", "f.yaml:2:5: a character stands here that no text has; take it out"),
    "a backslash": (
        'a: "data\\people.csv"\n',
        "f.yaml:1:10: a backslash stands here in double quotes; use single quotes, or write it twice",
    ),
    "an opening bracket": (
        "a: b\nc: [",
        (
            "f.yaml:2:5: is not valid YAML here (expected the node content, but found '<stream end>'); look for a "
            "missing space after a colon, an unclosed quote or bracket, or a text that needs quotes"
        ),
    ),
    "nothing": ("", "f.yaml:1:1: is empty; write lines of `key: value`"),
    "only remarks": ("# nothing yet\n", "f.yaml:1:1: is empty; write lines of `key: value`"),
    "a word": ("nudge\n", "f.yaml:1:1: is not a list of keys and values; write lines of `key: value`"),
    "a list": ("- a\n- b\n", "f.yaml:1:1: is not a list of keys and values; write lines of `key: value`"),
    "two documents": ("a: b\n---\nc: d\n", "f.yaml:3:1: begins a second document; take out the `---` before it"),
    "a list as a key": ("a: b\n? [c]\n: d\n", "f.yaml:2:3: a key must be a word; write `name: value`"),
    "a key twice": (
        "a: b\nc: d\na: e\n",
        "f.yaml:3:1: a: stands twice; it was already given on line 1; keep one of the two",
    ),
    "a key twice inside": (
        "a:\n  b: c\n  b: d\n",
        "f.yaml:3:3: a.b: stands twice; it was already given on line 2; keep one of the two",
    ),
    "too many brackets": (
        "a: " + "[" * 900 + "]" * 900,
        "f.yaml:1:1: has too many brackets inside each other; write it more simply",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), SYNTAX.values(), ids=SYNTAX)
def test_what_cannot_be_read_is_said_in_plain_words_at_its_place(text: str, sentence: str) -> None:
    assert read(text)[1] == [sentence]


SHORTCUT = (
    "the YAML shortcut `x` (an anchor or alias) is not used here; write the words out where they apply "
    "(a text that begins with `*` or `&` needs quotes round it)"
)
TAG = "is not used here; leave it out (a text that begins with `!` needs quotes round it)"


def test_every_anchor_and_alias_is_refused_at_its_place() -> None:
    values, problems = read("a: &x {b: c}\nd: *x\n")
    assert values is None
    assert problems == [f"f.yaml:1:4: {SHORTCUT}", f"f.yaml:2:4: {SHORTCUT}"]


@pytest.mark.parametrize("tag", ["!!str", "!!int", "!!binary", "!!python/object:os.system", "!mine", "!"])
def test_a_tag_is_refused_at_its_place(tag: str) -> None:
    values, problems = read(f"a: b\nc: {tag} d\n")
    assert values is None
    assert problems == [f"f.yaml:2:4: the YAML tag `{tag}` {TAG}"]


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert read("<<: {a: b}\n") == ({"<<": {"a": "b"}}, [])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    problems = Problems()
    assert read_yaml(tmp_path / "none.yaml", problems, "none.yaml").values is None
    assert [str(one) for one in problems] == ["none.yaml: there is no such file; check the name"]


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    problems = Problems()
    read_yaml(tmp_path, problems, "here")
    assert [str(one) for one in problems] == ["here: cannot be read (is a directory); check the name"]


@pytest.mark.parametrize(
    ("content", "at"),
    [("a: b\nprice: café £5\n".encode("cp1252"), "2:11"), ("a: b\n".encode("utf-16"), "1:1")],
    ids=["Windows-1252", "UTF-16"],
)
def test_a_file_that_is_not_utf_8_is_refused_at_its_first_wrong_byte(tmp_path: Path, content: bytes, at: str) -> None:
    (tmp_path / "f.yaml").write_bytes(content)
    problems = Problems()
    assert read_yaml(tmp_path / "f.yaml", problems, "f.yaml").values is None
    assert [str(one) for one in problems] == [f"f.yaml:{at}: is not UTF-8 text here; save the file as UTF-8"]


def test_a_place_that_is_not_in_the_file_is_that_of_what_encloses_it() -> None:
    source = parse_yaml("a:\n  b: {c: d}\n", Source("f.yaml"), Problems())
    assert source.place(("a", "b", "c")) == (2, 7)
    assert source.place(("a", "b", "x", 3)) == (2, 3)
    assert source.place(("z",)) == (1, 1)
    assert Source("never read").place(("a",)) == (1, 1)


def test_lists_count_from_one_in_a_path_as_people_do() -> None:
    assert dotted(("arms", "plan", "messages", 0, "send")) == "arms.plan.messages[1].send"
    assert dotted(()) == ""


STYLES = {
    "plain": "k: aa bb XX cc\n",
    "single quotes": "k: 'aa bb XX cc'\n",
    "single quotes with a quote in them": "k: 'aa == ''b b'' XX'\n",
    "double quotes": 'k: "aa bb XX cc"\n',
    "double quotes with escapes": 'k: "a\\"\\u0174\\x41\\\\ \\t bb\\/ XX"\n',
    "plain over two lines": "k: aa bb\n  cc XX dd\n",
    "double quotes over lines": 'k: "aa \\\n  bb\n\n  XX"\n',
    "folded": "k: >\n  aa bb\n  cc XX dd\n",
    "folded and stripped, with a remark": "k: >- # a remark\n  aa bb\n\n  cc XX\n",
    "literal": "k: |\n  aa bb\n    cc XX dd\n",
    "in a list in braces": "{a: [b, {k: aa XX}]}\n",
    "after letters of two bytes": "k: ŵ 'ŷ' é XX\n",
}


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES)
def test_a_character_of_a_value_is_found_in_the_file_however_it_is_written(text: str) -> None:
    source = parse_yaml(text, Source("f.yaml"), Problems())
    path = next(path for path in source.scalars if path[-1] == "k")
    offset = str(source.scalars[path].value).index("XX")
    problem = source.problem(Level.ERROR, path, "is wrong", offset=offset)
    assert f"{problem.line}:{problem.column}" == place(text, "XX")


def test_just_behind_the_last_character_is_a_place_too() -> None:
    source = parse_yaml("k: 'aa bb'\n", Source("f.yaml"), Problems())
    problem = source.problem(Level.ERROR, ("k",), "ends too soon", offset=5)
    assert (problem.line, problem.column) == (1, 10)


@given(
    words=st.lists(st.text("abŵ'\"\\:#-", min_size=1, max_size=6), min_size=1, max_size=12),
    style=st.sampled_from(["'", '"', ">", "|"]),
    width=st.integers(10, 60),
)
@settings(deadline=None)
def test_any_character_is_found_however_pyyaml_writes_and_folds_the_text(
    words: list[str], style: str, width: int
) -> None:
    value = " ".join([*words, "XX"])
    text = yaml.dump({"k": value}, default_style=style, width=width, allow_unicode=True)
    source = parse_yaml(text, Source("f.yaml"), Problems())
    problem = source.problem(Level.ERROR, ("k",), "is wrong", offset=value.index("XX"))
    lines = text.splitlines()
    assert lines[problem.line - 1][problem.column - 1 :].startswith("XX")


@given(text=st.text(max_size=200))
@settings(deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    values, problems = read(text)
    assert isinstance(values, dict) or problems


@given(st.recursive(st.text(max_size=20), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner)))
@settings(deadline=None)
def test_what_pyyaml_writes_is_read_back(content: Plain) -> None:
    text = yaml.safe_dump({"k": content}, default_style='"', allow_unicode=True)
    assert read(text) == ({"k": content}, [])
