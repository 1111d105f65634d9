"""Rows of a table in a real SQLite and a real PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from nudge.outcomes.sources import read_source, source_name
from nudge.trial.errors import ProblemsFound
from nudge.trial.load import load_trial
from nudge.trial.parts.population import DataSource
from nudge.trial.problems import Problems
from nudge.trial.records.tables import Table
from nudge.trial.tables import EMPTY
from nudge.workflow.reporting.elsewhere import analyse_elsewhere
from tests.support.databases import databases_of, fresh_database
from tests.support.trials import START

PLACE = {"sqlite": "records.sqlite3", "postgresql": "$COUNCIL_RECORDS"}
ADDRESS = "COUNCIL_RECORDS"
VISITS = sa.Table(
    "visits", sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True), sa.Column("child", sa.String), sa.Column("arm", sa.String),
    sa.Column("came", sa.Boolean), sa.Column("minutes", sa.Float), sa.Column("cost", sa.Numeric(8, 2)),
    sa.Column("day", sa.Date),
)  # fmt: skip


@pytest.fixture(params=[
    "sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
])  # fmt: skip
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What a trial file calls a database of this kind; it holds forty visits, written in no order."""
    kind = request.param
    with databases_of(kind):
        url = f"sqlite:///{tmp_path / 'records.sqlite3'}" if kind == "sqlite" else fresh_database()
        monkeypatch.setenv(ADDRESS, url)
        engine = sa.create_engine(sa.make_url(url).set(
            drivername="sqlite" if kind == "sqlite" else "postgresql+psycopg"), poolclass=sa.NullPool)  # fmt: skip
        rows = [
            {"number": i, "child": f" c{i}" if i else None, "arm": str(i % 2), "came": i % 3 == 0,
             "minutes": i + 0.5 if i else None, "cost": Decimal("1.50"), "day": date(2027, 1, 1 + i % 28)}
            for i in range(40)
        ]  # fmt: skip
        with engine.begin() as connection:
            VISITS.metadata.create_all(connection)
            connection.execute(sa.insert(VISITS), rows[::-1])
            connection.execute(sa.text("CREATE VIEW late AS SELECT child FROM visits WHERE number > 37"))
            connection.execute(sa.text("CREATE TABLE bare (child varchar)"))
        yield PLACE[kind]


def read(folder: Path, at: str, table: str, wanted: dict[str, str] | None = None) -> tuple[Table, list[str]]:
    problems = Problems()
    where = DataSource.model_validate({"database": {"at": at, "table": table}})
    assert source_name(where) == "database"
    found = read_source(where, folder, problems, wanted)
    return found, [str(problem) for problem in problems]


def test_a_table_is_read_in_the_order_of_its_key(place: str, tmp_path: Path) -> None:
    table, problems = read(tmp_path, place, "visits")
    assert problems == []
    assert table.name == f"{place}: visits"
    assert list(table.columns) == ["number", "child", "arm", "came", "minutes", "cost", "day"]
    assert table.columns["child"] == ["", *(f"c{i}" for i in range(1, 40))]
    assert table.columns["minutes"][:3] == ["", "1.5", "2.5"]
    assert table.columns["day"][1] == "2027-01-02"
    assert {text in {"yes", "1"} for text in table.columns["came"][::3]} == {True}
    assert {float(text) for text in table.columns["cost"]} == {1.5}
    assert (list(table.lines), table.sha256) == (list(range(1, 41)), read(tmp_path, place, "visits")[0].sha256)


def test_only_the_columns_that_are_wanted_are_read(place: str, tmp_path: Path) -> None:
    table, problems = read(tmp_path, place, "visits", {"arm": "text", "zebra": "text"})
    assert (list(table.columns), problems) == (["arm"], [])
    assert table.titles == ["number", "child", "arm", "came", "minutes", "cost", "day"]


def test_a_view_and_a_table_without_rows(place: str, tmp_path: Path) -> None:
    assert sorted(read(tmp_path, place, "late")[0].columns["child"]) == ["c38", "c39"]
    nothing, problems = read(tmp_path, place, "bare")
    assert (len(nothing), list(nothing.columns), problems) == (0, ["child"], [])


def test_a_table_that_is_not_there(place: str, tmp_path: Path) -> None:
    assert read(tmp_path, place, "visit") == (
        EMPTY, [f"{place}: visit: the database has no table `visit`; did you mean `visits`?"],
    )  # fmt: skip
    assert read(tmp_path, place, "zzz")[1] == [
        f"{place}: zzz: the database has no table `zzz`; it has bare, late and visits"
    ]


def test_nothing_can_be_written(place: str, tmp_path: Path) -> None:
    table = 'visits"; DROP TABLE visits; --'
    assert "has no table" in read(tmp_path, place, table)[1][0]
    assert len(read(tmp_path, place, "visits")[0]) == 40


def test_a_trial_run_elsewhere_is_analysed_from_its_database(place: str, tmp_path: Path) -> None:
    trial = tmp_path / "elsewhere.yaml"
    trial.write_text(
        "trial: elsewhere\narms: {usual: {control: true}, text: {}}\n"
        f"allocation: {{from: {{database: {{at: {place}, table: visits}}}}, arm: arm, codes: {{usual: 0, text: 1}},"
        " method: complete}\n"
        "outcomes: {came: {role: primary, kind: binary, better: higher, worthwhile: 5 points,"
        " source: {value: came, no_record: missing}}}\n",
        encoding="utf-8",
    )
    line = analyse_elsewhere(load_trial(trial), START).estimates[0]
    # Of 0, 3, …, 39 seven are even and seven odd.
    assert (line.n_arm, line.n_control, line.mean_arm, line.mean_control) == (20, 20, 7 / 20, 7 / 20)


def test_a_file_that_is_not_there_or_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database, and longer than a hundred bytes " * 5, encoding="utf-8")
    assert read(tmp_path, "none.sqlite3", "visits")[1] == [
        "none.sqlite3: visits: there is no such file; check the path; it is relative to the trial file"
    ]
    assert not (tmp_path / "none.sqlite3").exists()
    assert read(tmp_path, "notes.txt", "visits")[1] == [
        "notes.txt: visits: cannot be read (file is not a database); check the path or the address, "
        "and that the table may be read"
    ]


def test_values_of_several_types_in_one_column_are_text(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'mixed.sqlite3'}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE mixed (x)"))
        connection.execute(sa.text("INSERT INTO mixed VALUES (1), ('old'), (NULL), (2.5), (9223372036854775807)"))
    assert read(tmp_path, "mixed.sqlite3", "mixed")[0].columns["x"] == ["1", "old", "", "2.5", "9223372036854775807"]


BAD_ADDRESS = {
    "not set": (None, "COUNCIL_RECORDS is not set; set it to the address of the database: postgresql://…"),
    "no address": ("hub7", "COUNCIL_RECORDS does not hold the address of a PostgreSQL database; write postgresql://…"),
    "of another kind": ("mysql://u:s3cret@localhost/x",
                        "COUNCIL_RECORDS does not hold the address of a PostgreSQL database; write postgresql://…"),
}  # fmt: skip


@pytest.mark.parametrize(("address", "sentence"), BAD_ADDRESS.values(), ids=BAD_ADDRESS)
def test_an_address_that_is_none(
    address: str | None, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    if address is not None:
        monkeypatch.setenv(ADDRESS, address)
    assert read(tmp_path, "$COUNCIL_RECORDS", "visits")[1] == [f"$COUNCIL_RECORDS: visits: {sentence}"]


@pytest.mark.needs("postgresql")
def test_no_password_is_ever_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, "postgresql://reader:s3cret@127.0.0.1:1/none")
    (said,) = read(tmp_path, "$COUNCIL_RECORDS", "visits")[1]
    assert "cannot be read (" in said
    assert "s3cret" not in said
    trial = tmp_path / "trial.yaml"
    trial.write_text(
        "trial: leaky\npopulation: {people: {database: {at: 'postgresql://reader:s3cret@db/none', table: roll}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ProblemsFound) as caught:
        load_trial(trial)
    assert "is an address, and one with a password must not stand in this file" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_moments_of_a_database_are_days(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'm.sqlite3'}", poolclass=sa.NullPool)
    moments = sa.Table("moments", sa.MetaData(), sa.Column("at", sa.DateTime))
    with engine.begin() as connection:
        moments.metadata.create_all(connection)
        connection.execute(sa.insert(moments), [{"at": datetime(2027, 1, 31, 10, 15, tzinfo=UTC)}])
    assert read(tmp_path, "m.sqlite3", "moments")[0].columns["at"][0].startswith("2027-01-31")
