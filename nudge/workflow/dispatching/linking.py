"""How a trial's words are made: its clock, who counts its segments, and where its links begin."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nudge.messages.links import EXAMPLE_BASE, Manner
from nudge.trial.errors import InputError
from nudge.trial.problems import Level, Problem, listed, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nudge.trial.load import LoadedTrial
    from nudge.trial.model import Trial
    from nudge.trial.records.messages import Template, Words
    from nudge.workflow.desk import Desk

_UNSET = "set it to the address that short links begin with, such as https://go.example.org"


def rehearsed(trial: Trial, base: str) -> Manner:
    """Words as they are made where nothing is sent: identifiers are examples, as long as real ones."""
    return Manner(trial.timezone, trial.channels.get("sms", ""), _checked(base) or EXAMPLE_BASE)


def as_sent(trial: Trial, desk: Desk) -> Manner:
    """Words as they are sent, each link with an identifier that only our keys could have made."""
    return Manner(
        trial.timezone, trial.channels.get("sms", ""), _checked(desk.settings.link_base_url),
        lambda reference, name: desk.vault.identifier(f"{reference}\0{name}"),
    )  # fmt: skip


def _checked(base: str) -> str:
    """A base as the settings give it. Raises InputError where it is no https address."""
    if base:
        parts = urlsplit(base)
        if parts.scheme != "https" or not parts.netloc or parts.query or parts.fragment:
            raise InputError(f"NUDGE_LINK_BASE_URL is `{base}`, which is no address for links", _UNSET)
    return base


def link_path(base: str) -> str | None:
    """The path that short addresses lie below, without a slash at its end; None where no base is set."""
    return urlsplit(_checked(base)).path.rstrip("/") if base else None


def sent_links(trial: Trial, words: Words) -> tuple[tuple[str, str, str], ...]:
    """Each link of a message: its identifier, its name, and where it leads by the lock in force."""
    return tuple((identifier, name, trial.links[name]) for name, identifier in words.links.items())


def link_problems(loaded: LoadedTrial, templates: Sequence[Template], base: str) -> Iterator[Problem]:
    """Links that lead nowhere, targets that nothing leads to, and no address to begin with."""
    trial, source = loaded.trial, loaded.source
    used = {name for template in templates for name in template.targets}
    for template in templates:
        for name, line in template.targets.items():
            if name not in trial.links:
                yield _undeclared(template, name, line, list(trial.links))
    for name in trial.links:
        if name not in used and not trial.run_elsewhere:
            yield source.problem(
                Level.ADVICE, ("links", name), "is declared, and no template links to it",
                f"write {{{{ link('{name}') }}}} in one, or leave it out",
            )  # fmt: skip
    if used and not base:
        path = ("links",) if trial.links else ()
        yield source.problem(
            Level.LAUNCH, path, f"the words link to {listed(sorted(used))}, and NUDGE_LINK_BASE_URL is not set", _UNSET
        )


def _undeclared(template: Template, name: str, line: int, known: list[str]) -> Problem:
    guess = nearest(name, known)
    return Problem(
        Level.ERROR, template.file, line, 1, "", f"links to `{name}`, and the trial file declares no such link",
        f"did you mean `{guess}`?" if guess else f"add `links: {{{name}: https://…}}` to it",
    )  # fmt: skip
