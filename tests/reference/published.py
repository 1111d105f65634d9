"""Trial files for the published trials, as an analyst would write them from the guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nudge.workflow.desk import Desk
from nudge.workflow.reporting.analysing import analyse_trial

if TYPE_CHECKING:
    from pathlib import Path

    from nudge.trial.records.analysis import Estimate
    from nudge.trial.records.report import Results

INSURANCE = """
trial: insurance
arms: {opt_in: {control: true}, opt_out: {}}
allocation:
  from: {csv_file: social_insure/trial.csv}
  arm: default_buy
  codes: {opt_in: 0, opt_out: 1}
  method: cluster
  clusters: natural_village
population: {columns: {admin_village: category}}
outcomes:
  takeup:
    role: primary
    kind: binary
    better: higher
    source: {value: takeup, no_record: missing}
    worthwhile: 5 points
analysis:
  sensitivity: [{fixed_effects: admin_village}, {average: cluster}]
"""

STREETS = """
trial: streets
arms: {left_alone: {control: true}, canvassed: {}}
allocation:
  from: {csv_file: foos_street_gotv/trial.csv}
  arm: treat
  codes: {left_alone: 0, canvassed: 1}
  method: blocked_cluster
  blocks: ward
  clusters: street_id
population: {columns: {ward: category}}
outcomes:
  voted:
    role: primary
    kind: binary
    better: higher
    source: {value: voted_2014, no_record: missing}
    worthwhile: 2 points
analysis:
  sensitivity: [{fixed_effects: ward}]
"""

TEXTS = """
trial: texts
population: {id: person_id}
arms: {a: {control: true}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}}
allocation:
  from: {csv_file: rubella_text/trial.csv}
  arm: arm
  codes: {a: A, b: B, c: C, d: D, e: E, f: F, g: G}
  method: complete
  ratio: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1}
outcomes:
  tested: {role: primary, kind: binary, better: higher, source: {value: tested, no_record: missing}}
  vaccinated: {role: secondary, kind: binary, better: higher, source: {value: vaccinated, no_record: missing}}
  intend_test: {role: process, kind: binary, better: higher, source: {value: intend_test, no_record: missing}}
  intend_vaccinate:
    {role: process, kind: binary, better: higher, source: {value: intend_vaccinate, no_record: missing}}
"""

STATIONS = """
trial: stations
arms: {control: {control: true}, canvass: {}, sms: {}, local: {}, local_canvass: {}, local_sms: {}}
allocation: {from: {csv_file: kenya_registration/trial.csv}, arm: arm, method: blocked, blocks: [block_id]}
outcomes:
  registered:
    role: primary
    kind: continuous
    better: higher
    unit: registrations per voter
    worthwhile: 0.01 registrations per voter
    source: {value: registrations_per_rv13, no_record: missing}
"""

LETTERS = """
trial: letters
population: {columns: {highest_previous: number, prior_donations: number, gave_in_2005: yes_no}}
arms: {control: {control: true}, matched: {}}
allocation:
  from: {csv_file: karlan_list/trial.csv.gz}
  arm: treatment
  codes: {control: 0, matched: 1}
  method: complete
  ratio: {control: 1, matched: 2}
outcomes:
  gave: {role: primary, kind: binary, better: higher, source: {value: gave, no_record: missing}}
  amount:
    {role: secondary, kind: continuous, unit: dollars, better: higher, source: {value: amount, no_record: missing}}
analysis: {covariates: [highest_previous, prior_donations, gave_in_2005]}
"""

OFFERS = """
trial: offers
arms: {none: {control: true}, one: {}, two: {}, three: {}}
allocation:
  from: {csv_file: karlan_list/trial.csv.gz}
  arm: match_ratio
  codes: {none: control, one: 1:1, two: 2:1, three: 3:1}
  method: complete
outcomes:
  gave: {role: primary, kind: binary, better: higher, source: {value: gave, no_record: missing}}
  amount:
    {role: secondary, kind: continuous, unit: dollars, better: higher, source: {value: amount, no_record: missing}}
"""

PRESSURE = """
trial: pressure
arms: {control: {control: true}, civic_duty: {}, hawthorne: {}, self: {}, neighbors: {}}
allocation:
  from: {csv_file: social_pressure_200/trial.csv}
  arm: arm
  method: blocked
  blocks: block_id
  unit: household_id
  ratio: {control: 5, civic_duty: 1, hawthorne: 1, self: 1, neighbors: 1}
outcomes:
  voted: {role: primary, kind: binary, better: higher, source: {value: voted, no_record: missing}, worthwhile: 2 points}
analysis: {comparisons: [self - control]}
"""


def written(text: str, folder: Path, data: Path) -> Path:
    """The trial file in a folder, its rows where the reference data are."""
    path = folder / "trial.yaml"
    path.write_text(text.replace("csv_file: ", f"csv_file: {data}/"), encoding="utf-8")
    return path


def analysed(text: str, folder: Path, reference_folder: Path) -> Results:
    """Its results, by the same road as `nudge analyse FILE`."""
    return analyse_trial(written(text, folder, reference_folder / "data"), Desk())


def line(results: Results, outcome: str, arm: str, label: str = "replication", note: str = "") -> Estimate:
    """The one line of an outcome, an arm and a label, whose note says `note`."""
    found = [
        one for one in results.estimates
        if (one.outcome, one.arm, one.label) == (outcome, arm, label) and note in one.note
    ]  # fmt: skip
    assert len(found) == 1
    return found[0]
