"""Where templates are looked for, and the folders that ship with the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from nudge.trial.library import shipped, template_folders
from tests.conftest import ROOT


def make(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True)


@pytest.mark.parametrize("name", ["experiments", "message_templates"])
def test_a_checkout_ships_its_own_folders(name: str) -> None:
    assert shipped(name) == ROOT / name
    assert shipped(name).is_dir()


def test_the_nearest_folder_comes_first_and_the_shipped_library_last(tmp_path: Path) -> None:
    beside, above, top = tmp_path / "a" / "b", tmp_path / "a", tmp_path
    make(*(place / "message_templates" for place in (beside, above, top)))
    assert template_folders(beside, top) == [
        beside / "message_templates",
        above / "message_templates",
        top / "message_templates",
        shipped("message_templates"),
    ]


def test_nothing_above_the_working_folder_is_looked_at(tmp_path: Path) -> None:
    make(tmp_path / "message_templates", tmp_path / "work" / "trials" / "message_templates")
    assert template_folders(tmp_path / "work" / "trials", tmp_path / "work") == [
        tmp_path / "work" / "trials" / "message_templates",
        shipped("message_templates"),
    ]


def test_for_a_trial_elsewhere_only_the_folder_beside_it_is_looked_at(tmp_path: Path) -> None:
    make(tmp_path / "message_templates", tmp_path / "away" / "message_templates", tmp_path / "work")
    assert template_folders(tmp_path / "away", tmp_path / "work") == [
        tmp_path / "away" / "message_templates",
        shipped("message_templates"),
    ]


def test_folders_that_do_not_exist_are_passed_over(tmp_path: Path) -> None:
    assert template_folders(tmp_path / "a" / "b", tmp_path) == [shipped("message_templates")]


def test_a_file_of_that_name_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "message_templates").write_text("")
    assert template_folders(tmp_path, tmp_path) == [shipped("message_templates")]


def test_a_relative_path_and_a_link_lead_to_the_same_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "real" / "message_templates")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    assert template_folders(Path("link"), Path())[0] == tmp_path / "real" / "message_templates"
