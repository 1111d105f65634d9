"""The reference pages say what the code does; run scripts/write_reference.py after a change."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from nudge.trial.library import shipped
from nudge.workflow.desk import Desk
from nudge.workflow.reporting.analysing import analyse_trial
from nudge.workflow.reporting.telling import results_json
from scripts.write_reference import PAGES, schema
from tests.conftest import ROOT


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_is_the_one_the_code_writes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), "run scripts/write_reference.py"


def test_results_json_keeps_to_its_schema() -> None:
    file = shipped("experiments") / "replications" / "insurance-default.yaml"
    content = json.loads(results_json(analyse_trial(file, Desk())))
    jsonschema.Draft202012Validator(schema()).validate(content)


def test_the_schema_refuses_what_is_not_a_result() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate({"trial": "x"})


def test_every_estimate_field_that_the_project_promises_is_there() -> None:
    promised = """
        outcome role family arm control estimand estimator vcov average covariates better scale estimate std_error df
        p_value p_adjusted conf_low conf_high conf_level mean_arm mean_control n n_arm n_control n_allocated_arm
        n_allocated_control n_clusters n_blocks icc verdict verdict_conf_low verdict_conf_high label note
    """
    assert list(schema()["$defs"]["Estimate"]["properties"]) == [*promised.split(), "level", "p_margin"]


def test_every_link_in_the_documentation_leads_somewhere() -> None:
    import re

    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} points at {target}"
