"""Batch reads and writes, until DynamoDB has done all of them.

A batch call may succeed and still leave a part undone (throttling, or an answer of 16 MB): only
that part is sent again, after a pause that doubles.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from receipt_dynamo.errors import UnprocessedError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestUnionTypeDef

    from receipt_dynamo.item import Item

WRITE_LIMIT = 25
"""The most items of one `BatchWriteItem`."""
READ_LIMIT = 100
"""The most keys of one `BatchGetItem`."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often to try, and how long to pause between: `base` seconds, doubling, with jitter."""

    attempts: int = 8
    base: float = 0.05
    sleep: Callable[[float], None] = time.sleep

    def pauses(self) -> Iterator[None]:
        """One turn for each attempt, with the pauses between them."""
        for attempt in range(self.attempts):
            if attempt > 0:
                self.sleep(random.uniform(0.5, 1.0) * self.base * 2 ** (attempt - 1))
            yield


def batch_write(client: DynamoDBClient, table: str, items: Iterable[Item], backoff: Backoff) -> int:
    """Store all items and say how many there were."""
    count = 0
    for chunk in chunks(items, WRITE_LIMIT):
        _write_chunk(client, table, chunk, backoff)
        count += len(chunk)
    return count


def batch_get(client: DynamoDBClient, table: str, keys: Iterable[Item], backoff: Backoff) -> Iterator[Item]:
    """The items of those keys that exist, in no order."""
    for chunk in chunks(keys, READ_LIMIT):
        yield from _get_chunk(client, table, chunk, backoff)


def chunks(values: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The values in lists of at most `size`."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _write_chunk(client: DynamoDBClient, table: str, items: list[Item], backoff: Backoff) -> None:
    left: Sequence[WriteRequestUnionTypeDef] = [{"PutRequest": {"Item": item}} for item in items]
    for _ in backoff.pauses():
        answer = client.batch_write_item(RequestItems={table: left})
        left = answer["UnprocessedItems"].get(table, [])
        if not left:
            return
    raise UnprocessedError(f"{len(left)} items were not written after {backoff.attempts} attempts")


def _get_chunk(client: DynamoDBClient, table: str, keys: list[Item], backoff: Backoff) -> Iterator[Item]:
    left = keys
    for _ in backoff.pauses():
        answer = client.batch_get_item(RequestItems={table: {"Keys": left, "ConsistentRead": True}})
        yield from answer["Responses"].get(table, [])
        unprocessed = answer["UnprocessedKeys"].get(table)
        if unprocessed is None:
            return
        left = [dict(key) for key in unprocessed["Keys"]]
    raise UnprocessedError(f"{len(left)} items were not read after {backoff.attempts} attempts")
