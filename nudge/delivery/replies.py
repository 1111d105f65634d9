"""What a family's answer means: pure, and careful on the side of the family.

A stop word standing on its own, or with courtesies around it, stops. A stop word inside
another sentence decides nothing: a person reads it, first. Whatever is more than a bare
word is read by a person, also where it was understood.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class Meaning(enum.StrEnum):
    """What an answer asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    KEYWORD = "keyword"
    """One of the trial's own words."""
    OTHER = "other"


class Priority(enum.IntEnum):
    """How soon a person reads it."""

    USUAL = 0
    RAISED = 1
    """It may ask for an end, or for help."""
    URGENT = 2
    """It holds a safeguarding word."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What an answer means, and whether a person must read it."""

    meaning: Meaning
    keyword: str = ""
    priority: Priority = Priority.USUAL
    to_read: bool = True


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# help.twilio.com, "Twilio support for opt-out keywords"; the Welsh beside them are ours.
STOP_WORDS = _words(
    "stop stopall unsubscribe end quit cancel "
    "stopio stopiwch stopiwchbopeth dad-danysgrifio datdanysgrifio diwedd gorffen canslo peidiwch"
)
START_WORDS = _words("start unstop dechrau dechreuwch cychwyn")
HELP_WORDS = _words("help info cymorth helpu")
RESERVED_WORDS = STOP_WORDS | START_WORDS | HELP_WORDS

# Words that change nothing of what is asked.
_COURTESIES = _words(
    "please pls plz thank thanks thankyou thx ta cheers you u hi hello hiya dear sorry now "
    "diolch plis os gwelwch yn dda helo"
)
# What may follow a stop verb without making it about something else.
_STOP_VERBS = _words("stop stopio stopiwch peidiwch")
_OBJECTS = _words(
    "me us it these those them all any more texting messaging sending contacting texts text messages message msgs "
    "msg the \u00e2 ag anfon negeseuon neges tecstio ataf ata"
)

# Words that put an answer before the others. Listed, not understood: a person reads every one.
SAFEGUARDING = (
    "999", "abuse", "abused", "abusing", "afraid", "ambulance", "attack", "bleeding", "bruise", "die", "dying",
    "emergency", "evicted", "frightened", "harm", "hit", "hits", "hitting", "homeless", "hungry", "hurt", "hurting",
    "kill", "kicked out", "no food", "not breathing", "not safe", "overdose", "police", "punch", "rape", "raped",
    "scared", "self-harm", "starving", "suicidal", "suicide", "threat", "threatened", "unsafe", "violence",
    "violent", "weapon", "knife",
    "ambiwlans", "anafu", "anniogel", "argyfwng", "brifo", "camdrin", "curo", "heb fwyd", "heddlu", "hunanladdiad",
    "lladd", "marw", "ofn", "trais", "treisgar", "taro",
)  # fmt: skip
_SAFEGUARDING = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, SAFEGUARDING)) + r")(?!\w)")
_SENTENCES = re.compile(r"[.!?;,\n\r]+|\s[-\u2013\u2014]\s")
_WORDS = re.compile(r"[\w'\u2019-]+")


def understood(text: str, keywords: Mapping[str, Sequence[str]] | None = None) -> Understood:
    """What an answer means. keywords: the trial's own, a name with the words that say it."""
    told = text.casefold().replace("\u2019", "'")
    sentences = [words for part in _SENTENCES.split(told) if (words := _WORDS.findall(part))]
    cores = [core for words in sentences if (core := [word for word in words if word not in _COURTESIES])]
    urgent = _SAFEGUARDING.search(told) is not None
    meaning, keyword = _meaning(cores, keywords or {})
    mentions = any(word in RESERVED_WORDS for words in sentences for word in words)
    if urgent:
        priority = Priority.URGENT
    elif meaning is Meaning.HELP or (meaning is Meaning.OTHER and mentions):
        priority = Priority.RAISED
    else:
        priority = Priority.USUAL
    bare = len(cores) == 1 and meaning in {Meaning.STOP, Meaning.START, Meaning.KEYWORD}
    return Understood(meaning, keyword, priority, to_read=urgent or not bare)


def _meaning(cores: list[list[str]], keywords: Mapping[str, Sequence[str]]) -> tuple[Meaning, str]:
    """A stop in any sentence wins: to stop too much can be undone, to go on cannot."""
    if any(_stops(core) for core in cores):
        return Meaning.STOP, ""
    if len(cores) != 1:
        return Meaning.OTHER, ""
    said = " ".join(cores[0])
    if said in START_WORDS:
        return Meaning.START, ""
    if said in HELP_WORDS:
        return Meaning.HELP, ""
    named = {name for name, words in keywords.items() if said in {word.casefold() for word in words}}
    return (Meaning.KEYWORD, named.pop()) if len(named) == 1 else (Meaning.OTHER, "")


def _stops(core: list[str]) -> bool:
    if len(core) == 1:
        return core[0] in STOP_WORDS
    rest = core[1:] if core[0] != "to" else core[2:]
    return core[0] in _STOP_VERBS and all(word in _OBJECTS for word in rest)
