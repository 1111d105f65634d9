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
    WRONG = "wrong recipient"
    """Whoever reads this is not the family it was meant for."""
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
    wrong_recipient: bool = False
    """Also where it asks for an end as well."""


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
# Other ways of asking for the same, said on their own: an objection needs no keyword (UK GDPR, art. 21).
_NOTHING_ELSE = r"(?: (?:me|us|any|more|anymore|again|to|this|number|these|texts?|messages?|msgs?|emails?|reminders?))*"
_ALL_OF_THEM = (
    r"(?:all |any |of |these |those |the |your |my )*(?:texts?|texting|messages?|messaging|msgs?|emails?|reminders?)"
)
_OBJECTION = re.compile(
    rf"(?:do not|don't|dont|never) (?:text|message|contact|send|email|write){_NOTHING_ELSE}"
    r"|(?:unsubscribe|remove)(?: me)?(?: from)?(?: (?:this|these|the|your|all))*"
    r"(?: (?:mailing )?list| texts| messages| emails)?"
    r"|opt(?:-| )?(?:me )?out|leave (?:me|us) alone|take (?:me|us) off(?: (?:this|the|your))?(?: mailing)?(?: list)?"
    rf"|no more(?: {_ALL_OF_THEM})|(?:end|cancel|quit) {_ALL_OF_THEM}"
    r"|dim mwy(?: o negeseuon)?|tynnwch fi(?: oddi ar y rhestr)?"
    r"|peidiwch (?:â|ag) (?:thecstio|tecstio|anfon|chysylltu|cysylltu)(?: (?:mwy|o|negeseuon|â|fi|ataf|eto))*"
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
# Said on its own, somebody else has the number; inside another sentence a person decides.
_WRONG = re.compile(
    r"(?:i think |think |no )*"
    r"(?:you |you've |youve |have |got |this is |it is |it's |its |that's |thats )*(?:the |a )?"
    r"wrong (?:number|no|person|mobile|phone|email|address|family)(?: mate)?"
    r"|(?:no )?(?:(?:that's|thats|this is|it is|it's|its) )?not me|not my (?:child|number|email)"
    r"|(?:mae hwn yn |dyma'r )?(?:rhif|person|cyfeiriad) anghywir|nid fi(?: yw(?: hwn)?)?"
)
_MENTIONS_WRONG = re.compile(r"\bwrong (?:number|person|email|address|family)\b|\banghywir\b")
_SENTENCES = re.compile(r"[.!?;,\n\r]+|\s[-\u2013\u2014]\s")
_WORDS = re.compile(r"[\w'\u2019-]+")


def understood(text: str, keywords: Mapping[str, Sequence[str]] | None = None) -> Understood:
    """What an answer means. keywords: the trial's own, a name with the words that say it."""
    told = text.casefold().replace("\u2019", "'")
    sentences = [words for part in _SENTENCES.split(told) if (words := _WORDS.findall(part))]
    cores = [core for part in _SENTENCES.split(told) if (core := _core(part))]
    urgent = _SAFEGUARDING.search(told) is not None
    meaning, keyword = _meaning(cores, keywords or {})
    wrong = any(_WRONG.fullmatch(" ".join(core)) for core in cores)
    mentions = any(word in RESERVED_WORDS for words in sentences for word in words) or _MENTIONS_WRONG.search(told)
    if wrong and meaning is not Meaning.STOP:
        meaning, keyword = Meaning.WRONG, ""
    if urgent:
        priority = Priority.URGENT
    elif wrong or meaning is Meaning.HELP or (meaning is Meaning.OTHER and mentions):
        priority = Priority.RAISED
    else:
        priority = Priority.USUAL
    bare = len(cores) == 1 and meaning in {Meaning.STOP, Meaning.START, Meaning.KEYWORD}
    return Understood(meaning, keyword, priority, to_read=urgent or wrong or not bare, wrong_recipient=wrong)


def misread(word: str) -> str:
    """Why a trial's own word would not be taken for it; empty where it would."""
    said = understood(word, {"own": [word]})
    if said.meaning is Meaning.KEYWORD:
        return "" if said.priority is not Priority.URGENT else "is a safeguarding word, which a person reads first"
    if said.meaning is Meaning.OTHER:
        return "is no answer by itself"
    return f"means `{said.meaning}` in every trial"


def _core(text: str) -> list[str]:
    """The words of a sentence that carry its meaning."""
    return [word for word in _WORDS.findall(text) if word not in _COURTESIES]


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
    named = {name for name, words in keywords.items() if said in {" ".join(_core(word.casefold())) for word in words}}
    return (Meaning.KEYWORD, named.pop()) if len(named) == 1 else (Meaning.OTHER, "")


def _stops(core: list[str]) -> bool:
    if all(word in STOP_WORDS for word in core) or _OBJECTION.fullmatch(" ".join(core)):
        return True
    rest = core[1:] if core[0] != "to" else core[2:]
    return core[0] in _STOP_VERBS and all(word in _OBJECTS for word in rest)
