"""What effects of this kind have been, for planning and for shrinking; never academic values.

Points are proportions: 0.014 is 1.4 percentage points. Centres and where they come from:
DellaVigna & Linos 2022 (126 nudge-unit trials, 23 million people: +1.4 points); the BITUP
trial of texts to parents 2025 (87,909 families: 0.1 points of attendance). The others are
choices, and say so.
"""

from __future__ import annotations

from nudge.trial.records.design import Prior

PRIORS = {
    prior.name: prior
    for prior in (
        Prior("sceptical", 0.0, 0.01, "a choice: most messages change little"),
        Prior("nudge_unit", 0.014, 0.02, "DellaVigna & Linos 2022: 126 nudge-unit trials average +1.4 points"),
        Prior("first_reminder", 0.03, 0.03, "a choice: a first reminder where there was none"),
        Prior("rewording", 0.0, 0.015, "a choice: rewording a message families already get"),
        Prior("parent_texts", 0.001, 0.003, "BITUP 2025: texts to parents moved attendance by 0.1 points"),
    )
}
