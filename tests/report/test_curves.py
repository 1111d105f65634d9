"""Power curves in characters and as SVG."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nudge.report.curves import Axes, Curve, curve_svg, curve_text

AXES = Axes("Power of a trial", "true effect, percentage points", 5.0, 0.8)
RISING = Curve("plan - usual", tuple((i / 2, min(1.0, 0.05 + i * 0.05)) for i in range(21)))
SPACE = "{http://www.w3.org/2000/svg}"


def test_the_chart_rises_and_marks_what_is_wanted() -> None:
    lines = curve_text([RISING], AXES)
    rows = [line.partition("|")[2].ljust(61) for line in lines if "|" in line]
    assert len(rows) == 11
    height = [next((10 - i for i, row in enumerate(rows) if row[column] == "*"), -1) for column in range(61)]
    assert height == sorted(height)
    assert "-" in rows[2], "the line at 80 %"
    # worthwhile is half of the way across: between columns 0 and 60
    assert sum(row[30] in ":*-" for row in rows) == 11
    assert lines[0] == "Power of a trial"
    assert lines[-1].endswith("10.0  true effect, percentage points")


def test_several_curves_have_marks_and_names() -> None:
    other = Curve("reminder - usual", tuple((x, y / 2) for x, y in RISING.points))
    lines = curve_text([RISING, other], AXES)
    assert lines[-2:] == ["       * plan - usual", "       o reminder - usual"]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.floats(0.01, 50), st.floats(0.01, 60))
def test_any_curve_can_be_drawn(powers: list[float], top: float, worthwhile: float) -> None:
    curve = Curve("any <&> name", tuple((top * i / (len(powers) - 1), power) for i, power in enumerate(sorted(powers))))
    axes = Axes("a < b & c", "days", worthwhile, 0.8)
    assert len(curve_text([curve], axes)) == 14
    picture = ET.fromstring(curve_svg([curve, curve], axes, "words <&>"))  # noqa: S314 - our own text
    assert [one.tag for one in picture[:2]] == [f"{SPACE}title", f"{SPACE}desc"]
    assert picture[1].text == "words <&>"


def test_the_picture_needs_neither_colour_nor_sight() -> None:
    picture = ET.fromstring(curve_svg([RISING, RISING], AXES, "power 30 % at 5 points"))  # noqa: S314 - our own text
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "title words"
    lines = picture.findall(f"{SPACE}polyline")
    assert [one.get("stroke-dasharray") for one in lines] == [None, "6 4"]
    assert {one.text for one in picture.findall(f"{SPACE}text")} >= {"plan - usual", "wanted", "worthwhile", "80%"}


def test_points_lie_where_their_numbers_say() -> None:
    picture = ET.fromstring(curve_svg([Curve("one", ((0.0, 0.0), (10.0, 1.0)))], AXES, ""))  # noqa: S314 - our own text
    line = picture.find(f"{SPACE}polyline")
    assert line is not None
    (x0, y0), (x1, y1) = ([float(one) for one in point.split(",")] for point in str(line.get("points")).split())
    assert (x0, x1) == pytest.approx((60, 624))
    assert (y0, y1) == pytest.approx((268, 40))
