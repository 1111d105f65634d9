"""Words that the checks look for, in English and Welsh, by what is wrong with them.

domain.md §4 bans threat, shame, false scarcity, made-up norms and comparison with people one
knows, and keeps services, needs and addresses out of texts. The lists are ours: they find the
common forms and no more, and docs/words.md shows them. `*` stands for any ending; a word in
capitals is looked for in capitals. Welsh words stand with the mutations they are met in.
"""

from __future__ import annotations

import re
from functools import lru_cache

TONE = ("threat", "shame", "scarcity", "norm", "comparison")
PRIVATE = ("service", "need", "address")
ALLOWABLE = (*TONE, *PRIVATE, "reading_age", "long_sentence")
"""Kinds of finding that a template's head may allow, with who agreed to it."""

LEXICON: dict[str, dict[str, tuple[str, ...]]] = {
    "threat": {
        "en": (
            "fine of", "you will be fined", "may be fined", "could be fined", "penalty", "penalties", "prosecut*",
            "legal action", "court action", "taken to court", "final warning", "last warning", "final notice",
            "enforcement", "sanction*", "or else", "failure to", "if you fail to", "we will report", "be reported",
            "lose your benefit*", "lose your place", "taken into care", "consequences",
        ),
        "cy": (
            "dirwy*", "ddirwy*", "nirwy*", "cosb*", "gosb*", "chosb*", "erlyn*", "achos llys", "camau cyfreithiol",
            "gamau cyfreithiol", "chamau cyfreithiol", "rhybudd olaf", "rybudd olaf", "gorfodaeth", "orfodaeth",
            "neu fel arall", "os methwch", "canlyniadau", "ganlyniadau", "colli eich lle", "golli eich lle",
        ),
    },
    "shame": {
        "en": (
            "bad parent*", "good parent*", "responsible parent*", "irresponsible", "your fault", "ashamed", "shame on",
            "disappointed", "let us down", "let down", "letting down", "you failed", "you have failed",
            "you still have not", "you still haven't", "you did not bother", "wasted", "wasting", "waste of",
            "neglect*", "lazy", "careless", "do you care", "don't you care", "no excuse",
        ),
        "cy": (
            "rhiant gwael", "rhieni gwael", "rhiant da", "rhieni da", "anghyfrifol", "eich bai", "cywilydd*",
            "gywilydd*", "siomedig", "wedi ein siomi", "rydych wedi methu", "gwastraff*", "wastraff*", "esgeulus*",
            "diog", "ddiog", "dim esgus",
        ),
    },
    "scarcity": {
        "en": (
            "last chance", "final chance", "hurry", "act now", "act fast", "act today", "too late", "running out",
            "while places last", "miss out", "going fast", "filling up fast", "limited time", "limited places",
            "places are limited", "only a few", "only # left", "# places left", "today only", "urgent*",
        ),
        "cy": (
            "cyfle olaf", "gyfle olaf", "chyfle olaf", "brysiwch", "frysiwch", "gweithredwch nawr", "rhy hwyr",
            "yn brin", "lleoedd cyfyngedig", "llefydd cyfyngedig", "nifer cyfyngedig", "peidiwch â cholli",
            "dim ond #", "heddiw yn unig", "ar frys",
        ),
    },
    "norm": {
        "en": (
            "most families", "most parents", "most people", "most children", "nearly all", "nearly everyone",
            "everyone else", "majority of", "# in #", "# out of #", "#% of",
        ),
        "cy": ("y rhan fwyaf o", "mwyafrif*", "fwyafrif*", "bron pawb", "pawb arall", "# o bob #", "# allan o #"),
    },
    "comparison": {
        "en": (
            "your neighbours", "in your street", "in your child's class", "people you know", "than other parents",
            "than other families", "compared with other*", "compared to other*", "unlike other*",
        ),
        "cy": (
            "eich cymdogion", "yn eich stryd", "na rhieni eraill", "na theuluoedd eraill", "o gymharu â",
            "yn wahanol i rieni", "yn wahanol i deuluoedd",
        ),
    },
    "service": {
        "en": (
            "social work*", "social services", "social care", "children's services", "children's centre*",
            "family centre*", "family support", "family hub*", "early help", "safeguarding", "child protection",
            "health visitor*", "school nurse*", "camhs", "mental health team", "foster*", "adoption", "youth offending",
            "youth justice", "parenting programme*", "parenting course*", "parenting class*", "women's aid",
            "drug and alcohol", "educational psycholog*", "education welfare", "food bank*", "jobcentre",
            "two-year review", "two year review",
        ),
        "cy": (
            "gwasanaethau cymdeithasol", "wasanaethau cymdeithasol", "gofal cymdeithasol", "ofal cymdeithasol",
            "gweithiwr cymdeithasol", "weithiwr cymdeithasol", "gwasanaethau plant", "wasanaethau plant",
            "cymorth cynnar", "gymorth cynnar", "diogelu", "ddiogelu", "amddiffyn plant", "ymwelydd iechyd",
            "ymwelwyr iechyd", "nyrs ysgol", "maethu", "faethu", "mabwysiadu", "fabwysiadu", "dechrau'n deg",
            "cymorth i deuluoedd", "cymorth i fenywod", "banc bwyd",
        ),
    },
    "need": {
        "en": (
            "autis*", "ADHD", "SEND", "SEN", "EHC*", "special educational needs", "special needs", "disab*",
            "mental health", "depress*", "anxiety", "self-harm*", "eating disorder*", "abuse", "violence", "refuge",
            "addict*", "alcohol", "drugs", "pregnan*", "benefits", "universal credit", "free school meal*", "debt*",
            "homeless*", "asylum", "immigration", "truan*", "counselling", "therapy", "diagnos*",
            "speech and language", "bereave*", "in care",
        ),
        "cy": (
            "awtist*", "ADHD", "ADY", "anghenion dysgu", "anghenion addysgol", "anabl*", "iechyd meddwl", "iselder",
            "gorbryder", "hunan-niweid*", "cam-drin*", "gam-drin*", "trais", "drais", "lloches", "caethiwed",
            "gaethiwed", "alcohol", "cyffuriau", "gyffuriau", "beichiog*", "feichiog*", "budd-dal*", "fudd-dal*",
            "credyd cynhwysol", "gredyd cynhwysol", "prydau ysgol am ddim", "dyled*", "ddyled*", "digartref*",
            "ddigartref*", "cwnsela", "gwnsela", "therapi", "mewn gofal",
        ),
    },
}  # fmt: skip
"""Kind → language → phrases; `#` stands for a number."""

_POSTCODE = r"[A-Z]{1,2}[0-9][A-Z0-9]?\s?[0-9][A-Z]{2}"
_STREET = {
    "en": r"[0-9]{1,4}[a-z]?,?\s(?:\w+\s){1,3}(?:road|street|lane|avenue|close|drive|way|crescent|terrace|court)",
    "cy": r"[0-9]{1,4}[a-z]?,?\s(?:heol|ffordd|stryd|lôn|rhodfa|clos|maes|teras)\s\w+",
}
STOP = {
    "en": r"\b(?:stop|stops|opt out|opt-out|unsubscribe)\b",
    "cy": r"\b(?:stop|stopio|atal|diweddu|ddiweddu|rhoi'r gorau|dad-?danysgrifio)\b",
}
"""How words in a language name a way to stop."""
VAGUE = frozenset({
    "here", "click here", "this", "this link", "link", "more", "read more", "yma", "cliciwch yma", "y ddolen hon",
    "dolen", "mwy", "darllen mwy",
})  # fmt: skip
"""Link text that says nothing by itself (WCAG 2.2, 2.4.4 and 2.4.9)."""
SHORTENERS = frozenset({
    "bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "cutt.ly", "rb.gy", "shorturl.at", "tiny.cc",
    "buff.ly", "rebrand.ly", "lnkd.in",
})  # fmt: skip
"""Addresses that hide where they lead."""


@lru_cache(maxsize=64)
def pattern(kind: str, language: str) -> re.Pattern[str] | None:
    """What finds words of a kind in a language; None where there is no list."""
    phrases = LEXICON.get(kind, {}).get(language)
    if kind == "address" and language in _STREET:
        return re.compile(rf"\b(?:(?-i:{_POSTCODE})|{_STREET[language]})\b", re.IGNORECASE)
    if phrases is None:
        return None
    return re.compile(rf"(?<![\w-])(?:{'|'.join(_expression(one) for one in phrases)})(?![\w-])", re.IGNORECASE)


def _expression(phrase: str) -> str:
    found = re.escape(phrase).replace(r"\*", r"\w*").replace(r"\#", r"\d+").replace("\\ ", r"\s+")
    return f"(?-i:{found})" if phrase.rstrip("*").isupper() else found


@lru_cache(maxsize=8)
def way_to_stop(language: str) -> re.Pattern[str]:
    """What finds a way to stop; in other languages the word that every channel understands."""
    return re.compile(STOP.get(language, r"\bSTOP\b"), re.IGNORECASE if language in STOP else 0)
