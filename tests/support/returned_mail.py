"""Bounces and complaints as mail systems write them: RFC 3464's and RFC 5965's own shapes."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP


def original_headers(reference: str) -> str:
    return f"From: Council <council@example.org>\r\nSubject: Your visit\r\nMessage-ID: <{reference}@example.org>\r\n"


def _report(kind: str, to: str, parts: list[tuple[str, str]], sender: str) -> bytes:
    head = (
        f"From: {sender}\r\nTo: {to}\r\nSubject: Returned mail: see transcript for details\r\n"
        "Message-ID: <report-1@mx.example.org>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="=_b"\r\n\r\n'
    )
    body = "".join(f"--=_b\r\nContent-Type: {name}\r\n\r\n{text}\r\n" for name, text in parts)
    return f"{head}{body}--=_b--\r\n".encode()


def bounce(
    to: str, reference: str = "", *, action: str = "failed", status: str = "5.1.1", recipient: str = "",
    diagnosis: str = "550 5.1.1 no such user",
) -> bytes:  # fmt: skip
    """A delivery status notification (RFC 3464)."""
    fields = (
        "Reporting-MTA: dns; mx.example.org\r\nArrival-Date: Mon, 18 Jan 2027 10:00:00 +0000\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient or 'family@example.org'}\r\nAction: {action}\r\n"
        + (f"Status: {status}\r\n" if status else "")
        + (f"Diagnostic-Code: smtp; {diagnosis}\r\n" if diagnosis else "")
    )
    parts = [("text/plain", "This is the mail system. It could not be delivered."), ("message/delivery-status", fields)]
    if reference:
        parts.append(("text/rfc822-headers", original_headers(reference)))
    return _report("delivery-status", to, parts, "Mail Delivery System <MAILER-DAEMON@mx.example.org>")


def complaint(to: str, reference: str = "", *, kind: str = "abuse", mail_from: str = "") -> bytes:
    """A feedback report (RFC 5965, figure 2); the provider has blacked out whom it was sent to."""
    fields = f"Feedback-Type: {kind}\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n" + (
        f"Original-Mail-From: <{mail_from}>\r\n" if mail_from else ""
    )
    parts = [("text/plain", "This is an email abuse report."), ("message/feedback-report", fields)]
    if reference:
        parts.append(("message/rfc822", original_headers(reference) + "To: <redacted>\r\n\r\nHello"))
    return _report("feedback-report", to, parts, "Feedback <feedback@provider.example.org>")


def written(sender: str, text: str, *, to: str = "", answers: str = "", subject: str = "Re: Your visit",
            **headers: str) -> bytes:  # fmt: skip
    """A mail that a person, or with `Auto-Submitted` a machine, writes back."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to or "council@example.org", subject
    mail["Message-ID"] = "<written-1@example.org>"
    if answers:
        mail["In-Reply-To"] = f"<{answers}@example.org>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()
