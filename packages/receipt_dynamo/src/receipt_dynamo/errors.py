"""What can go wrong in this package: one small class for each thing a caller may tell apart."""

from botocore.exceptions import ClientError


class ReceiptDynamoError(Exception):
    """The common ancestor, for callers that don't tell the causes apart."""


class InvalidEntityError(ReceiptDynamoError, ValueError):
    """A value that no receipt, line, word or batch can have."""


class InvalidItemError(ReceiptDynamoError, ValueError):
    """A stored item that lacks an attribute, or has one of another type."""


class InvalidEventError(ReceiptDynamoError, ValueError):
    """A Lambda's event that lacks a field, or has one of another type."""


class MissingSettingError(ReceiptDynamoError):
    """An environment variable that the Lambda needs is absent or empty."""


class NotFoundError(ReceiptDynamoError, LookupError):
    """No item is stored under that key."""


class AlreadyExistsError(ReceiptDynamoError):
    """An item is stored under that key already."""


class UnprocessedError(ReceiptDynamoError):
    """DynamoDB still had not taken, or given, every item of a batch after the last attempt."""


def is_failed_condition(error: ClientError) -> bool:
    """Whether DynamoDB refused a write because its condition did not hold."""
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"
