"""Where a box is on its receipt, in words, and which boxes stand in one row."""

from __future__ import annotations

from receipt_dynamo import BoundingBox

EDGE = "<EDGE>"
"""Stands for the neighbour of what has none."""

_ROWS = ("top", "middle", "bottom")
_COLUMNS = ("left", "center", "right")


def describe_place(box: BoundingBox) -> str:
    """The ninth of the receipt that holds the box's centre, such as `top-left`."""
    return f"{_ROWS[_third(box.center_y)]}-{_COLUMNS[_third(box.center_x)]}"


def share_row(one: BoundingBox, other: BoundingBox) -> bool:
    """Whether the centre of either box is within the other's height."""
    return _spans(one, other.center_y) or _spans(other, one.center_y)


def _spans(box: BoundingBox, y: float) -> bool:
    return box.y <= y <= box.y + box.height


def _third(fraction: float) -> int:
    return min(int(fraction * 3), 2)
