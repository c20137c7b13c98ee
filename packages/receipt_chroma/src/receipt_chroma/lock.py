"""A lease in DynamoDB: at most one compaction of a collection at a time.

It saves work, not data: what keeps data is the conditional write of the snapshot's pointer. A
holder that dies is followed by the next one when its lease has run out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import boto3
from botocore.exceptions import ClientError

from receipt_chroma.errors import LockHeldError
from receipt_dynamo.errors import is_failed_condition
from receipt_dynamo.item import key_item, number, string

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from receipt_dynamo.item import Item


@dataclass(frozen=True, slots=True)
class LockKey:
    """Where a lock is stored."""

    name: str

    @property
    def partition(self) -> str:
        """The partition key."""
        return f"LOCK#{self.name}"

    @property
    def sort(self) -> str:
        """The sort key: a lock is alone in its partition."""
        return "LOCK"


class CompactionLock:
    """A context manager that holds the lock of that name for at most `lease` seconds."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        name: str,
        *,
        lease: float = 900.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._table = table
        self._key = LockKey(name)
        self._lease = lease
        self._clock = clock
        self._owner = uuid4().hex

    @classmethod
    def connect(cls, table: str, name: str) -> Self:
        """A lock with the credentials and the region of the environment."""
        return cls(boto3.client("dynamodb"), table, name)

    def __enter__(self) -> Self:
        now = number(self._clock())
        self._put("attribute_not_exists(PK) OR expires_at <= :now", {":now": now})
        return self

    def renew(self) -> None:
        """Hold on for another lease; a `LockHeldError` if somebody else holds it by now."""
        self._put("lock_owner = :owner", {":owner": string(self._owner)})

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=key_item(self._key),
                ConditionExpression="lock_owner = :owner",
                ExpressionAttributeValues={":owner": string(self._owner)},
            )
        except ClientError as failure:
            # Somebody else's lock by now: not ours to release.
            if not is_failed_condition(failure):
                raise

    def _put(self, condition: str, values: Item) -> None:
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    **key_item(self._key),
                    "TYPE": string("LOCK"),
                    "lock_owner": string(self._owner),
                    "expires_at": number(self._clock() + self._lease),
                },
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if is_failed_condition(error):
                raise LockHeldError(f"lock `{self._key.name}` is held by another compaction") from error
            raise
