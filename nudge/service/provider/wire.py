"""Connections that can be cut: what a web framework does not let one do, and networks do."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, ClassVar

from fastapi import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: closing sends RST (socket(7))


class CuttableProtocol(H11Protocol):
    """Uvicorn's protocol, which remembers each client's transport."""

    open: ClassVar[dict[tuple[str, int], asyncio.Transport]] = {}

    def connection_made(self, transport: Any) -> None:
        """Remember it."""
        self.open[transport.get_extra_info("peername")[:2]] = transport
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.open.pop(self.transport.get_extra_info("peername")[:2], None)
        super().connection_lost(exc)


def cut(request: Request, *, reset: bool) -> None:
    """End the client's connection without an answer."""
    if request.client is None:
        raise AssertionError("a request over a network has a client")
    transport = CuttableProtocol.open[request.client.host, request.client.port]
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
