"""Reference id → how we compute it, and what must agree to nine digits.

One row per number of the reference files that an estimator here can give. What is compared:

    FULL    estimate, standard error, degrees of freedom, p-value and interval
    SHARED  estimate and standard error; R's degrees of freedom there are n − k or Welch's, ours
            are always Bell-McCaffrey's (statistics.md 5)
    VALUE   a single number
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nudge.analysis.checks import sample_ratio
from nudge.analysis.icc import anova_icc
from nudge.analysis.joint import joint_test
from nudge.analysis.linear_effect import THE_ARM
from nudge.analysis.marginal import LOGIT, POISSON, log_ratio, modelled, sandwich
from nudge.analysis.multiplicity import adjusted
from nudge.analysis.randomisation import exact_events_test
from tests.reference.routes import Drawn, Numbers, Rows, by_design, by_estimator, by_regression, indicators, pooled
from tests.reference.rows import FULL, SHARED, VALUE, Row
from tests.reference.table_pool import POOLED
from tests.reference.table_reached import REACHED_ROWS
from tests.reference.table_variances import VARIANCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nudge.trial.records.analysis import Floats

# Villages, not households, were randomised to a default; no blocks.
INSURANCE = Drawn("takeup", "1", "0", "default_buy", "cluster", clusters="natural_village")
# Streets were randomised within wards.
STREETS = Drawn("voted_2014", "1", "0", "treat", "blocked_cluster", clusters="street_id", blocks="ward")
STREETS_UNBLOCKED = Drawn("voted_2014", "1", "0", "treat", "cluster", clusters="street_id")
# Seven texts to individuals.
TEXTS = Drawn("tested", "B", "A", "arm")
TEXT_OUTCOMES = ("intend_test", "intend_vaccinate", "tested", "vaccinated")
# Blocks of six polling stations, one for each arm.
STATIONS = Drawn("registrations_per_rv13", "sms", "control", "arm", "blocked", blocks="block_id", binary=False)
STATION_ARMS = ("canvass", "sms", "local", "local_canvass", "local_sms")
# Letters to individuals.
LETTERS = Drawn("gave", "1", "0", "treatment")
BASELINE = ("highest_previous", "prior_donations", "gave_in_2005")
# Blocks of 18 households: ten control, two of each letter.
PRESSURE = Drawn("voted", "self", "control", "arm", "blocked", clusters="household_id", blocks="block_id")
PRESSURE_UNBLOCKED = Drawn("voted", "self", "control", "arm", clusters="household_id")
PRESSURE_ARMS = ("civic_duty", "hawthorne", "self", "neighbors")


def _design(what: Drawn) -> Callable[[Rows], Numbers]:
    return partial(by_design, what=what)


def insurance() -> Iterator[Row]:
    row = partial(Row, "social_insure")
    for name in ("default.CR2", "default.dim_clustered", "default.clubSandwich.CR2"):
        yield row(name, _design(INSURANCE), FULL if name != "default.clubSandwich.CR2" else FULL[:4])
    yield row("default.village_means", _design(_clusters(INSURANCE)), FULL)
    yield row("default.village_welch", _design(_clusters(INSURANCE)), SHARED)
    yield row("default.admin_fe.CR2", _insurance_by_area, FULL)
    yield row("icc.natural_village", partial(_icc, outcome="takeup", cluster="natural_village"), VALUE)
    # The household factor of the split plot, by its own level: individuals (statistics.md 5).
    yield row("intensive.hc2", _design(Drawn("takeup", "1", "0", "intensive_session")), SHARED)
    yield row("intensive.village_fe_hc2", _intensive_by_village, SHARED)
    for term in ("default_buy", "intensive_session", "default_buy:intensive_session"):
        yield row(f"factorial.CR2.{term}", partial(_split_plot, term=term), FULL)


def _clusters(what: Drawn) -> Drawn:
    return Drawn(**(vars(what) | {"average": "cluster"}))


def _insurance_by_area(rows: Rows) -> Numbers:
    codes = rows.codes("admin_village", np.zeros(0, dtype=np.int64))
    columns = {"arm": rows.numbers("default_buy")}
    return by_regression(rows.numbers("takeup"), columns, "arm", codes, rows.codes("natural_village", codes))


def _intensive_by_village(rows: Rows) -> Numbers:
    codes = rows.codes("natural_village", np.zeros(0, dtype=np.int64))
    return by_regression(rows.numbers("takeup"), {"arm": rows.numbers("intensive_session")}, "arm", codes)


def _split_plot(rows: Rows, term: str) -> Numbers:
    default, intensive = rows.numbers("default_buy"), rows.numbers("intensive_session")
    columns = {
        "default_buy": default, "intensive_session": intensive, "default_buy:intensive_session": default * intensive,
    }  # fmt: skip
    villages = rows.codes("natural_village", np.zeros(0, dtype=np.int64))
    return by_regression(rows.numbers("takeup"), columns, term, clusters=villages)


def streets() -> Iterator[Row]:
    row = partial(Row, "foos_street_gotv")
    yield row("dim.clustered", _design(STREETS_UNBLOCKED), FULL)
    yield row("ols.CR2", _design(STREETS_UNBLOCKED), FULL)
    # estimatr takes clusters − 2 × blocks as degrees of freedom.
    yield row("dim.blocked_clustered", _design(STREETS), SHARED)
    yield row("fe.CR2", partial(by_estimator, what=STREETS, name="fixed_effects"), FULL)
    yield row("wls.CR2", partial(by_estimator, what=STREETS, name="inverse_probability", weight="ipw"), FULL)
    yield row("street_means", _design(_clusters(STREETS_UNBLOCKED)), FULL)
    yield row("icc.street", partial(_icc, outcome="voted_2014", cluster="street_id"), VALUE)


def texts() -> Iterator[Row]:
    row = partial(Row, "rubella_text")
    arms = "BCDEFG"
    for outcome in TEXT_OUTCOMES:
        for arm in arms:
            what = TEXTS.of(outcome).against(arm, "A")
            yield row(f"dim.{outcome}.{arm}", _design(what), SHARED)
            yield row(f"hc2.{outcome}.{arm}", _design(what), SHARED)
            yield row(f"hte_coupon.{outcome}.{arm}", partial(_by_coupon, outcome=outcome, arm=arm), SHARED)
        yield row(f"joint.{outcome}", partial(_joint, outcome=outcome), ("value", "p_value"))
    for coupon in "10":
        for outcome in ("intend_test", "tested", "vaccinated"):
            for arm in arms:
                if (coupon, outcome, arm) in {("0", "vaccinated", "E"), ("0", "vaccinated", "G")}:
                    continue  # no event in either arm: test_no_nonsense.py
                how = partial(_with_coupon, coupon=coupon, what=TEXTS.of(outcome).against(arm, "A"))
                yield row(f"coupon{coupon}.{outcome}.{arm}", how, SHARED)
    yield row("fisher.vaccinated.C", _fisher, VALUE)
    yield row("srm", partial(_ratio, by="arm", ratio=dict.fromkeys("ABCDEFG", 1)), ("value", "p_value"))


def _joint(rows: Rows, outcome: str) -> Numbers:
    """Whether any of the six other texts differs from the first."""
    y, arms = rows.numbers(outcome), indicators(rows.text("arm"), "BCDEFG")
    known = ~np.isnan(y)
    model = pooled(y[known], {name: here[known] for name, here in arms.items()}, np.zeros(int(known.sum()), dtype=int))
    test = joint_test(model, np.column_stack([model.contrast(name) for name in arms]))
    return {"value": test.statistic, "p_value": test.p_value}


def _by_coupon(rows: Rows, outcome: str, arm: str) -> Numbers:
    coupon = rows.numbers("free_coupon")
    arms = indicators(rows.text("arm"), "BCDEFG")
    columns = {**arms, "coupon": coupon, **{f"{name} x coupon": here * coupon for name, here in arms.items()}}
    return by_regression(rows.numbers(outcome), columns, f"{arm} x coupon")


def _with_coupon(rows: Rows, coupon: str, what: Drawn) -> Numbers:
    """A subgroup; also where an arm has no event and the product gives a score interval instead of this variance."""
    return by_estimator(rows.only("free_coupon", coupon), what, "difference_in_means")


def _fisher(rows: Rows) -> Numbers:
    return {"value": exact_events_test(TEXTS.of("vaccinated").against("C", "A").pair(rows)).p_value}


def stations() -> Iterator[Row]:
    row = partial(Row, "kenya_registration")
    for arm in STATION_ARMS:
        yield row(f"paired.{arm}", _design(STATIONS.against(arm, "control")), FULL)
        yield row(f"dim_pairs.{arm}", _design(STATIONS.against(arm, "control")), FULL)
        yield row(f"fe.hc2.{arm}", partial(_stations_pooled, term=arm), SHARED)
    for term in ("localization", "msgcanvass", "msgsms", "localization:msgcanvass", "localization:msgsms"):
        yield row(f"factorial.{term}", partial(_stations_factorial, term=term), SHARED)


def _stations_pooled(rows: Rows, term: str) -> Numbers:
    """All six arms in one regression, as R did it; the product compares pairs (statistics.md 4)."""
    codes = rows.codes("block_id", np.zeros(0, dtype=np.int64))
    outcome = rows.numbers("registrations_per_rv13")
    return by_regression(outcome, indicators(rows.text("arm"), STATION_ARMS), term, codes)


def _stations_factorial(rows: Rows, term: str) -> Numbers:
    local = rows.numbers("localization")
    words = {f"msg{name}": here for name, here in indicators(rows.text("messenger"), ["canvass", "sms"]).items()}
    columns = {"localization": local, **words, **{f"localization:{name}": local * here for name, here in words.items()}}
    codes = rows.codes("block_id", np.zeros(0, dtype=np.int64))
    return by_regression(rows.numbers("registrations_per_rv13"), columns, term, codes)


def letters() -> Iterator[Row]:
    row = partial(Row, "karlan_list")
    for outcome in ("gave", "amount"):
        binary = outcome == "gave"
        whole = LETTERS.of(outcome, binary=binary)
        yield row(f"dim.{outcome}", _design(whole), SHARED)
        yield row(f"ols.{outcome}.HC2", _design(whole), SHARED)
        with_baseline = Drawn(**(vars(whole) | {"covariates": BASELINE}))
        yield row(f"lin.{outcome}", _design(with_baseline), SHARED)
        additive = partial(by_estimator, what=with_baseline, name="difference_in_means", adjustment="additive")
        yield row(f"ancova.{outcome}", additive, SHARED)
        offers = Drawn(outcome, "1:1", "control", "match_ratio", binary=binary)
        for offer in ("1:1", "2:1", "3:1"):
            yield row(f"ratio.{outcome}.{offer}", _design(offers.against(offer, "control")), SHARED)
            yield row(f"lin.ratio.{outcome}.{offer}", partial(_lin_pooled, outcome=outcome, offer=offer), SHARED)
        for one, other in (("2:1", "1:1"), ("3:1", "2:1"), ("3:1", "1:1")):
            yield row(f"pair.{outcome}.{one}_vs_{other}", _design(offers.against(one, other)), SHARED)
        for term in ("ratio2:1", "ratio3:1", "thr25000", "thr50000", "thr100000", "askmedium", "askhigh"):
            how = partial(_letters_factorial, outcome=outcome, term=term)
            yield row(f"factorial.main.{outcome}.{term}", how, SHARED)
    yield row("hte.red_state", _by_state, SHARED)
    yield row("logit.gave", _log_odds, SHARED, 1e-7)
    yield row("rr.gave", _risk_ratio, ("estimate", "log_estimate", "log_std_error"))
    yield row("balance.months", _design(LETTERS.of("months_since_last", binary=False)), SHARED)
    yield row("srm", partial(_ratio, by="treatment", ratio={"0": 1, "1": 2}), ("value", "p_value"))


def _log_odds(rows: Rows) -> Numbers:
    """The logistic model behind the average effect: its coefficient, with the model's own error."""
    linear = modelled(LETTERS.pair(rows), LOGIT, covariates=False).linear
    arm = linear.contrast(THE_ARM)
    return {"estimate": linear.estimate(arm), "std_error": float(np.sqrt(arm @ linear.bread @ arm))}


def _risk_ratio(rows: Rows) -> Numbers:
    """A ratio of rates of yes or no; without a small-sample adjustment its error is the delta method's."""
    pair = LETTERS.pair(rows)
    model = modelled(pair, POISSON, covariates=False)
    found, gradient = log_ratio(model)
    error = sandwich(pair, model, gradient, "CR0").std_error
    return {"estimate": float(np.exp(found)), "log_estimate": found, "log_std_error": error}


def _lin_pooled(rows: Rows, outcome: str, offer: str) -> Numbers:
    """Lin's regression over all arms at once, as R did it; the product fits each pair on its own."""
    arms = indicators(rows.text("match_ratio"), ["1:1", "2:1", "3:1"])
    columns = dict(arms)
    for name in BASELINE:
        centred = rows.numbers(name) - rows.numbers(name).mean()
        columns |= {name: centred, **{f"{arm} x {name}": here * centred for arm, here in arms.items()}}
    return by_regression(rows.numbers(outcome), columns, offer)


def _letters_factorial(rows: Rows, outcome: str, term: str) -> Numbers:
    treated = rows.only("treatment", "1")
    columns: dict[str, Floats] = {}
    for prefix, name, levels in (
        ("ratio", "match_ratio", ["2:1", "3:1"]),
        ("thr", "match_threshold", ["25000", "50000", "100000"]),
        ("ask", "example_amount", ["medium", "high"]),
    ):
        columns |= {f"{prefix}{level}": here for level, here in indicators(treated.text(name), levels).items()}
    return by_regression(treated.numbers(outcome), columns, term)


def _by_state(rows: Rows) -> Numbers:
    arm, red = rows.numbers("treatment"), rows.numbers("red_state")
    return by_regression(rows.numbers("gave"), {"arm": arm, "red": red, "arm x red": arm * red}, "arm x red")


def pressure() -> Iterator[Row]:
    row = partial(Row, "social_pressure_200")
    for arm in PRESSURE_ARMS:
        yield row(f"sub200.dim.cr2.{arm}", _design(PRESSURE_UNBLOCKED.against(arm, "control")), FULL)
        # R pooled five arms; without blocks that is the same as the pair.
        yield row(f"sub200.ols.CR2.{arm}", _design(PRESSURE_UNBLOCKED.against(arm, "control")), FULL)
        # estimatr takes households − 2 × blocks as degrees of freedom.
        yield row(f"sub200.blocked_clustered_dim.{arm}", _design(PRESSURE.against(arm, "control")), SHARED)
        yield row(f"sub200.fe.CR2.{arm}", partial(_pressure_pooled, term=arm), FULL)


def _pressure_pooled(rows: Rows, term: str) -> Numbers:
    nothing = np.zeros(0, dtype=np.int64)
    return by_regression(
        rows.numbers("voted"), indicators(rows.text("arm"), PRESSURE_ARMS), term,
        rows.codes("block_id", nothing), rows.codes("household_id", nothing),
    )  # fmt: skip


def _icc(rows: Rows, outcome: str, cluster: str) -> Numbers:
    found = anova_icc(rows.numbers(outcome), rows.codes(cluster, np.zeros(0, dtype=np.int64)))
    return {} if found is None else {"value": found}


def _ratio(rows: Rows, by: str, ratio: dict[str, int]) -> Numbers:
    counts = {arm: int((rows.text(by) == arm).sum()) for arm in ratio}
    check = sample_ratio(counts, ratio)
    if check.p_value is None or check.values is None:
        raise AssertionError("the sample-ratio check gives a statistic and a p-value")
    return {"value": float(check.values["statistic"]), "p_value": check.p_value}


TABLE: tuple[Row, ...] = (
    *insurance(),
    *streets(),
    *texts(),
    *stations(),
    *letters(),
    *pressure(),
    *VARIANCES,
    *REACHED_ROWS,
    *POOLED,
)


@dataclass(frozen=True)
class Adjusted:
    """p-values of a family, and what a method makes of them."""

    data: str
    id: str
    method: str

    def ours(self, entry: dict[str, Any]) -> dict[str, float]:
        return dict(zip(entry["raw"], adjusted(list(entry["raw"].values()), method=self.method), strict=True))


R_NAMES = {
    "holm": "holm", "hochberg": "hochberg", "BH": "benjamini_hochberg", "BY": "benjamini_yekutieli",
    "bonferroni": "bonferroni",
}  # fmt: skip
COMMON = ("holm", "BH", "bonferroni")


def families() -> Iterator[Adjusted]:
    for name, method in R_NAMES.items():
        for outcome in ("gave", "amount"):
            yield Adjusted("karlan_list", f"padj.{outcome}.{name}", method)
    for name in COMMON:
        yield Adjusted("kenya_registration", f"padj.{name}", R_NAMES[name])
        for outcome in TEXT_OUTCOMES:
            yield Adjusted("rubella_text", f"padj.{outcome}.{name}", R_NAMES[name])
    for coupon in "10":
        for outcome in ("intend_test", "tested", "vaccinated"):
            yield Adjusted("rubella_text", f"coupon{coupon}.padj.{outcome}.holm", "holm")


FAMILIES = tuple(families())
