"""The table, as its users see it: entities in, entities out.

Keys, indexes, pages and partly done batches stay in here. Nothing is cached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Self

import boto3
from botocore.exceptions import ClientError

from receipt_dynamo.batch import BatchKey, BatchKind, BatchStatus, EmbeddingBatch
from receipt_dynamo.bulk import Backoff, batch_get, batch_write
from receipt_dynamo.errors import AlreadyExistsError, NotFoundError, is_failed_condition
from receipt_dynamo.item import Entity, Key, key_item, string
from receipt_dynamo.line import Line
from receipt_dynamo.receipt import Receipt
from receipt_dynamo.refs import LineRef, ReceiptRef, WordRef
from receipt_dynamo.status import EmbeddingStatus
from receipt_dynamo.table import STATUS_INDEX
from receipt_dynamo.word import Word

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputPaginateTypeDef

    from receipt_dynamo.item import Item


class DynamoClient:
    """Puts, gets and finds the entities of one table."""

    def __init__(self, client: DynamoDBClient, table: str, backoff: Backoff | None = None) -> None:
        self._client = client
        self._table = table
        self._backoff = backoff or Backoff()

    @classmethod
    def connect(cls, table: str) -> Self:
        """A client with the credentials and the region of the environment."""
        return cls(boto3.client("dynamodb"), table)

    # Writing

    def put(self, entity: Entity) -> None:
        """Store an entity, over an older one of the same key."""
        self._client.put_item(TableName=self._table, Item=entity.to_item())

    def put_new(self, entity: Entity) -> None:
        """Store an entity; an older one of the same key is an `AlreadyExistsError`."""
        item = entity.to_item()
        try:
            self._client.put_item(
                TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(PK)"
            )
        except ClientError as error:
            if is_failed_condition(error):
                where = f"{item['PK']['S']} {item['SK']['S']}"
                raise AlreadyExistsError(f"an item is stored under {where} already") from error
            raise

    def put_all(self, entities: Iterable[Entity]) -> int:
        """Store any number of entities and say how many; what DynamoDB leaves is sent again."""
        items = (entity.to_item() for entity in entities)
        return batch_write(self._client, self._table, items, self._backoff)

    def set_embedding_status(self, refs: Iterable[LineRef | WordRef], status: EmbeddingStatus) -> int:
        """Give lines or words a status and say how many; one that is gone by now stays gone."""
        return sum(self._set_embedding_status(ref, status) for ref in refs)

    def _set_embedding_status(self, ref: LineRef | WordRef, status: EmbeddingStatus) -> bool:
        kind = BatchKind.LINE if isinstance(ref, LineRef) else BatchKind.WORD
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key_item(ref),
                UpdateExpression="SET embedding_status = :status, STATUS_PK = :index",
                ConditionExpression="attribute_exists(PK)",
                ExpressionAttributeValues={
                    ":status": string(status),
                    ":index": string(f"{kind}#{status}"),
                },
            )
        except ClientError as error:
            if is_failed_condition(error):
                return False
            raise
        return True

    # Reading by key

    def get_receipt(self, ref: ReceiptRef) -> Receipt:
        """One receipt."""
        return Receipt.from_item(self._get(ref))

    def get_batch(self, batch_id: str) -> EmbeddingBatch:
        """One batch."""
        return EmbeddingBatch.from_item(self._get(BatchKey(batch_id)))

    def get_lines(self, refs: Iterable[LineRef]) -> dict[LineRef, Line]:
        """Those of the lines that exist."""
        items = batch_get(self._client, self._table, _keys(refs), self._backoff)
        return {line.ref: line for line in map(Line.from_item, items)}

    def get_words(self, refs: Iterable[WordRef]) -> dict[WordRef, Word]:
        """Those of the words that exist."""
        items = batch_get(self._client, self._table, _keys(refs), self._backoff)
        return {word.ref: word for word in map(Word.from_item, items)}

    def _get(self, key: Key) -> Item:
        answer = self._client.get_item(TableName=self._table, Key=key_item(key), ConsistentRead=True)
        if "Item" not in answer:
            raise NotFoundError(f"no item is stored under {key.partition} {key.sort}")
        return answer["Item"]

    # Finding

    def receipt_lines(self, ref: ReceiptRef) -> Iterator[Line]:
        """The lines of a receipt, by number."""
        return map(Line.from_item, self._in_partition(ref.partition, ref.lines_prefix))

    def receipt_words(self, ref: ReceiptRef) -> Iterator[Word]:
        """The words of a receipt, by number."""
        return map(Word.from_item, self._in_partition(ref.partition, ref.words_prefix))

    def receipts(self, limit: int | None = None) -> Iterator[Receipt]:
        """All receipts, newest first."""
        return map(Receipt.from_item, self._in_index("RECEIPT", limit, newest_first=True))

    def lines_with_status(self, status: EmbeddingStatus, limit: int | None = None) -> Iterator[Line]:
        """The lines of that status, receipt by receipt."""
        return map(Line.from_item, self._in_index(f"LINE#{status}", limit))

    def words_with_status(self, status: EmbeddingStatus, limit: int | None = None) -> Iterator[Word]:
        """The words of that status, receipt by receipt."""
        return map(Word.from_item, self._in_index(f"WORD#{status}", limit))

    def batches_with_status(
        self, kind: BatchKind, status: BatchStatus, limit: int | None = None
    ) -> Iterator[EmbeddingBatch]:
        """The batches of that kind and status, oldest first."""
        return map(EmbeddingBatch.from_item, self._in_index(f"BATCH#{kind}#{status}", limit))

    def _in_partition(self, partition: str, prefix: str) -> Iterator[Item]:
        return self._query(
            {
                "TableName": self._table,
                "KeyConditionExpression": "PK = :partition AND begins_with(SK, :prefix)",
                "ExpressionAttributeValues": {":partition": string(partition), ":prefix": string(prefix)},
                "ConsistentRead": True,
            }
        )

    def _in_index(self, partition: str, limit: int | None, newest_first: bool = False) -> Iterator[Item]:
        items = self._query(
            {
                "TableName": self._table,
                "IndexName": STATUS_INDEX,
                "KeyConditionExpression": "STATUS_PK = :partition",
                "ExpressionAttributeValues": {":partition": string(partition)},
                "ScanIndexForward": not newest_first,
            }
        )
        return islice(items, limit)

    def _query(self, arguments: QueryInputPaginateTypeDef) -> Iterator[Item]:
        for page in self._client.get_paginator("query").paginate(**arguments):
            yield from page["Items"]


def _keys(refs: Iterable[Key]) -> Iterator[Item]:
    """Each key once: DynamoDB refuses a batch that names one twice."""
    return map(key_item, dict.fromkeys(refs))
