from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from nudge.store.vault import new_keys, read_keys
from nudge.trial.errors import InputError, KeysMissing, Refused


def test_new_keys_are_for_their_owner_only_and_never_overwrite(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "keys.json"
    new_keys(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    with pytest.raises(Refused, match="exists; new keys over old ones"):
        new_keys(path)
    assert path.read_text() == before


def test_what_is_sealed_comes_back_and_does_not_show(tmp_path: Path) -> None:
    new_keys(tmp_path / "keys.json")
    vault = read_keys(tmp_path / "keys.json")
    sealed = vault.seal(b"+447700900123")
    assert b"447700900123" not in sealed
    assert vault.open(sealed) == b"+447700900123"


def test_an_older_key_still_opens_and_the_newest_seals(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    new_keys(path)
    old = read_keys(path).seal(b"secret")
    content = json.loads(path.read_text())
    newest = Fernet.generate_key().decode()
    content["encryption"].append({"version": 2, "key": newest})
    path.write_text(json.dumps(content))
    vault = read_keys(path)
    assert vault.open(old) == b"secret"
    assert Fernet(newest).decrypt(vault.seal(b"new")) == b"new"


def test_lookups_are_equal_for_equal_addresses_and_need_the_key(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        new_keys(tmp_path / name)
    a, b = read_keys(tmp_path / "a.json"), read_keys(tmp_path / "b.json")
    assert a.lookup("Anna@example.org") == a.lookup("anna@example.org") != a.lookup("ben@example.org")
    assert a.lookup("anna@example.org") != b.lookup("anna@example.org")


def test_without_keys_a_verb_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(KeysMissing, match="no keys file is named; make one with `nudge keys new FILE`"):
        read_keys(None)
    with pytest.raises(KeysMissing, match="there is no keys file at .*make one with"):
        read_keys(tmp_path / "absent.json")


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"encryption": [{"version": 1, "key": "short"}], "lookup": "00"}']
)
def test_a_file_that_holds_no_keys_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"keys\.json is not a keys file"):
        read_keys(path)


def test_the_wrong_keys_are_told_apart_from_broken_data(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        new_keys(tmp_path / name)
    sealed = read_keys(tmp_path / "a.json").seal(b"x")
    with pytest.raises(Refused, match="these keys cannot read what is in this database"):
        read_keys(tmp_path / "b.json").open(sealed)
