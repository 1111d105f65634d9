"""The items of SPIRIT 2025 by their published numbers, each topic and each remedy in our own words.

Chan A-W, Boutron I, Hopewell S, et al. SPIRIT 2025 statement: updated guideline for protocols of
randomised trials. PLOS Medicine 2025; 22(4): e1004589, doi 10.1371/journal.pmed.1004589. There
are 34 items, some in lettered parts, 53 rows in all.
"""

from __future__ import annotations

from dataclasses import dataclass

CITATION = (
    "Chan A-W, Boutron I, Hopewell S, et al. SPIRIT 2025 statement: updated guideline for protocols of randomised "
    "trials. PLOS Medicine 2025. doi 10.1371/journal.pmed.1004589"
)


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the checklist. add: what to put where, in case the trial file does not say it."""

    number: str
    topic: str
    add: str


SECTIONS: tuple[tuple[str, tuple[Topic, ...]], ...] = (
    ("Title, version and people", (
        Topic("1a", "Title", "add `title:`"),
        Topic("1b", "Summary of the trial's registration data", "fill in what the empty rows of the summary name"),
        Topic("2", "Version of the protocol", "add `protocol: {version: …, dated: …}`"),
        Topic("3a", "Who wrote the protocol and did what", "add `protocol: {roles: {contributors: …}}`"),
        Topic("3b", "Sponsor, and whom to ask", "add `protocol: {roles: {sponsor: …, contact: …}}`"),
        Topic("3c", "What sponsor and funders decide", "add `protocol: {roles: {sponsor_role: …}}`"),
        Topic("3d", "Who else watches over the trial", "add `protocol: {roles: {oversight: …}}`"),
    )),
    ("Openness", (
        Topic("4", "Registration", "add `protocol: {registration: …}`; `nudge protocol --registration` has the text"),
        Topic("5", "Where protocol and plan of analysis can be read", "add `protocol: {access: …}`"),
        Topic("6", "Sharing of data, code and materials", "add `protocol: {data_sharing: …}`"),
        Topic("7a", "Funding", "add `protocol: {funding: …}`"),
        Topic("7b", "Conflicts of interest", "add `protocol: {conflicts: …}`"),
        Topic("8", "How results will be told", "add `protocol: {dissemination: …}`"),
    )),
    ("Introduction", (
        Topic("9a", "What is known, and why this trial", "add `theory_of_change:` and `protocol: {background: …}`"),
        Topic("9b", "Why the control arm is what it is", "add `protocol: {comparator: …}`"),
        Topic("10", "Objectives, of benefits and of harms", "add `question:` and `protocol: {objectives: …}`"),
    )),
    ("Families' part, and the design", (
        Topic("11", "How families took part in the design", "add `coproduction:`"),
        Topic("12", "Design of the trial", "add `randomise:` or `allocation:`"),
    )),
    ("Participants, messages and outcomes", (
        Topic("13", "Where the trial takes place", "add `protocol: {locations: …}`"),
        Topic("14a", "Who can take part", "add `population: {eligible: …, exclude: …}`"),
        Topic("14b", "Which sites and staff can take part", "add `protocol: {sites: …}`"),
        Topic("15a", "What each arm receives, word for word", "give every arm `messages:` or `receives:`"),
        Topic("15b", "When a message is stopped or changed for a family", "add `population: {safe_to_contact: …}`"),
        Topic("15c", "How it is seen that messages arrive", "add `channels:`"),
        Topic("15d", "What else families may be sent meanwhile", "add `protocol: {concomitant_care: …}`"),
        Topic("16", "Outcomes", "give every outcome a `question:`, and every one that is not distal a `window:`"),
        Topic("17", "Harms", "add what is missing: an outcome with `role: harm`, `protocol: {harms_monitoring: …}`"),
        Topic("18", "Timeline of a family in the trial", "give messages a `send:` and outcomes a `window:`"),
        Topic("19", "Size of the trial", "add `power: {baseline: …}` and `worthwhile:` to the primary outcome"),
        Topic("20", "How families come into the trial", "add `population: {people: …}`"),
    )),
    ("Drawing the arms", (
        Topic("21a", "How the sequence is made, and by whom", "add `randomise:`"),
        Topic("21b", "Kind of randomisation, and its blocks", "add `randomise:` or `allocation: {method: …}`"),
        Topic("22", "How the draw is concealed", "lock the trial: nudge lock FILE"),
        Topic("23", "Whether those who enrol can see what comes next", "lock the trial: nudge lock FILE"),
        Topic("24a", "Who does not know the arms", "add `protocol: {blinding: {who: …}}`"),
        Topic("24b", "How they are kept unaware", "add `protocol: {blinding: {how: …}}`"),
        Topic("24c", "When somebody may be told", "add `protocol: {blinding: {unblinding: …}}`"),
    )),
    ("Data and analysis", (
        Topic("25a", "How data are collected", "give every outcome that is not distal a `source:`"),
        Topic("25b", "How loss of follow-up is kept small", "give every outcome that is not distal a `source:`"),
        Topic("26", "How data are kept", "add `data_protection: {basis: …, retention: …}`"),
        Topic("27a", "How arms are compared", "add `analysis: {comparisons: […]}`"),
        Topic("27b", "Who is analysed, in which arm", "mark an arm as control, or add `analysis: {comparisons: […]}`"),
        Topic("27c", "What is done about missing outcomes", "add `no_record:` to every outcome's source"),
        Topic("27d", "Further analyses", "add `analysis: {subgroups: […], sensitivity: […]}`"),
    )),
    ("Watching over the trial", (
        Topic("28a", "Who looks at data during the trial", "add `protocol: {data_monitoring: …}`"),
        Topic("28b", "Interim looks and rules for stopping", "add `stopping: {opt_out: {limit: …, after: …}}`"),
        Topic("29", "Who checks that it is run as written", "add `protocol: {monitoring: …}`"),
    )),
    ("Ethics", (
        Topic("30", "Approval by an ethics committee", "add `ethics: {reference: …, decided: …}`"),
        Topic("31", "How changes are told", "add `protocol: {amendments: …}`"),
        Topic("32a", "Consent", "add `protocol: {consent: …}`"),
        Topic("32b", "Consent to later uses of data", "add `protocol: {ancillary: …}`"),
        Topic("33", "Confidentiality", "add what is missing: `data_protection:`, `protocol: {confidentiality: …}`"),
        Topic("34", "Care after the trial, and for those harmed", "add `protocol: {aftercare: …}`"),
    )),
)  # fmt: skip
