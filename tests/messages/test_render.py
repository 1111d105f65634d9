"""From a template and one person's columns to words: strict about blanks, deaf to tricks in the data."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nudge.messages.clean import holds_address
from nudge.messages.render import RenderError, render
from nudge.trial.records.messages import Words
from nudge.trial.records.people import Value
from tests.messages.wordings import template

VISIT = date(2027, 1, 11)  # a Monday
BLANK = "fill the blank, exclude such families, or write `{% if COLUMN is defined %}`"


def text(body: str, language: str = "en", **columns: Value) -> str:
    return render(template(body, language=language), columns, "H1").text


def refused(body: str, **columns: Value) -> str:
    with pytest.raises(RenderError) as caught:
        render(template(body), columns, "H1")
    return str(caught.value)


def test_words_name_their_template_sender_subject_and_segments() -> None:
    email = template("Hello {{ name }}\n", subject="For {{ name }}", channel="email")
    made = render(email, {"name": "Ada"}, "H1")
    assert made == Words("visit/email.en", "email", "For Ada", "ElmCouncil", "Hello Ada", 1, made.html)
    assert "Hello Ada</p>" in made.html
    assert render(template("a" * 161), {}, "H1").segments == 2
    assert render(template("a" * 161, channel="email"), {}, "H1").segments == 1


@pytest.mark.parametrize(
    ("language", "day", "words"),
    [
        # the months and weekdays are those of CLDR, as Babel carries it
        ("en", VISIT, "Monday 11 January"),
        ("en", date(2026, 10, 25), "Sunday 25 October"),
        ("cy", VISIT, "Dydd Llun 11 Ionawr"),
        ("cy", date(2026, 12, 2), "Dydd Mercher 2 Rhagfyr"),
        ("cy", date(2027, 3, 28), "Dydd Sul 28 Mawrth"),
        ("pl", VISIT, "Monday 11 January"),
    ],
)
def test_a_day_is_written_as_families_read_it(language: str, day: date, words: str) -> None:
    assert text("on {{ visit }}", language, visit=day) == f"on {words}"


@pytest.mark.parametrize(
    ("number", "words"),
    [(24.0, "24"), (0.0, "0"), (22.5, "22.5"), (1234567.0, "1234567"), (7700900123.0, "7700900123")],
)
def test_a_number_is_written_without_a_needless_point_or_an_exponent(number: float, words: str) -> None:
    assert text("{{ number }}", number=number) == words


def test_a_number_can_be_compared() -> None:
    body = "{{ children }} {% if children > 1 %}children{% else %}child{% endif %}"
    assert text(body, children=2.0) == "2 children"
    assert text(body, children=1.0) == "1 child"


def test_yes_or_no_chooses_words_and_is_none_itself() -> None:
    body = "{% if first_child %}your first{% else %}your next{% endif %} child"
    assert text(body, first_child=True) == "your first child"
    assert text(body, first_child=False) == "your next child"
    assert refused("{{ first_child }}", first_child=True) == (
        "visit/sms.j2: cannot be rendered for unit H1 (a yes or no has no words of its own: "
        "write {% if COLUMN %}…{% endif %}); correct the template"
    )


@pytest.mark.parametrize(
    "body",
    ["{{ name }}", "{{ name|upper }}", "{{ name or 'you' }}", "{% if name %}x{% endif %}", "{{ name ~ '!' }}",
     "{% for letter in name %}{{ letter }}{% endfor %}", "{{ name == 'Ada' }}"],
)  # fmt: skip
def test_a_blank_that_the_words_use_is_an_error_that_names_column_and_unit(body: str) -> None:
    assert refused(body, name=None) == f"visit/sms.j2: cannot be rendered for unit H1 (`name` is blank); {BLANK}"


def test_a_blank_the_words_ask_about_is_no_error() -> None:
    body = "Hello{% if name is defined %} {{ name }}{% endif %}"
    assert text(body, name=None) == "Hello"
    assert text(body, name="Ada") == "Hello Ada"
    assert text("Hello {{ name|default('there') }}", name=None) == "Hello there"


def test_a_blank_in_the_subject_is_an_error_too() -> None:
    with pytest.raises(RenderError, match="`name` is blank"):
        render(template("Hello", subject="For {{ name }}", channel="email"), {"name": None}, "H1")


def test_a_column_that_is_not_there_is_named() -> None:
    assert refused("{{ nmae }}", name="Ada").startswith(
        "visit/sms.j2: cannot be rendered for unit H1 ('nmae' is undefined)"
    )


TRICKS = [
    "{{ name.__class__ }}", "{{ name.__class__.__mro__ }}", "{{ name['__class__'] }}", "{{ name|attr('__class__') }}",
    "{{ '{0.__class__}'.format(name) }}", "{{ ''.__class__.__base__.__subclasses__() }}",
    "{% set x = name.__init__ %}{{ x.__globals__ }}",
]  # fmt: skip


@pytest.mark.parametrize("body", TRICKS)
def test_a_template_cannot_reach_into_python(body: str) -> None:
    assert "is unsafe" in refused(body, name="Ada")


@pytest.mark.parametrize("body", ["{{ self }}", "{{ name.upper }}", "{{ [name] }}", "{{ none }}", "{{ {'a': 1} }}"])
def test_the_innards_of_python_are_no_words(body: str) -> None:
    assert "cannot stand in a message: name a column); correct the template" in refused(body, name="Ada")


@pytest.mark.parametrize("name", ["range", "lipsum", "dict", "cycler", "joiner", "namespace"])
def test_jinjas_own_helpers_are_not_at_hand(name: str) -> None:
    assert f"('{name}' is undefined)" in refused(f"{{{{ {name}() }}}}")


BROKEN = {
    "{{ name + 1 }}": 'can only concatenate str (not "int") to str',
    "{{ 1 / 0 }}": "division by zero",
    "{{ '{a}'.format() }}": "'a'",
    "{{ '%d'|format(name) }}": "%d format: a real number is required, not str",
    "{% include 'other' %}": "no loader for this environment specified",
}


@pytest.mark.parametrize(("body", "said"), BROKEN.items(), ids=BROKEN)
def test_whatever_else_goes_wrong_is_a_sentence_and_no_trace(body: str, said: str) -> None:
    assert refused(body, name="Ada") == (f"visit/sms.j2: cannot be rendered for unit H1 ({said}); correct the template")


NAMES = {
    "braces": ("{{ 7 * 7 }}", "{{ 7 * 7 }}"),
    "a tag": ("{% raw %}{# x #}", "{% raw %}{# x #}"),
    "a header": ("Ada\r\nBcc: all@example.org", "Ada Bcc: all@example.org"),
    "a second message": ("Ada\n.\nMAIL FROM:<x>", "Ada . MAIL FROM:<x>"),
    "separators of lines": ("a\u2028b\u2029c\x85d\x0be", "a b c d e"),
    "control characters": ("A\x00d\x07a\x1b[31m\x7f", "Ada[31m"),
    "marks of direction": ("\u202eAda\u202c \u2066x\u2069\u200f\u200e\u061c", "Ada x"),
    "letters of no width": ("A\u200bd\ufeffa\u00ad\u2060", "Ada"),
    "blanks of all kinds": ("\u00a0Ada\u2003\u3000 Lovelace\t", "Ada Lovelace"),
    "accents": ("Zoë Ŵyn O’Neill-D’Arcy", "Zoë Ŵyn O’Neill-D’Arcy"),
    "Arabic": ("فاطمة", "فاطمة"),
    "a joiner that Persian is spelt with": ("می\u200cخواهم", "می\u200cخواهم"),
    "a joiner of emoji": ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    "markup": ("<b>Ada</b> & co", "<b>Ada</b> & co"),
}


@pytest.mark.parametrize(("name", "words"), NAMES.values(), ids=NAMES)
def test_a_name_is_data_and_forges_nothing(name: str, words: str) -> None:
    email = template("Dear {{ name }},\nhello", subject="For {{ name }}", channel="email")
    made = render(email, {"name": name}, "H1")
    assert made.text == f"Dear {words},\nhello"
    assert made.subject == f"For {words}"


def test_line_breaks_of_the_template_itself_stay_in_the_text_and_leave_the_subject() -> None:
    made = render(template("a\n\nb\n", subject="a\n  {{ name }}\n", channel="email"), {"name": "x"}, "H1")
    assert (made.text, made.subject) == ("a\n\nb", "a x")


@given(st.text(max_size=60))
@settings(deadline=None)
def test_whatever_stands_in_a_column_the_words_around_it_stay_where_they_are(name: str) -> None:
    assume(not holds_address(name))  # such a name is refused: tests/messages/test_email_body.py
    made = render(template("<{{ name }}>", subject="<{{ name }}>", channel="email"), {"name": name}, "H1")
    assert made.text == made.subject
    assert made.text[0] + made.text[-1] == "<>"
    assert len(made.text.splitlines()) == 1
    seen = set(made.text) - {"\u200c", "\u200d"}
    assert not {unicodedata.category(char) for char in seen} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.none() | st.text(max_size=9) | st.booleans() | st.dates()))
@settings(deadline=None)
def test_no_row_gives_anything_but_words_or_a_sentence(columns: dict[str, Value]) -> None:
    with suppress(RenderError):
        render(template("{{ a }} {% if b is defined %}{{ b }}{% endif %}"), columns, "H1")


@given(
    st.lists(st.sampled_from(["{{ a }}", "{{b}}", "{{ c }}", " x\n", "{% raw %}{{ a }}{% endraw %}", "{# y #}", "é"])),
    st.dictionaries(st.sampled_from(["a", "b"]), st.none() | st.text(max_size=9) | st.booleans() | st.dates()),
)  # fmt: skip
@settings(deadline=None)
def test_a_simple_text_is_put_together_as_jinja_would(pieces: list[str], columns: dict[str, Value]) -> None:
    body = "".join(pieces)

    def said(body: str) -> str:
        try:
            return render(template(body), columns, "H1").text
        except RenderError as error:
            return str(error)

    assert said(body) == said(body + "{% if true %}{% endif %}"), "the same words by the long way"
