"""The words for how a message works, and where each stands in EAST and MINDSPACE.

Behavioural Insights Team, EAST: Four Simple Ways to Apply Behavioural Insights (2014);
Dolan et al., MINDSPACE: Influencing Behaviour through Public Policy (2010).
"""

from __future__ import annotations

MECHANISMS = {
    "active_choice": ("easy", "commitments"),
    "commitment": ("social", "commitments"),
    "cost_salience": ("attractive", "salience"),
    "default": ("easy", "defaults"),
    "fresh_start": ("timely", "salience"),
    "friction_removal": ("easy", ""),
    "incentive": ("attractive", "incentives"),
    "loss_framing": ("attractive", "incentives"),
    "messenger": ("social", "messenger"),
    "operational_transparency": ("attractive", "salience"),
    "ownership": ("attractive", "ego"),
    "personal_feedback": ("attractive", "salience"),
    "personal_help": ("easy", "messenger"),
    "personalisation": ("attractive", "salience"),
    "planning_prompt": ("timely", "commitments"),
    "reminder": ("timely", "salience"),
    "simplification": ("easy", ""),
    "social_norm": ("social", "norms"),
    # the two frames' own words, where nothing narrower fits
    "easy": ("easy", ""),
    "attractive": ("attractive", ""),
    "social": ("social", ""),
    "timely": ("timely", ""),
    "incentives": ("attractive", "incentives"),
    "norms": ("social", "norms"),
    "defaults": ("easy", "defaults"),
    "salience": ("attractive", "salience"),
    "priming": ("", "priming"),
    "affect": ("attractive", "affect"),
    "commitments": ("social", "commitments"),
    "ego": ("attractive", "ego"),
}
"""Word → its place in EAST and in MINDSPACE; empty where the frame has none."""
