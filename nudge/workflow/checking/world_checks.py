"""What a trial's ways of sending need of this machine's settings before they write to families."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.delivery.channels import channel_module
from nudge.delivery.email import marked, return_path
from nudge.trial.errors import InputError
from nudge.trial.problems import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nudge.trial.load import LoadedTrial
    from nudge.trial.problems import Problem
    from nudge.trial.source import Step
    from nudge.workflow.settings import Settings

_ANY_MARK = marked("0" * 32, "a" * 16)


def settings_problems(loaded: LoadedTrial, settings: Settings) -> Iterator[Problem]:
    """Every setting that is missing, at the channel that needs it. A way that reaches nobody needs none."""
    for channel, via in loaded.trial.channels.items():
        path: tuple[Step, ...] = ("channels", channel)
        try:
            live = channel_module(via).open_channel(settings).live
        except InputError as error:
            yield loaded.source.problem(Level.LAUNCH, path, error.what, error.remedy)
            continue
        if live and channel == "email":
            yield from _one_click(loaded, path, settings)
        if live and via == "smtp":
            yield from _bounces(loaded, path, settings)


def _one_click(loaded: LoadedTrial, path: tuple[Step, ...], settings: Settings) -> Iterator[Problem]:
    if not settings.public_url:
        yield loaded.source.problem(
            Level.LAUNCH, path, "emails would carry no way to stop with one click: NUDGE_PUBLIC_URL is not set",
            "set it to where families reach this service, such as https://nudge.example.gov.uk",
        )  # fmt: skip
    elif not settings.public_url.startswith("https://"):
        yield loaded.source.problem(
            Level.LAUNCH, path, "mail programs offer one click only over https (RFC 8058), and NUDGE_PUBLIC_URL is not",
            "set it to an https:// address",
        )  # fmt: skip


def _bounces(loaded: LoadedTrial, path: tuple[Step, ...], settings: Settings) -> Iterator[Problem]:
    if not settings.bounce_address:
        yield loaded.source.problem(
            Level.LAUNCH, path, "bounces would come to the sender and count nowhere: NUDGE_BOUNCE_ADDRESS is not set",
            "set it to a mailbox that takes `+` addresses, and read it with `nudge bounces MAILBOX`",
        )  # fmt: skip
        return
    try:
        return_path(settings.bounce_address, _ANY_MARK)
    except InputError as error:
        yield loaded.source.problem(Level.LAUNCH, path, error.what, error.remedy)
