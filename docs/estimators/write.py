"""Writes one page for every estimator and test.

    python docs/estimators/write.py

What a page says of the code is read from the code (a module's own words, its estimand); what it says
of evidence is checked by tests/analysis/test_estimator_pages.py against the tests that hold it.
"""

from __future__ import annotations

import importlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from nudge.analysis.estimators import estimator_names

FOLDER = Path(__file__).parent
R = "certified against R"
R_HERE = "held to R's clubSandwich on rows stored here, and simulated"
SIMULATED = "simulated"
WRITTEN_OUT = "held to the formula written out"
SITES = "docs/simulation/few_clusters.json"
DESIGNS = "docs/simulation/designs.json"
LINES = "docs/simulation/lines.json"
MISSING = "docs/simulation/missing.json"
FAMILIES = "docs/simulation/families.json"
NAMED = "docs/simulation/named_estimators.json"
LIVE = "tests/reference/test_live_r.py"


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    formula: in the symbols of the source. assumes: what must be true. tier: how sure one can be. r: ids of
    reference numbers that are reproduced to nine digits, by data set. tests: files that hold the rest. stage: the
    module's folder in nudge/.
    """

    module: str
    title: str
    formula: str
    assumes: str
    sources: tuple[str, ...]
    tier: str
    r: tuple[tuple[str, str], ...] = ()
    tests: tuple[str, ...] = ()
    stage: str = "analysis"


_CR2 = "Pustejovsky & Tipton (2018), Journal of Business & Economic Statistics 36:672-683"
_ITT = "Allocation was by chance as the file says; one unit's arm does not change another's outcome; outcomes that are \
missing are missing alike in both arms."
_HUSSEY = "Hussey & Hughes (2007), Contemporary Clinical Trials 28:182-191"
_WEDGE = (
    "Clusters crossed at the steps that were drawn for them; families come when they come, whatever their cluster "
    "gets; what changes with the calendar changes alike in all clusters; outcomes that are missing are missing alike "
    "before and after."
)
_WEDGE_TESTS = ("tests/reference/test_stepped_wedge.py", "docs/simulation/stepped_wedge.json")
PAGES = {
    "difference_in_means": Page(
        "estimators.difference_in_means", "Difference in means",
        "τ = ȳ₁ − ȳ₀; with covariates the coefficient of the arm in y ~ arm × (x − x̄). Variance: HC2, e²/(1 − h), or "
        "CR2, (I − H_gg)^−½ e_g, where a unit has several rows; t with Satterthwaite degrees of freedom.",
        _ITT, ("Lin (2013), Annals of Applied Statistics 7:295-318", _CR2), R,
        (("social_insure", "default.CR2"), ("karlan_list", "dim.gave"), ("karlan_list", "lin.gave"),
         ("rubella_text", "dim.tested.C")),
        (SITES, "tests/reference/test_stored_simulation.py"),
    ),
    "block_weighted": Page(
        "estimators.block_weighted", "Differences within blocks, weighted by size",
        "τ = Σ (n_b / n) (ȳ₁b − ȳ₀b), fitted as y ~ arm × centred block. Variance as for the difference in means.",
        f"{_ITT} Every block has at least two units of both arms. With 12 sites of very unequal size false positives "
        "lie just above their band (docs/simulation.md): below 20 sites, `average: cluster`.",
        ("Imbens & Rubin (2015), Causal Inference, ch. 9", _CR2), R,
        (("foos_street_gotv", "dim.blocked_clustered"), ("social_pressure_200", "sub200.blocked_clustered_dim.self")),
        ("tests/analysis/test_estimators.py", DESIGNS),
    ),
    "paired": Page(
        "estimators.paired", "Pairs",
        "τ = Σ w_k d_k / Σ w_k, w the pair's rows; variance k/(k − 1) Σ (w_k d_k − mean)² / (Σ w)², df k − 1.",
        f"{_ITT} Every block is a pair with one unit of each arm. With few pairs of sites of very unequal size it errs "
        "on the safe side: fewer false positives than 5 % (docs/simulation.md).",
        ("Imai, King & Nall (2009), Statistical Science 24:29-53, eq. 5 and 7",), R,
        (("kenya_registration", "paired.sms"), ("kenya_registration", "dim_pairs.local")),
        ("tests/analysis/test_estimators.py", DESIGNS),
    ),
    "batched": Page(
        "estimators.batched", "Batches of an adaptive draw",
        "τ = Σ w_b d_b / Σ w_b, w_b = √(n₁n₀ / (n₁ + n₀)), standard error √Σ w_b² s_b² / Σ w_b, d_b and s_b the "
        "difference in means of batch b and its HC2 or CR2 error; t on B² / Σ (1 / ν_b).",
        "Within a batch every family had the same logged chances, and outcomes that a batch learned from were all in. "
        "The effect is much alike in all batches; the level of the outcome may drift.",
        ("Zhang, Janson & Murphy (2020), NeurIPS 33, Inference for batched bandits",), SIMULATED,
        (), ("tests/analysis/test_batches_of_bandits.py", DESIGNS),
    ),
    "fixed_effects": Page(
        "estimators.fixed_effects", "Arm beside block indicators",
        "The coefficient of the arm in y ~ arm + block: differences within blocks, weighted by precision.",
        f"{_ITT} The arm's chance is the same in every block; the effect is much alike in all blocks.",
        ("Angrist & Pischke (2009), Mostly Harmless Econometrics, ch. 3", _CR2), R,
        (("foos_street_gotv", "fe.CR2"), ("social_insure", "default.admin_fe.CR2")), (DESIGNS,),
    ),
    "inverse_probability": Page(
        "estimators.inverse_probability", "Weights by the chance of the own arm",
        "τ = Σ w y / Σ w over the arm less the same over the control, w = 1 / chance of the own arm (Hájek).",
        f"{_ITT} The chances are those of the draw.",
        ("Hájek (1971), in Foundations of Statistical Inference", _CR2), R, (("foos_street_gotv", "wls.CR2"),),
        ("tests/analysis/test_estimators.py",),
    ),
    "cluster_means": Page(
        "estimators.cluster_means", "Every cluster counts the same",
        "The difference of unweighted means of cluster means, by the rule for individuals; t on clusters − parameters.",
        f"{_ITT}", ("Leyrat, Morgan, Leurent & Kahan (2018), International Journal of Epidemiology 47:321-331",), R,
        (("social_insure", "default.village_means"), ("foos_street_gotv", "street_means")), (SITES, DESIGNS),
    ),
    "immediate_effect": Page(
        "estimators.immediate_effect", "Stepped wedge, one constant effect",
        "θ in y = α(cluster) + β(period) + θ·crossed + x'γ, by least squares; CR2 by cluster, t with Satterthwaite "
        "degrees of freedom. Below 20 clusters p is the share of schedules whose |t| is at least the one seen.",
        f"{_WEDGE} The effect is the same from the day of crossing on.", (_HUSSEY, _CR2), R_HERE, (), _WEDGE_TESTS,
    ),
    "exposure_averaged": Page(
        "estimators.exposure_averaged", "Stepped wedge, averaged over the time since crossing",
        "Mean of δ₁ … δ_E in y = α(cluster) + β(period) + Σ δ_e·[e periods since the step] + x'γ, by least squares; "
        "CR2 by cluster, t with Satterthwaite degrees of freedom. Below 20 clusters p is the share of schedules whose "
        "|t| is at least the one seen.",
        f"{_WEDGE} The effect hangs on the time since crossing alone.",
        ("Kenny, Voldal, Xia, Heagerty & Hughes (2022), Statistics in Medicine 41:4311-4339", _HUSSEY, _CR2), R_HERE,
        (), _WEDGE_TESTS,
    ),
    "cace": Page(
        "cace", "The effect on those reached",
        "τ = ITT on the outcome / ITT on being reached; variance of the ITT estimator on y − τ·reached, over the "
        "square of the share reached. Anderson-Rubin: every b whose ITT on y − b·reached is not rejected.",
        f"{_ITT} Allocation works only through being reached; nobody in the control is reached.",
        ("Angrist, Imbens & Rubin (1996), JASA 91:444-455",
         "Anderson & Rubin (1949), Annals of Mathematical Statistics 20:46-63"), R,
        (("social_insure", "iv.CR2"), ("social_insure", "iv.full.stata")),
        ("tests/analysis/test_cace.py", "tests/reference/test_beside.py", "tests/analysis/test_wedge_lines.py", LINES),
    ),
    "logit": Page(
        "estimators.logit", "Difference in chances, by a logistic model",
        "τ = mean of expit(xᵢ₁'β) − expit(xᵢ₀'β) over the comparison's rows, β of greatest likelihood. Variance g'Vg, "
        "g the gradient of τ, V the HC2 or CR2 of the least squares of √w z on √w x at the last step, w = p(1 − p).",
        f"{_ITT} Enough events and non-events beside every covariate: where one group has none it is refused.",
        ("Freedman (2008), Statistical Science 23:237-249",
         "Rosenblum & van der Laan (2010), International Journal of Biostatistics 6(1):13",
         "FDA (2023), Adjusting for Covariates in Randomized Clinical Trials", _CR2),
        R, (("karlan_list", "logit.gave"), ("made_rows", "logit.x"), ("made_rows", "logit.blocks")), (NAMED, LIVE),
    ),
    "rate_ratio": Page(
        "estimators.rate_ratio", "Ratio of rates, by a Poisson model",
        "τ = log Σ exp(xᵢ₁'β + log eᵢ) − log Σ exp(xᵢ₀'β + log eᵢ), e the exposure; shown as exp(τ). Variance as for "
        "the logistic model, w = μ.",
        f"{_ITT} The arm multiplies the rate alike whatever the exposure.",
        ("Zou (2004), American Journal of Epidemiology 159:702-706", _CR2),
        R, (("karlan_list", "rr.gave"), ("made_rows", "rate_ratio.exposed"), ("made_rows", "rate_ratio.blocks")),
        (NAMED, LIVE),
    ),
    "rate_difference": Page(
        "estimators.rate_difference", "Difference of rates, by a Poisson model",
        "τ = (Σ exp(xᵢ₁'β + log eᵢ) − Σ exp(xᵢ₀'β + log eᵢ)) / Σ eᵢ. Variance as for the ratio of rates.",
        f"{_ITT}", ("Zou (2004), American Journal of Epidemiology 159:702-706", _CR2), R,
        (("made_rows", "rate_difference.exposed"), ("made_rows", "rate_difference.blocks")),
        ("tests/analysis/test_named.py", NAMED),
    ),
    "negative_binomial": Page(
        "estimators.negative_binomial", "Ratio of rates, by a negative binomial model",
        "As the Poisson ratio with variance μ + αμ², α of greatest profile likelihood; w = μ / (1 + αμ).",
        f"{_ITT} The arm multiplies the rate alike whatever the exposure.",
        ("Lawless (1987), Canadian Journal of Statistics 15:209-225",
         "Venables & Ripley (2002), Modern Applied Statistics with S, ch. 7"), R,
        (("made_rows", "negative_binomial.exposed"),), (NAMED,),
    ),
    "survival": Page(
        "estimators.survival", "Mean time until it happened",
        "τ = ∫₀ᴸ S₁(t) dt − ∫₀ᴸ S₀(t) dt, S the Kaplan-Meier curves, L the last day both are known. Each row stands "
        "for its arm's area plus n times its infinitesimal jackknife; the draw's own estimator is fitted to these.",
        f"{_ITT} Who is followed for how long does not hang on when it would have happened.",
        ("Kaplan & Meier (1958), JASA 53:457-481", "Royston & Parmar (2013), BMC Medical Research Methodology 13:152",
         "Andersen, Hansen & Klein (2004), Lifetime Data Analysis 10:335-350"), R,
        (("made_rows", "survival.rmean"), ("made_rows", "survival.jackknife"), ("made_rows", "survival.curve.1")),
        (NAMED, LIVE),
    ),
    "cox": Page(
        "estimators.cox", "Ratio of hazards",
        "β of greatest partial likelihood, ties by Efron, blocks as strata; variance I⁻¹ (Σ_g u_g u_g') I⁻¹ · "
        "G/(G − 1), u the score residuals added up by the randomised unit; t on G − 1 − columns.",
        f"{_ITT} The ratio of hazards is the same on every day. Who is followed for how long does not hang on when it "
        "would have happened.",
        ("Cox (1972), Journal of the Royal Statistical Society B 34:187-220",
         "Efron (1977), JASA 72:557-565", "Lin & Wei (1989), JASA 84:1074-1078",
         "Mantel (1966), Cancer Chemotherapy Reports 50:163-170"), R,
        (("made_rows", "cox.x"), ("made_rows", "cox.blocks"), ("made_rows", "logrank.blocks")), (NAMED, LIVE),
    ),
    "ordinal": Page(
        "estimators.ordinal", "The chance of doing better",
        "τ = P(y₁ > y₀) + ½P(y₁ = y₀) − ½. A row of the arm stands for F₀(y), one of the control for F₁(y) + τ, F the "
        "share below plus half the share equal; the draw's own estimator is fitted to these.",
        f"{_ITT}",
        ("Mann & Whitney (1947), Annals of Mathematical Statistics 18:50-60",
         "Brunner & Munzel (2000), Biometrical Journal 42:17-25", "Zou (2021), Statistics in Medicine 40:3227-3251"), R,
        (("made_rows", "ordinal.win"), ("made_rows", "ordinal.brunner_munzel")), (NAMED,),
    ),
    "micro_randomised": Page(
        "estimators.micro_randomised", "Moments drawn one by one",
        "β of the least squares of y on known columns and A − p̃, rows weighted by p̃ᴬ(1 − p̃)¹⁻ᴬ / (pᴬ(1 − p)¹⁻ᴬ); "
        "variance with (I − H_gg)⁻¹e_g by person; t on people − columns.",
        "A message was drawn by chance at every available decision point, with the chance the file gives. One moment's "
        "message does not change another person's outcome. The effect is that of a moment, whatever earlier ones were.",
        ("Boruvka, Almirall, Witkiewicz & Murphy (2018), JASA 113:1112-1121",
         "Mancl & DeRouen (2001), Biometrics 57:126-134",
         "Liao, Klasnja, Tewari & Murphy (2016), Statistics in Medicine 35:1944-1971"), R,
        (("made_rows", "micro_randomised.plain"), ("made_rows", "micro_randomised.mood")), (NAMED, LIVE),
    ),
    "factorial": Page(
        "factorial", "Factorial main effects",
        "τ = mean over the other factors' combinations of ȳ(level) − ȳ(first level), by arm means; HC2 or CR2.",
        f"{_ITT} Every combination of levels is an arm.",
        ("Dasgupta, Pillai & Rubin (2015), Journal of the Royal Statistical Society B 77:727-753",), R,
        (("social_insure", "factorial.CR2.default_buy"),), ("tests/analysis/test_factorial.py", LINES),
    ),
    "missing": Page(
        "missing", "Missing outcomes",
        "Worst and best case: every missing outcome at its extreme. Lee: the mean of the side with more outcomes "
        "less a share 1 − min/max of its largest, and of its smallest. Weights: 1 / chance of an outcome, by logistic "
        "regression in each arm on the covariates (and, in a stepped wedge, the period). What is no mean stands by "
        "numbers for rows whose weighted means differ by the effect: placements, what a row moves a curve or the "
        "logarithm of a rate by. Extremes: yes and no; the lowest and highest answer given; a time at once and not "
        "within the window; none of a count or a measurement. Outcomes whose window is open are not missing.",
        "Worst and best case: nothing. Lee: the message moves whether an outcome is known in one direction only; the "
        "bounds have no error of their own, and miss a truth at one of them half the time (docs/simulation.md). "
        "Weights: those missing are like those known with the same arm and covariates.",
        ("Manski (1990), American Economic Review 80:319-323", "Lee (2009), Review of Economic Studies 76:1071-1102",
         "Seaman & White (2013), Statistical Methods in Medical Research 22:278-295"),
        f"{WRITTEN_OUT} and simulated", (),
        ("tests/analysis/test_missing.py", "tests/analysis/test_lines.py", "tests/analysis/test_other_kinds.py",
         "tests/analysis/test_wedge_lines.py", "tests/reference/test_beside.py", MISSING),
    ),
    "imputation": Page(
        "imputation", "Imputation of missing outcomes",
        "Within each arm, logit P(event) or mean = constant + covariates + block + mean of the cluster's others, "
        "fitted anew to a bootstrap of units for every completed set; counts and answers in an order are those of one "
        "of the five foretold most alike; in a stepped wedge the period is the block. Each set by the planned "
        "estimator; times are not filled in. Pooled: mean; "
        "variance W + (1 + 1/m) B; df 1 / (λ²/(m − 1) + 1/((ν + 1)/(ν + 3) ν (1 − λ))).",
        "Those missing are like those known with the same arm, block, cluster and covariates.",
        ("Rubin (1987), Multiple Imputation for Nonresponse", "Barnard & Rubin (1999), Biometrika 86:948-955",
         "White, Royston & Wood (2011), Statistics in Medicine 30:377-399"),
        "pooling held to R's mice; the rest simulated", (),
        ("tests/analysis/test_imputation.py", "tests/analysis/test_other_kinds.py", MISSING),
    ),
    "romano_wolf": Page(
        "romano_wolf", "Romano and Wolf's step-down",
        "p₍ⱼ₎ = (1 + draws whose largest |t| among questions not yet judged is at least |t₍ⱼ₎|) / (1 + draws), never "
        "falling, never below the question's own p. Every draw gives all arms anew.",
        "The law of the draw is known, and every comparison has 30 randomised units; else Holm stands, and says so. "
        "Exact where no message changes any outcome.",
        ("Romano & Wolf (2005), Econometrica 73:1237-1282",
         "Romano & Wolf (2016), Statistics & Probability Letters 113:38-40"),
        "simulated, and held to Dunnett's test", (), ("tests/analysis/test_romano_wolf.py", FAMILIES),
    ),
    "looks": Page(
        "sequential", "Looks before the end",
        "Spent by share t of the planned information: 4 − 4Φ(z_{α/4}/√t) (O'Brien-Fleming) or α log(1 + (e − 1) t) "
        "(Pocock). A look stops at p ≤ its boundary, p from its own t. After a stop: stagewise order. At any moment: "
        "τ ± s √(2 (1 + 1/m) log(√(m + 1)/α)).",
        "Estimates grow like a Brownian motion in 1/variance; at least 20 clusters. Looks do not change the trial "
        "in any other way. With 20 very unequal sites at the first of three looks 6.7 % of true nulls crossed "
        "(docs/simulation.md).",
        ("Lan & DeMets (1983), Biometrika 70:659-663", "Jennison & Turnbull (2000), Group Sequential Methods",
         "Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), Annals of Statistics 52:2613-2640"),
        "held to R's rpact and mvtnorm, and simulated", (),
        ("tests/reference/test_looks_by_r.py", "tests/analysis/test_sequential.py", "tests/analysis/test_looks.py",
         FAMILIES),
    ),
    "beliefs": Page(
        "beliefs", "What to believe now",
        "posterior ∝ N(τ; prior mean, prior sd) × t_ν((τ̂ − τ)/s), integrated by Gauss-Legendre. Type S and M: for "
        "τ̂ = truth + s t_ν, the share of p < α with the wrong sign, and their mean size over the truth.",
        "The prior is the reader's own; the likelihood is that of the planned estimate. Never sets a verdict.",
        ("Spiegelhalter, Abrams & Myles (2004), Bayesian Approaches to Clinical Trials",
         "Gelman & Carlin (2014), Perspectives on Psychological Science 9:641-651"),
        "held to R's own integrals", (), ("tests/analysis/test_beliefs.py",),
    ),
    "economics": Page(
        "economics", "What an extra outcome costs",
        "ratio C/E of the arm's effect on cost and on the outcome, both by the planned estimator, with their "
        "covariance. Fieller: r with (C − rE)² ≤ t² (v_C − 2r v_CE + r² v_E). Net gain: value × E − C.",
        "The prices of the file. No ratio is given where the effect's interval includes zero.",
        ("Fieller (1954), JRSS B 16:175-185", "Willan & Briggs (2006), Statistical Analysis of Cost-effectiveness Data",
         "Cochran (1977), Sampling Techniques, eq. 6.13"),
        f"{WRITTEN_OUT} and simulated", (), ("tests/analysis/test_economics.py",),
    ),
    "attributable": Page(
        "attributable", "Events an arm brought about",
        "a stands in the interval where the hypergeometric law of the table with a events fewer in the arm does not "
        "reject what is left.",
        "Fixed numbers of individuals were drawn, without blocks. Nothing of how the effect varies.",
        ("Rosenbaum (2001), Biometrika 88:219-231", "Rigdon & Hudgens (2015), Statistics in Medicine 34:924-935"),
        "every draw of small populations gone through", (), ("tests/analysis/test_attributable.py",),
    ),
    "risk_bands": Page(
        "risk_bands", "Bands of predicted risk",
        "logit or linear model of the outcome on the named columns, fitted to nine tenths of the control arm's units, "
        "predicts the other tenth of all units; quantiles make the bands; then as for subgroups.",
        "The columns were fixed before the draw.",
        ("Abadie, Chingos & West (2018), Review of Economics and Statistics 100:567-580",),
        SIMULATED, (), ("tests/analysis/test_risk_bands.py",),
    ),
    "randomisation": Page(
        "studentised", "Randomisation inference",
        "p = (1 + draws whose |t| is at least the one observed) / (1 + draws), t the estimator's own on each draw.",
        "The law of the draw is known. For the interval: the effect is one constant shift.",
        ("Wu & Ding (2021), JASA 116:1898-1913", "Zhao & Ding (2021), Journal of Econometrics 225:278-294",
         "Phipson & Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9:39"), SIMULATED,
        (), ("tests/analysis/test_studentised.py", "tests/analysis/test_randomisation.py", FAMILIES),
    ),
    "score_interval": Page(
        "score_interval", "An arm without events",
        "Differences δ with (d − δ)² ≤ z² Ṽ(δ), Ṽ at the likelihoods' maximum under δ, times N/(N − 1).",
        f"{_ITT} Individuals, no blocks.",
        ("Miettinen & Nurminen (1985), Statistics in Medicine 4:213-226",
         "Newcombe (1998), Statistics in Medicine 17:873-890, Table II"), WRITTEN_OUT,
        (), ("tests/analysis/test_score_interval.py",),
    ),
    "subgroups": Page(
        "joint", "Subgroups and joint tests",
        "F = (η − q + 1)/(ηq) · Q, Q = b'V⁻¹b with CR2, η = q(q + 1) / Σ Var; for individuals Q/q on q and n − k. "
        "Where the effect is no difference in means, of the numbers that stand for rows within each level (times over "
        "the days followed in every level); of Cox's regression, Wald's test of its levels' coefficients.",
        f"{_ITT} Subgroups are of columns fixed before allocation.",
        ("Tipton & Pustejovsky (2015), Journal of Educational and Behavioral Statistics 40:604-634",
         "Wang, Lagakos, Ware, Hunter & Drazen (2007), NEJM 357:2189-2194"),
        f"{R} for individuals; by clusters {WRITTEN_OUT} and simulated",
        (("rubella_text", "joint.tested"),),
        ("tests/analysis/test_subgroups.py", "tests/reference/test_beside.py", "tests/analysis/test_other_kinds.py",
         LINES),
    ),
    "pooling": Page(
        "pooling", "Several studies pooled",
        "μ = (1'V⁻¹1)⁻¹ 1'V⁻¹y, V = diag(v) + τ²; with groups V = diag(v) + τ²_effect + τ²_group within each. τ² of "
        "greatest restricted likelihood. Error: independent effects √(max(1, r'V⁻¹r / (k − 1)) / 1'V⁻¹1), t on k − 1; "
        "groups CR2, t with Satterthwaite degrees of freedom, no interval below 4. The next study: μ ± t √(τ² + s²). "
        "I² = τ² / (τ² + typical v). Egger's slope, PET and PEESE: y on 1 and √v, y on 1 and v.",
        "Every study reports its effect without bias and its standard error as if known; true effects scatter about "
        "their mean by a normal law; the studies pooled are those there are. All effects are on one scale. The "
        "standard errors of Cohen's d rise with d itself, which Egger's slope takes for small-study effects.",
        ("Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30:261-293",
         "Hartung & Knapp (2001), Statistics in Medicine 20:3875-3889",
         "Sidik & Jonkman (2002), Statistics in Medicine 21:3153-3159",
         "Hedges, Tipton & Johnson (2010), Research Synthesis Methods 1:39-65", _CR2,
         "Higgins, Thompson & Spiegelhalter (2009), JRSS A 172:137-159",
         "Higgins & Thompson (2002), Statistics in Medicine 21:1539-1558",
         "Egger, Davey Smith, Schneider & Minder (1997), BMJ 315:629-634",
         "Stanley & Doucouliagos (2014), Research Synthesis Methods 5:60-78",
         "Rodgers & Pustejovsky (2021), Psychological Methods 26:141-160"), R,
        (("mertens_nudge_meta", "rve.pub_es.CR2"), ("mertens_nudge_meta", "rma.REML.knha"),
         ("mertens_nudge_meta", "petpeese"), ("mertens_nudge_meta", "rma.FE")),
        ("tests/evidence/test_pooling.py", "tests/reference/test_live_pool.py"), "evidence",
    ),
}  # fmt: skip
"""By file name. Every file of nudge/analysis/estimators has one of the same name."""
PAGES |= {
    "covariates": Page(
        "redundant", "Covariates that a model can hold",
        "A column is left out where what blocks and the columns named before it leave of it is below 10⁻⁸ of its "
        "spread. Then: interacted with the arm (Lin) up to one column per ten units of the smaller arm; beside it up "
        "to one per five, and where a level is missing from an arm or one unit alone has it there; else none.",
        "Columns were fixed before the draw. Nothing here looks at the outcome.",
        ("Lin (2013), Annals of Applied Statistics 7:295-318",), "held to statsmodels on the rows",
        (), ("tests/analysis/test_redundant.py", "tests/analysis/test_choice.py"),
    ),
    "multiplicity": Page(
        "multiplicity", "Several questions at once",
        "Holm: p₍ⱼ₎ · (m − j + 1), never falling, at most 1, p in rising order and m the size of the family. "
        "Benjamini-Hochberg: p₍ⱼ₎ · m / j, never rising from the largest down.",
        "Holm: nothing of how the questions hang together. Hochberg and Benjamini-Hochberg: that they are independent "
        "or positively related.",
        ("Holm (1979), Scandinavian Journal of Statistics 6:65-70", "Hochberg (1988), Biometrika 75:800-802",
         "Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57:289-300"),
        "statsmodels' own; Holm by hand", (), ("tests/analysis/test_checks.py",),
    ),
    "verdict": Page(
        "verdict", "The verdict",
        "On the interval at 1 − α/m, δ the smallest worthwhile change, the first that holds: upper end < 0; upper end "
        "< δ; lower end > 0 and estimate ≥ δ; else undecided. Held to a margin M: lower end > −M; both ends within ±M.",
        "The estimate's own page. δ and M were named before anyone saw a result.",
        ("Piaggio, Elbourne, Pocock, Evans & Altman (2012), JAMA 308:2594-2604",
         "Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15:657-680"),
        WRITTEN_OUT, (), ("tests/analysis/test_verdict.py",),
    ),
    "checks": Page(
        "checks", "Attrition and sample ratio",
        "Attrition: the planned comparison's own rule with \"an outcome is known\" in the outcome's place. Sample "
        "ratio: Σ (O − E)² / E over arms, O the units, E by the designed shares; χ² on arms − 1.",
        "Attrition: as the difference in means. Sample ratio: units were drawn one by one with the shares of `ratio:`.",
        ("Fabijan and others (2019), KDD, Diagnosing sample ratio mismatch",), WRITTEN_OUT,
        (), ("tests/analysis/test_checks.py",),
    ),
    "careless": Page(
        "careless", "What a careless analysis would say",
        "Rows counted as drawn: HC2 in place of CR2. Blocks forgotten: √(s₁²/n₁ + s₀²/n₀) in place of the blocks'. "
        "Zeros left out: the means of those above zero, with a pooled variance.",
        "What is wrong: each says why on its line.",
        ("Moulton (1990), Review of Economics and Statistics 72:334-338",
         "Angrist & Pischke (2009), Mostly Harmless Econometrics, sections 3.4.2 and 8.2"),
        "held to the naive numbers of published trials", (), ("tests/reference/test_careless_answers.py",),
    ),
    "icc": Page(
        "icc", "How alike the people of one cluster are",
        "(B − W) / (B + (n₀ − 1) W), B and W the mean squares between and within clusters, n₀ = (n − Σ n_g²/n) / "
        "(G − 1).",
        "One likeness for all clusters. Its own error is large with few of them.",
        ("Donner & Koval (1980), Biometrics 36:19-25",), WRITTEN_OUT, (), ("tests/analysis/test_checks.py",),
    ),
}  # fmt: skip
"""What stands beside estimates."""
USED: dict[str, dict[str, str]] = tomllib.loads((FOLDER / "used.toml").read_text(encoding="utf-8"))
"""By file name: when a number is given, when it is refused, how it is shown."""


def page(name: str) -> str:
    """The text of one page."""
    what = PAGES[name]
    module = importlib.import_module(f"nudge.{what.stage}.{what.module}")
    first, _, rest = (module.__doc__ or "").strip().partition("\n\n")
    lines = [f"# {what.title}", "", " ".join(first.split()), ""]
    estimand = getattr(module, "ESTIMAND", None)
    lines += [f"**Estimand.** {estimand[0].upper()}{estimand[1:]}.", ""] if estimand else []
    told = USED[name]
    lines += [f"**Used** {told['used']}", "", f"**Refused** {told['refused']}", "", f"**Shown** {told['shown']}", ""]
    lines += [f"**Assumes.** {what.assumes}", "", f"**Formula.** {what.formula}", ""]
    lines += [" ".join(part.split()) + "\n" for part in rest.split("\n\n") if part.strip()]
    lines += [f"**Sources.** {'; '.join(what.sources)}.", "", f"**Evidence: {what.tier}.** {_evidence(what)}", ""]
    lines += [f"The code: `nudge/{what.stage}/{what.module.replace('.', '/')}.py`.", ""]
    return "\n".join(lines)


def _evidence(what: Page) -> str:
    parts = []
    if what.r:
        ids = ", ".join(f"{data} `{one}`" for data, one in what.r)
        digits = "six digits, where likelihoods stop being searched," if what.stage == "evidence" else "nine digits"
        parts.append(f"Agrees to {digits} with {ids} and others like them (`tests/reference`).")
    if what.tests:
        parts.append(f"Also held by {', '.join(f'`{one}`' for one in what.tests)}.")
    return " ".join(parts)


def index() -> str:
    """The list of pages."""
    lines = ["# Estimators", "", "How each number is made, what it assumes, and how sure one can be of the code.", ""]
    lines += ["| page | evidence |", "|---|---|"]
    lines += [f"| [{what.title}]({name}.md) | {what.tier} |" for name, what in PAGES.items()]
    return "\n".join([*lines, ""])


def everything() -> dict[Path, str]:
    """Every file and its text. Raises where an estimator has no page."""
    without = (set(estimator_names()) - set(PAGES)) | (set(PAGES) ^ set(USED))
    if without:
        raise KeyError(f"no page, or no entry in used.toml, for {', '.join(sorted(without))}")
    return {FOLDER / "README.md": index(), **{FOLDER / f"{name}.md": page(name) for name in PAGES}}


if __name__ == "__main__":
    for path, text in everything().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(FOLDER.parent.parent)}")
