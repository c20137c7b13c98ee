"""The file that a batch is submitted as: JSON lines, one embedding request each.

The format is the Batch API's (https://platform.openai.com/docs/api-reference/batch/request-input).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from receipt_dynamo import LineRef, WordRef

MODEL = "text-embedding-3-small"
ENDPOINT = "/v1/embeddings"
REQUEST_LIMIT = 50_000
"""The most requests that the service takes in one batch."""


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """One text to embed; the reference is what its result is known by."""

    ref: LineRef | WordRef
    text: str


def render_batch_file(requests: Iterable[EmbeddingRequest], model: str = MODEL) -> str:
    """The file's text."""
    return "".join(
        json.dumps(
            {
                "custom_id": str(request.ref),
                "method": "POST",
                "url": ENDPOINT,
                "body": {"model": model, "input": request.text},
            },
            ensure_ascii=False,
        )
        + "\n"
        for request in requests
    )


def parse_custom_ids(text: str) -> list[str]:
    """The names of the requests in a file of `render_batch_file`, in its order."""
    return [str(json.loads(line)["custom_id"]) for line in text.splitlines()]
