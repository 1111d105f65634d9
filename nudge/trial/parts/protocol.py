"""What a protocol must say (SPIRIT 2025) and no other block of the trial file has a place for.

The words are the designer's own; nothing in here changes how the trial is run. A key left out
is listed by `nudge protocol` as an unmet item, with what to add.
"""

from __future__ import annotations

from nudge.trial.parts.fields import Day, Part, Text


class Roles(Part):
    """Who stands behind the trial.

    sponsor: who answers for the trial, with address; lead: who runs it, with affiliation;
    evaluator: who analyses it, with affiliation; contributors: who wrote the protocol, and who
    did what; contact: where questions go; sponsor_role: what sponsor and funders decide, and
    what they do not; oversight: who else watches over it, such as a steering group.
    """

    sponsor: Text | None = None
    lead: Text | None = None
    evaluator: Text | None = None
    contributors: Text | None = None
    contact: Text | None = None
    sponsor_role: Text | None = None
    oversight: Text | None = None


class Blinding(Part):
    """Who does not know which arm a family is in.

    who: who is kept unaware, or that nobody is; how: what keeps them unaware, and how alike the
    arms look; unblinding: when somebody may be told, and how.
    """

    who: Text | None = None
    how: Text | None = None
    unblinding: Text | None = None


class Protocol(Part):
    """Texts for the protocol and the registration that no other block holds.

    version: the protocol's own number; dated: the day of that version; starts: the day the
    trial begins; ends: the day the last outcome is read; roles: who stands behind the trial;
    registration: registry, number, address and day, or the registry it will be entered in;
    access: where protocol and plan of analysis can be read; data_sharing: which data and code
    others can have, where and how; funding: who pays for the trial, and how much;
    conflicts: interests of those who run or analyse it, or that there are none;
    dissemination: how families, staff and the public will be told the results;
    background: what is known already, from which trials, of benefits and of harms;
    comparator: why the control arm is what it is; objectives: what the trial is to find out, of
    benefits and of harms; locations: country and places; sites: which sites and staff may take
    part; concomitant_care: what else families may or may not be sent meanwhile;
    harms_monitoring: how harms are noticed that no outcome counts; blinding: who does not know
    the arms; data_monitoring: who looks at data during the trial, or why nobody needs to;
    monitoring: who checks how often that the trial is run as written; amendments: who is told
    of changes, and how; consent: who agrees to take part and how, or why no consent is asked;
    ancillary: what families are told of later uses of their data; confidentiality: how
    personal details are protected beyond what this system does; aftercare: what families get
    when the trial is over, and who helps those who were harmed; keywords: words to find the
    trial by.
    """

    version: Text | None = None
    dated: Day | None = None
    starts: Day | None = None
    ends: Day | None = None
    roles: Roles = Roles()
    registration: Text | None = None
    access: Text | None = None
    data_sharing: Text | None = None
    funding: Text | None = None
    conflicts: Text | None = None
    dissemination: Text | None = None
    background: Text | None = None
    comparator: Text | None = None
    objectives: Text | None = None
    locations: Text | None = None
    sites: Text | None = None
    concomitant_care: Text | None = None
    harms_monitoring: Text | None = None
    blinding: Blinding = Blinding()
    data_monitoring: Text | None = None
    monitoring: Text | None = None
    amendments: Text | None = None
    consent: Text | None = None
    ancillary: Text | None = None
    confidentiality: Text | None = None
    aftercare: Text | None = None
    keywords: Text | None = None
