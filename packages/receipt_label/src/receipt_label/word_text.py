"""The text that is embedded for a word: the word, where it stands, and its neighbours in the row.

The row is what the eye sees, not the OCR engine's line: on receipts, a price is often a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from receipt_dynamo import Word
from receipt_label.batch_file import EmbeddingRequest
from receipt_label.place import EDGE, describe_place, share_row


def word_requests(words: Iterable[Word]) -> list[EmbeddingRequest]:
    """A request for each word of one receipt, by number."""
    ordered = sorted(words, key=lambda word: word.ref)
    return [EmbeddingRequest(word.ref, _format(word, ordered)) for word in ordered]


def _format(word: Word, words: Sequence[Word]) -> str:
    row = [other for other in words if other.ref != word.ref and share_row(word.box, other.box)]
    before = [other for other in row if other.box.center_x < word.box.center_x]
    after = [other for other in row if other.box.center_x > word.box.center_x]
    left = max(before, key=lambda other: other.box.center_x).text if before else EDGE
    right = min(after, key=lambda other: other.box.center_x).text if after else EDGE
    position = describe_place(word.box)
    return f"<TARGET>{word.text}</TARGET> <POS>{position}</POS> <CONTEXT>{left} {right}</CONTEXT>"
