"""What can go wrong in this package: one small class for each thing a caller may tell apart."""


class ReceiptLabelError(Exception):
    """The common ancestor, for callers that don't tell the causes apart."""


class InvalidResultError(ReceiptLabelError, ValueError):
    """A result file of the embedding service that is not as documented."""
