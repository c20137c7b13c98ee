"""The text that is embedded for a line: the line, where it stands, and the lines around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from receipt_dynamo import Line
from receipt_label.batch_file import EmbeddingRequest
from receipt_label.place import EDGE, describe_place


def line_requests(lines: Iterable[Line]) -> list[EmbeddingRequest]:
    """A request for each line of one receipt, from top to bottom."""
    ordered = sorted(lines, key=lambda line: (line.box.center_y, line.box.x, line.ref))
    return [EmbeddingRequest(line.ref, _format(ordered, place)) for place, line in enumerate(ordered)]


def _format(lines: Sequence[Line], place: int) -> str:
    line = lines[place]
    above = lines[place - 1].text if place > 0 else EDGE
    below = lines[place + 1].text if place + 1 < len(lines) else EDGE
    position = describe_place(line.box)
    return f"<TARGET>{line.text}</TARGET> <POS>{position}</POS> <CONTEXT>{above} | {below}</CONTEXT>"
