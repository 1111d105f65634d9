"""Whether an address is this machine, where a rehearsal can reach nobody else."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from nudge.trial.errors import InputError

_PORTS = {"http": 80, "https": 443}


def on_this_machine(host: str, port: int) -> bool:
    """Whether every address of a host is a loopback one; one that cannot be found is taken for far away."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, port)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in found)


def is_live(base_url: str, setting: str) -> bool:
    """Whether a provider's address can reach real people. Raises InputError where it is no address.

    Messages and passwords go over plain HTTP to this machine only.
    """
    try:
        parts = urlsplit(base_url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise InputError(f"{setting} is not an address", "write it as https://host") from None
    if not parts.hostname:
        raise InputError(f"{setting} names no host", "write it as https://host")
    here = on_this_machine(parts.hostname, port)
    if not here and parts.scheme != "https":
        raise InputError(f"{setting} would send messages in the open", "write it with https://")
    return not here
