"""`nudge serve` as a process: what it writes about those who open its pages."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

from tests.support.databases import database_url
from tests.support.trials import Bench

SOON = 60


def opened(port: int, page: str) -> int:
    """The status of a page, once there is somebody to answer."""
    last = time.monotonic() + SOON
    while True:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=SOON)) as asking:
                asking.request("GET", page)
                return asking.getresponse().status
        except ConnectionError:
            if time.monotonic() > last:
                raise
            time.sleep(0.2)


def test_nobody_who_opens_a_link_is_written_down(tmp_path: Path) -> None:
    """Neither the address of a family's phone nor the link it opened."""
    Bench(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "NUDGE_DATABASE_URL": database_url(tmp_path), "NUDGE_KEYS_FILE": str(tmp_path / "keys" / "keys.json")
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "nudge.cli.main", "serve", "--port", str(port)], cwd=tmp_path,
        env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert opened(port, "/o/nobodys-link-7") in {404, 410}
    finally:
        process.terminate()
        written = process.communicate(timeout=SOON)[0]
    assert "Uvicorn running" in written
    assert "nobodys-link-7" not in written
    assert "127.0.0.1:" not in written.replace(f"http://127.0.0.1:{port}", "")
