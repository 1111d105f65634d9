"""Which openings are flagged, and that nothing else is ever changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.delivery.openings import BURST, SCANNERS, SEVERAL, reason_to_flag, with_bursts_flagged
from nudge.trial.records.openings import Opening

SENT = datetime(2027, 1, 18, 10, tzinfo=UTC)
LATER = SENT + timedelta(minutes=4)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


def opening(link: str, after: float, agent: str = PHONE, send: str = "", flag: str = "") -> Opening:
    at = LATER + timedelta(seconds=after)
    return Opening(at, link, send or link, f"unit of {send or link}", "plan", "plan.1", "booking", "GET", agent, flag)


# As their makers and those who meet them write them; the sources stand beside the list.
SEEN = (
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Google-Safety", "GoogleMessages/20", "Barracuda Sentinel (EE)", "WhatsApp/2.23.18.78 i",
    "Mozilla/5.0 (compatible; SkypeUriPreview; +https://www.skype.com)",
)  # fmt: skip


@pytest.mark.parametrize("agent", SEEN)
def test_a_scanner_that_gives_its_name_is_flagged_by_it(agent: str) -> None:
    assert reason_to_flag(LATER, "GET", agent, SENT).startswith("it was ")


def test_every_scanner_of_the_list_is_seen_and_has_a_source() -> None:
    assert all(any(one.name in agent.lower() for agent in SEEN) for one in SCANNERS)
    assert all(one.source for one in SCANNERS)


def test_a_family_with_a_telephone_is_not_flagged_and_the_same_by_head_or_too_early_is() -> None:
    assert reason_to_flag(LATER, "GET", PHONE, SENT) == ""
    assert reason_to_flag(SENT, "GET", PHONE, SENT) == ""
    assert "HEAD" in reason_to_flag(LATER, "HEAD", PHONE, SENT)
    early = "it was opened before the message could have arrived"
    assert reason_to_flag(SENT - timedelta(microseconds=1), "GET", PHONE, SENT) == early
    assert reason_to_flag(LATER, "GET", PHONE, None) == early


@pytest.mark.parametrize(
    ("openings", "flagged"),
    [
        ([opening("a", 0), opening("b", 0.4), opening("c", 0.9)], 3),
        ([opening("a", 0), opening("b", 0.4), opening("c", 1.0)], 0),
        ([opening("a", 0), opening("b", 0.4)], 0),
        ([opening("a", 0), opening("b", 0.4, send="a")], 2),
        ([opening("a", 0), opening("b", 1.5, send="a")], 0),
        ([opening("a", 0), opening("b", 0.4, agent="another", send="a")], 0),
        ([opening("a", 0), opening("a", 0.3), opening("a", 0.6)], 0),
        ([opening("a", 0), opening("b", 0.8), opening("c", 0.9), opening("d", 1.2), opening("e", 5)], 4),
    ],
)
def test_a_burst_is_two_links_of_one_message_or_three_messages_within_a_second(
    openings: list[Opening], flagged: int
) -> None:
    assert sum(1 for one in with_bursts_flagged(openings) if one.flag) == flagged


OPENINGS = st.lists(
    st.builds(
        opening, st.sampled_from("abcdef"), st.integers(0, 40).map(lambda tenths: tenths / 10),
        st.sampled_from(["one", "two"]), st.sampled_from(["m1", "m2", "m3", "m4"]), st.sampled_from(["", "told"]),
    ),
    max_size=25,
)  # fmt: skip


@given(OPENINGS)
def test_flags_are_only_added_and_agree_with_every_second_looked_at(openings: list[Opening]) -> None:
    openings = sorted(openings, key=lambda one: one.at)
    after = with_bursts_flagged(openings)
    assert [replace(one, flag="") for one in after] == [replace(one, flag="") for one in openings]
    for before, one in zip(openings, after, strict=True):
        seconds = [
            [other for other in openings if other.agent == one.agent and start.at <= other.at < start.at + BURST]
            for start in openings
            if start.at <= one.at < start.at + BURST and start.agent == one.agent
        ]
        messages = [{other.send for other in second} for second in seconds]
        links = [{(other.send, other.identifier) for other in second} for second in seconds]
        in_burst = any(len(m) >= SEVERAL or len(k) > len(m) for m, k in zip(messages, links, strict=True))
        assert bool(one.flag) == (in_burst or bool(before.flag))
        assert not before.flag or one.flag == before.flag
