"""From the answers of `nudge new` to the text of a commented trial file.

Every answer becomes a scalar of the YAML library, so that no answer can break the file or mean
something else in it (`no`, `10:00`, a colon, a quote); comments are ours alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from nudge.trial import grammar
from nudge.trial.quantities import GrammarError
from nudge.workflow.writing.schema import FIRST_LINE

Entry: TypeAlias = tuple[str, Any, str]
"""A key, its value, and the comment beside it."""

_WIDE = 1_000_000


@dataclass(frozen=True, slots=True)
class Wording:
    """What a draft needs to know of a template: why it works, what it asks for, how it is sent."""

    name: str
    mechanism: tuple[str, ...]
    variables: tuple[str, ...]
    channels: tuple[str, ...]


def words(answer: str) -> list[str]:
    """The parts of an answer that is a list with commas."""
    return [part.strip() for part in answer.split(",") if part.strip()]


def arm_names(templates: Sequence[str]) -> list[str]:
    """An arm for each template, named by its last part."""
    names = ["usual"]
    for template in templates:
        base = template.rpartition("/")[2].replace("-", "_").lower() or "message"
        number = next(i for i in range(1, len(templates) + 2) if _numbered(base, i) not in names)
        names.append(_numbered(base, number))
    return names[1:]


def _numbered(base: str, number: int) -> str:
    return base if number == 1 else f"{base}_{number}"


def anchor_column(send: str) -> str:
    """The date column a send hangs on; empty where it hangs on something else."""
    try:
        anchor = grammar.send_time(send).anchor
    except GrammarError:
        return ""
    return anchor.name if anchor.kind == "column" else ""


def trial_text(name: str, answers: Mapping[str, str], wordings: Mapping[str, Wording]) -> str:
    """The whole file. wordings: the templates there are, by name."""
    parts = [
        FIRST_LINE,
        "# Written by `nudge new` along the nine steps of Test, Learn, Adapt (Cabinet Office 2012). Change what you",
        "# like: `nudge check` says what is wrong, and with --launch what still stands before families are written to.",
        *_block("", _heading(name, answers)),
        "", "# Step 3. Whom or what is drawn. The roll is a CSV file with a row per person.",
        *_block("population", _population(answers, wordings)),
        "", "# Step 6. How messages go out. `outbox` is a folder, until you are ready to send.",
        *_block("", [("channels", {key: "outbox" for key in ("sms", "email") if answers[key]}, "")]),
        "", "# Step 1. What is compared: each arm with what families in it get.",
        *_block("arms", _arms(answers, wordings)),
        "", "# Step 5. How arms are drawn.",
        *_block("", [("randomise", _randomise(answers), "")]),
        "", "# Steps 2 and 7. What counts, when, and where it is recorded.",
        *_block("outcomes", _outcomes(answers)),
        "", "# Steps 2 and 4. What is compared with what, and what the trial should be able to show.",
        *_block("", _plan(answers)),
        "", "# Steps 6 and 8. Who reads replies, the law, the families, and what is done with the answer.",
        *_governance(answers),
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _block(key: str, entries: Sequence[Entry]) -> Iterator[str]:
    """A block of the file, one entry after another, indented under its key."""
    if key:
        yield f"{key}:"
    for name, value, note in entries:
        flow = None if isinstance(value, dict | list) else False  # what holds no block of its own goes on one line
        lines = yaml.safe_dump(
            {name: value}, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=_WIDE
        ).splitlines()
        if note:
            lines[0] += f"  # {note}"
        yield from (f"  {line}" if key else line for line in lines)


def _heading(name: str, answers: Mapping[str, str]) -> list[Entry]:
    entries = [
        ("trial", name, ""), ("title", answers["title"], ""), ("question", answers["question"], ""),
        ("theory_of_change", answers["theory"], ""),
        ("stage", answers["stage"], "step 9: pilot, trial or rollout"),
        ("setting", answers["setting"], "council, school or nhs (nhs needs an ethics decision)"),
        ("timezone", "Europe/London", ""),
    ]  # fmt: skip
    return [entry for entry in entries if entry[1]]


def _population(answers: Mapping[str, str], wordings: Mapping[str, Wording]) -> list[Entry]:
    contact = {key: answers[key] for key in ("sms", "email", "language") if answers[key]}
    prefer = [key for key in ("sms", "email") if answers[key]]
    safe = {key: answers[f"safe_{key}"] for key in prefer if answers[f"safe_{key}"]}
    dated = anchor_column(answers["send"])
    entries = [
        ("people", answers["people"], "relative to this file"),
        ("id", answers["person_id"], "pseudonymous, never a name"),
        ("unit", answers["unit"], "what is drawn; those who share it get the same"),
        ("columns", _columns(answers, wordings), "only these are read: number, date, category, yes_no or text"),
        ("contact", {**contact, "prefer": prefer}, ""),
        ("safe_to_contact", safe, "anything but yes closes the route"),
        ("eligible", f"{dated} is not missing" if dated else "", ""),
        ("exclude", " or ".join(words(answers["exclude"])), "before the draw, blind to arm; a blank excludes too"),
    ]
    return [entry for entry in entries if entry[1]]


def _columns(answers: Mapping[str, str], wordings: Mapping[str, Wording]) -> dict[str, str]:
    chosen = [wordings[name] for name in words(answers["templates"]) if name in wordings]
    columns = {variable: "text" for wording in chosen for variable in wording.variables}
    columns |= dict.fromkeys(words(answers["blocks"]), "category")
    columns |= dict.fromkeys(words(answers["exclude"]), "yes_no")
    dated = anchor_column(answers["send"])
    return columns | ({dated: "date"} if dated else {})


def _arms(answers: Mapping[str, str], wordings: Mapping[str, Wording]) -> list[Entry]:
    usual: dict[str, Any] = {"control": True}
    entries: list[Entry] = [("usual", usual | ({"receives": answers["usual"]} if answers["usual"] else {}), "")]
    templates = words(answers["templates"])
    for arm, template in zip(arm_names(templates), templates, strict=True):
        mechanism = list(wordings[template].mechanism) if template in wordings else []
        spec: dict[str, Any] = {"mechanism": mechanism} if mechanism else {}
        entries.append((arm, {**spec, "messages": [{"template": template, "send": answers["send"]}]}, ""))
    return entries


def _randomise(answers: Mapping[str, str]) -> dict[str, Any]:
    arms = ["usual", *arm_names(words(answers["templates"]))]
    blocks = {"blocks": words(answers["blocks"])} if answers["blocks"] else {}
    return {"method": answers["method"], **blocks, "ratio": dict.fromkeys(arms, 1)}


def _outcomes(answers: Mapping[str, str]) -> list[Entry]:
    silence = {"no_record": "did_not_happen", "covers": answers["covers"]} if answers["covers"] else {
        "no_record": "missing"
    }  # fmt: skip

    def source(file: str) -> dict[str, str]:
        found = {"csv_file": file, "id": answers["person_id"], "date": answers["records_date"], "value": "present"}
        return {key: value for key, value in (found | silence).items() if value}

    main = {
        "role": "primary", "kind": "binary", "better": "higher", "question": answers["outcome_question"],
        "source": source(answers["records"]), "window": answers["window"], "worthwhile": answers["worthwhile"],
    }  # fmt: skip
    entries: list[Entry] = [(answers["outcome"], {key: value for key, value in main.items() if value}, "")]
    if answers["harm"]:
        harm = {
            "role": "harm", "kind": "binary", "better": "lower", "source": source(answers["harm_records"]),
            "window": answers["window"], "margin": "0.5 points",
        }  # fmt: skip
        entries.append((answers["harm"], {key: value for key, value in harm.items() if value}, "a harm to watch for"))
    if answers["distal"]:
        far = {
            "role": "distal", "kind": "binary", "better": "higher", "expected": answers["distal_expected"],
            "question": answers["distal"],
        }  # fmt: skip
        entries.append(("later", {key: value for key, value in far.items() if value}, "what it should lead to"))
    return entries


def _plan(answers: Mapping[str, str]) -> list[Entry]:
    arms = arm_names(words(answers["templates"]))
    units = int(answers["units"]) if answers["units"].isdecimal() else answers["units"]
    power = {"baseline": answers["baseline"], "power": "80%", "alpha": "5%", "units": units,
             "prior": answers["prior"]}  # fmt: skip
    return [
        ("analysis", {"comparisons": [f"{arm} - usual" for arm in arms], "multiplicity": "holm"}, ""),
        ("power", {key: value for key, value in power.items() if value}, ""),
    ]


def _governance(answers: Mapping[str, str]) -> Iterator[str]:
    """Blocks that a launch needs; what was not answered stands as a comment to fill in."""
    blocks: tuple[tuple[str, Any, str], ...] = (
        ("safeguarding", {"replies_to": answers["duty_team"], "hours": answers["duty_hours"],
                          "escalate_within": answers["escalate"]} if answers["duty_team"] else None,
         "{replies_to: TEAM, hours: Mon-Fri 09:00-17:00, escalate_within: 4 hours}"),
        ("data_protection", {"basis": answers["basis"], "message_class": answers["message_class"],
                             "function": answers["function"], "retention": answers["retention"]}
         if answers["basis"] else None,
         "{basis: public_task, message_class: public_task, function: THE ACT, dpia: NUMBER, retention: 12 months}"),
        ("coproduction", answers["coproduction"] or None, "WHICH FAMILIES SAW THE WORDS, AND WHAT CHANGED"),
        ("decision", {"owner": answers["owner"], "by": answers["decide_by"], "rule": answers["rule"]}
         if answers["owner"] else None, "{owner: WHO, by: 2030-01-31, rule: adopt the better arm if worthwhile}"),
    )  # fmt: skip
    for key, value, _ in blocks:
        if value is not None:
            kept = {name: one for name, one in value.items() if one} if isinstance(value, dict) else value
            yield from _block("", [(key, kept, "")])
    left = [f"# {key}: {example}" for key, value, example in blocks if value is None]
    if left:
        yield "# These are wanted before launch: take out the # and put your own words for those in capitals."
        yield from left
