"""The protocol: every item of SPIRIT 2025 once, filled from the file or marked with what to add."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from nudge.report.protocol.content import Document, Table, Words, protocol_content
from nudge.report.protocol.page import protocol_page
from nudge.report.protocol.registration import NAMES, registration_fields, registration_text
from nudge.report.protocol.spirit import SECTIONS
from nudge.report.protocol.word import write_word
from nudge.trial.model import Trial
from nudge.trial.records.protocol import ProtocolFacts, ScheduleRow
from nudge.trial.records.report import ArmSummary, MessageSummary
from tests.support.trials import trial_values

# Chan et al. 2025, PLOS Medicine e1004589, table 1: 34 items, of which these come in lettered parts.
LETTERED = {1: 2, 3: 4, 7: 2, 9: 2, 14: 2, 15: 4, 21: 2, 24: 3, 25: 2, 27: 4, 28: 2, 32: 2}
NUMBERS = [
    f"{item}{letter}" for item in range(1, 35) for letter in ("abcd"[: LETTERED[item]] if item in LETTERED else [""])
]
NASTY = 'Tŷ <b>"Ann" & Bob</b>\n\n{{ visit }} <script>alert(1)</script> \x07 | * `x`'
MESSAGE = MessageSummary("visit", "sms", "cy", "Council <x>", "", NASTY, "7 days before visit at 10:00")
FACTS = ProtocolFacts(
    label="draft", said="This is a draft.", made_at="2026-11-22", version="0",
    arms=(ArmSummary("usual", control=True, receives="the usual letter", mechanism=(), messages=()),
          ArmSummary("reminder", control=False, receives="", mechanism=("reminder",), messages=(MESSAGE,))),
    schedule=(ScheduleRow("Enrolment and draw of the arms", "all", "at allocation"),
              ScheduleRow("Message: visit", "reminder", "7 days before visit at 10:00", "2027-01-18", "2027-01-19"),
              ScheduleRow("Outcome: came", "all", "28 days from first_planned_send closes")),
    prior="about nothing",
)  # fmt: skip
LOCKED = replace(
    FACTS, label="locked", fingerprint="f" * 64, seed_commitment="c" * 64, locked_at="2026-11-20", locked_by="tester",
    assessed=42, units=40, people=41, allocated={"usual": 20, "reminder": 20},
    decisions={"reminder - usual": {"estimator": "block_weighted", "vcov": "HC2", "because": "blocks of two arms"}},
)  # fmt: skip
ROLES = ("sponsor", "lead", "evaluator", "contributors", "contact", "sponsor_role", "oversight")
PLAIN = (
    "registration", "access", "data_sharing", "funding", "conflicts", "dissemination", "background", "comparator",
    "objectives", "locations", "sites", "concomitant_care", "harms_monitoring", "data_monitoring", "monitoring",
    "amendments", "consent", "ancillary", "confidentiality", "aftercare", "keywords",
)  # fmt: skip
TEXTS = {
    "version": "1.0", "dated": "2026-11-22", "starts": "2027-01-01", "ends": "2027-06-01",
    "roles": {key: f"the {key}" for key in ROLES},
    "blinding": {"who": "analysts", "how": "arms are coded", "unblinding": "after the lock of the data"},
    **{key: f"Words on {key}." for key in PLAIN},
}  # fmt: skip


def bare(**changes: Any) -> Trial:
    return Trial.model_validate(trial_values(**changes))


def complete() -> Trial:
    values = trial_values(
        theory_of_change="Families forget.", protocol=TEXTS, ethics={"reference": "REC 1", "decided": "approved"},
        power={"baseline": "62%", "units": "40"}, stopping={"opt_out": {"limit": "2%", "after": "200 sends"}},
    )  # fmt: skip
    values["population"]["eligible"] = "visit is not missing"
    harm = values["outcomes"]["came"] | {"role": "harm", "better": "lower", "margin": "0.5 points", "question": "Hurt?"}
    del harm["worthwhile"]
    values["outcomes"]["complaint"] = harm
    return Trial.model_validate(values)


def content(trial: Trial, facts: ProtocolFacts = FACTS) -> Document:
    return protocol_content(trial, facts)


def unmet(document: Document) -> set[str]:
    return {item.number for item in document.unmet}


class Page(HTMLParser):
    """A page's headings, texts of <pre>, and tables' heads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[tuple[str, str]] = []
        self.pre: list[str] = []
        self.scopes: list[str | None] = []
        self.outside: list[str] = []
        self.tags: list[str] = []
        self._open: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.outside += [
            str(given[key]) for key in ("src", "href") if key in given and not str(given[key]).startswith("#")
        ]
        if tag == "th":
            self.scopes.append(given.get("scope"))
        if tag in {"h1", "h2", "h3"}:
            self.headings.append((tag, ""))
            self._open = tag
        if tag == "pre":
            self.pre.append("")
            self._open = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open == "pre":
            self.pre[-1] += data
        elif self._open:
            self.headings[-1] = (self.headings[-1][0], self.headings[-1][1] + data)


@pytest.fixture(scope="module")
def word(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("word") / "small.docx"
    write_word(content(complete(), LOCKED), path)
    return docx.Document(str(path))


def test_the_items_are_those_of_the_published_checklist() -> None:
    assert [topic.number for _, topics in SECTIONS for topic in topics] == NUMBERS
    assert len(NUMBERS) == 53
    assert all(topic.topic and topic.add for _, topics in SECTIONS for topic in topics)


@pytest.mark.parametrize(("trial", "facts"), [(bare(), FACTS), (complete(), LOCKED)], ids=["bare", "complete"])
def test_every_item_stands_once_in_the_page(trial: Trial, facts: ProtocolFacts) -> None:
    page = Page(protocol_page(content(trial, facts)))
    assert [text.split()[0] for tag, text in page.headings if tag == "h3"] == NUMBERS
    assert page.outside == [], "a protocol asks nothing of the network"
    assert "script" not in page.tags


def test_every_item_stands_once_in_the_word_document(word: Any) -> None:
    second = [one.text.split()[0] for one in word.paragraphs if one.style.name == "Heading 2"]
    assert second == NUMBERS
    first = [one.text for one in word.paragraphs if one.style.name == "Heading 1"]
    assert first == ["What is still unmet", *(title for title, _ in SECTIONS)]
    assert [one.text for one in word.paragraphs if one.style.name == "Title"] == ["A small trial"]


def test_tables_have_heads_that_can_be_read_out(word: Any) -> None:
    assert len(word.tables) >= 6
    for table in word.tables:
        properties = table.rows[0]._tr.trPr
        assert properties is not None
        assert properties.find(qn("w:tblHeader")) is not None
        assert all(cell.text for cell in table.rows[0].cells)
    page = Page(protocol_page(content(complete(), LOCKED)))
    assert set(page.scopes) == {"col", "row"}


def test_words_stand_verbatim_and_do_nothing(word: Any) -> None:
    page = protocol_page(content(bare()))
    assert Page(page).pre == [NASTY]
    assert "<script>" not in page
    assert '<pre lang="cy">' in page
    quoted = [one for one in word.paragraphs if one.style.name == "Quote"]
    assert [one.text for one in quoted] == [NASTY.replace("\x07", "")], "XML has no place for a bell"
    assert quoted[0].runs[0]._r.rPr.find(qn("w:lang")).get(qn("w:val")) == "cy"


def test_a_bare_file_lists_what_it_does_not_say() -> None:
    assert unmet(content(bare())) == {
        "1b", "2", "3a", "3b", "3c", "3d", "4", "5", "6", "7a", "7b", "8", "9a", "9b", "10", "13", "14a", "14b", "15d",
        "17", "19", "22", "23", "24a", "24b", "24c", "28a", "28b", "29", "30", "31", "32a", "32b", "33", "34",
    }  # fmt: skip


def test_a_file_that_says_everything_is_complete_once_locked() -> None:
    assert unmet(content(complete())) == {"22", "23"}, "only the lock is wanting"
    document = content(complete(), LOCKED)
    assert document.unmet == ()
    page = protocol_page(document)
    assert "Nothing: every item of SPIRIT 2025 is answered." in page
    assert "UNMET" not in page
    assert "f" * 64 in page
    assert "block weighted" in page


@pytest.mark.parametrize("text", sorted(set(TEXTS) - {"keywords"}))
def test_each_text_of_the_block_is_what_some_item_waits_for(text: str) -> None:
    values = complete().model_dump(mode="json", by_alias=True, exclude_defaults=True)
    del values["protocol"][text]
    without = content(Trial.model_validate(values), LOCKED)
    assert without.unmet, f"nothing asks for {text}"
    said = " ".join(item.add for item in without.unmet)
    assert text in said or unmet(without) == {"1b"}, said


def test_what_only_a_registry_asks_for_is_unmet_there() -> None:
    values = complete().model_dump(mode="json", by_alias=True, exclude_defaults=True)
    del values["protocol"]["roles"]["evaluator"], values["protocol"]["keywords"]
    trial = Trial.model_validate(values)
    fields = registration_fields("aea", trial, LOCKED, content(trial, LOCKED))
    assert {field.name for field in fields if field.add} == {"Other Primary Investigators", "Keywords"}


def test_what_is_wanting_is_said_at_the_item_and_at_the_top() -> None:
    page = protocol_page(content(bare()))
    top, _, rest = page.partition("Contents")
    for number in unmet(content(bare())):
        assert f'href="#item-{number}"' in top
    assert rest.count("<strong>UNMET</strong>") == len(unmet(content(bare())))
    assert "<code>protocol: {funding: …}</code>" in top


def test_the_schedule_has_days_only_where_there_is_a_roll() -> None:
    def head(facts: ProtocolFacts) -> tuple[str, ...]:
        items = {item.number: item for section in content(bare(), facts).sections for item in section.items}
        table = items["18"].pieces[0]
        assert isinstance(table, Table)
        return table.head

    assert head(FACTS) == ("What happens", "Arm", "When", "First", "Last")
    without = tuple(replace(row, first="", last="") for row in FACTS.schedule)
    assert head(replace(FACTS, schedule=without)) == ("What happens", "Arm", "When")


def test_each_arm_has_its_card_and_its_words() -> None:
    items = {item.number: item for section in content(bare()).sections for item in section.items}
    pieces = items["15a"].pieces
    assert [type(piece) for piece in pieces] == [Table, Table, Words]
    card = pieces[1]
    assert isinstance(card, Table)
    assert {row[0]: row[1] for row in card.rows}["When and how much"] == "7 days before visit at 10:00"
    # TIDieR: why, what, who provides, how, when and how much, tailoring, modifications, how well
    assert len(card.rows) == 8


# socialscienceregistry.org/site/version and public records; OSF and AsPredicted as in the R package prereg.
HEADINGS = {
    "aspredicted": ["1. Data collection", "2. Hypothesis", "3. Dependent variable", "4. Conditions", "5. Analyses",
                    "6. Outliers and exclusions", "7. Sample size", "8. Other", "9. Name", "Type of study",
                    "Data source"],
    "osf": ["Title", "Description", "Hypotheses", "Study type", "Blinding", "Study design", "Randomization",
            "Existing data", "Explanation of existing data", "Data collection procedures", "Sample size",
            "Sample size rationale", "Stopping rule", "Manipulated variables", "Measured variables", "Indices",
            "Statistical models", "Transformations", "Inference criteria", "Data exclusion", "Missing data",
            "Exploratory analyses", "Other"],
}  # fmt: skip


@pytest.mark.parametrize("registry", list(NAMES))
def test_a_registration_has_the_registry_s_fields_in_its_order(registry: Any) -> None:
    for trial, facts in ((bare(), FACTS), (complete(), LOCKED)):
        document = content(trial, facts)
        fields = registration_fields(registry, trial, facts, document)
        text = registration_text(registry, document, fields)
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == [field.name for field in fields]
        assert headings == HEADINGS.get(registry, headings)
        for field in fields:
            assert bool(field.text) != bool(field.add), f"{field.name} says something or what to add"
        assert text.count("**UNMET**") == sum(bool(field.add) for field in fields)
        assert document.said in text
    assert not [field.name for field in fields if field.add], "the complete trial answers every field"


def test_a_registration_after_outcomes_were_read_says_so() -> None:
    trial, late = complete(), replace(LOCKED, collected=True)
    first = registration_fields("aspredicted", trial, late, content(trial, late))[0]
    assert first.text.startswith("It is complicated: outcomes have been read already")
    assert registration_fields("aspredicted", trial, LOCKED, content(trial, LOCKED))[0].text.startswith("No:")


def test_every_registry_sample_size_follows_the_ratio(tmp_path: Path) -> None:
    trial = bare(randomise={"method": "blocked", "blocks": ["area"], "ratio": {"usual": 1, "reminder": 3}})
    facts = replace(FACTS, assessed=42, units=40, people=41)
    fields = {field.name: field.text for field in registration_fields("aea", trial, facts, content(trial, facts))}
    assert fields["Sample size (or number of clusters) by treatment arms"] == "usual about 10; reminder about 30"
    assert fields["Intervention Start Date"] == "2027-01-18"
    assert fields["Intervention End Date"] == "2027-01-19"
