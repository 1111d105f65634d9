"""Keys: encryption of contact details and bodies, and keyed hashes to find them by.

The keys file is JSON with versioned encryption keys (newest first) and one look-up key. It
lives outside the database's folder, so that a copy of the database reads nobody's number.
Fernet (AES-128-CBC with HMAC-SHA256) from `cryptography`; older keys still decrypt.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from nudge.trial.errors import InputError, KeysMissing, Refused

if TYPE_CHECKING:
    from pathlib import Path

_LOOKUP_BYTES = 32
_BASE_32 = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's: no letter that could be read as another or as a digit."""
_IDENTIFIER_LENGTH = 13
_SIGNATURE_BYTES = 10
_MAKE = "make one with `nudge keys new FILE`, and name it in NUDGE_KEYS_FILE"


class Vault:
    """Seals and opens what must not stand in the open."""

    def __init__(self, encryption: list[str], lookup: str) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in encryption])
        self._lookup = bytes.fromhex(lookup)

    def seal(self, plain: bytes) -> bytes:
        """Encrypted under the newest key."""
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """Decrypted. Raises Refused when these keys are not the ones it was sealed with."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise Refused(
                "these keys cannot read what is in this database", "use the keys file it was written with"
            ) from None

    def identifier(self, text: str) -> str:
        """13 letters and digits (65 bits) that only these keys could have made, for a link in a message."""
        key = hmac.digest(self._lookup, b"links", hashlib.sha256)
        number = int.from_bytes(hmac.digest(key, text.encode(), hashlib.sha256))
        return "".join(_BASE_32[number >> 5 * place & 31] for place in range(_IDENTIFIER_LENGTH))

    def lookup(self, text: str) -> str:
        """A keyed hash by which equal addresses are found without being read."""
        return hmac.digest(self._lookup, text.lower().encode(), hashlib.sha256).hex()

    def signature(self, purpose: str, text: str) -> str:
        """Sixteen small letters and digits (80 bits) that only these keys make, for one purpose.

        Small ones only: a mail server on the way may change the case of an address.
        """
        code = hmac.digest(self._lookup, f"{purpose}\0{text}".encode(), hashlib.sha256)
        return base64.b32encode(code[:_SIGNATURE_BYTES]).decode().lower()

    def signed(self, purpose: str, text: str, signature: str) -> bool:
        """Whether a signature is these keys' own for that purpose and text."""
        return hmac.compare_digest(self.signature(purpose, text).encode(), signature.lower().encode())


def new_keys(path: Path) -> None:
    """Write a keys file, readable by its owner only. Raises Refused where one is already."""
    content = {
        "encryption": [{"version": 1, "key": Fernet.generate_key().decode()}],
        "lookup": secrets.token_hex(_LOOKUP_BYTES),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(
            f"{path} exists; new keys over old ones would make their data unreadable", "name another file"
        ) from None
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1)


def read_keys(path: Path | None) -> Vault:
    """The vault of a keys file. Raises KeysMissing, saying how to make one."""
    if path is None:
        raise KeysMissing("contact details are encrypted and no keys file is named", _MAKE)
    try:
        content = json.loads(path.read_text())
        newest_first = sorted(content["encryption"], key=lambda key: -key["version"])
        return Vault([key["key"] for key in newest_first], content["lookup"])
    except FileNotFoundError:
        raise KeysMissing(f"there is no keys file at {path}", _MAKE) from None
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a keys file ({error})", "restore it from its backup") from None
