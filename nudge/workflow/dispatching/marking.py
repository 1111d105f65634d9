"""What an email carries so that a bounce, a complaint or an objection finds its message again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from nudge.delivery.email import mark_of, marked, read_mark, return_path

if TYPE_CHECKING:
    from nudge.store.vault import Vault
    from nudge.workflow.desk import Desk

_BOUNCE, _UNSUBSCRIBE = "bounce", "unsubscribe"


class EmailMarks(TypedDict, total=False):
    """The addresses of one email, as `Outgoing` names them."""

    return_path: str
    unsubscribe_url: str


def email_marks(desk: Desk, reference: str, channel: str) -> EmailMarks:
    """The marks that the settings allow for; none for other channels."""
    if channel != "email":
        return {}
    marks: EmailMarks = {}
    if desk.settings.bounce_address:
        mark = marked(reference, desk.vault.signature(_BOUNCE, reference))
        marks["return_path"] = return_path(desk.settings.bounce_address, mark)
    if desk.settings.public_url:
        mark = marked(reference, desk.vault.signature(_UNSUBSCRIBE, reference))
        marks["unsubscribe_url"] = f"{desk.settings.public_url.rstrip('/')}/unsubscribe/{mark}"
    return marks


def unsubscribed_reference(token: str, vault: Vault) -> str | None:
    """The message an unsubscribe address belongs to; None where the token is not ours."""
    return _genuine(read_mark(token), _UNSUBSCRIBE, vault)


def bounced_reference(address: str, vault: Vault) -> str | None:
    """The message a bounce address belongs to; None where the mark is not ours."""
    return _genuine(mark_of(address), _BOUNCE, vault)


def _genuine(mark: tuple[str, str] | None, purpose: str, vault: Vault) -> str | None:
    if mark is None or not vault.signed(purpose, *mark):
        return None
    return mark[0]
