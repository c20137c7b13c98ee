"""What can go wrong in this package: one small class for each thing a caller may tell apart."""


class ReceiptChromaError(Exception):
    """The common ancestor, for callers that don't tell the causes apart."""


class InvalidVectorError(ReceiptChromaError, ValueError):
    """A record that no collection can hold."""


class InvalidDeltaError(ReceiptChromaError, ValueError):
    """A delta that contradicts itself, or a file that is none."""


class LockHeldError(ReceiptChromaError):
    """Another compaction is at work, or has taken over after this one's lease ran out."""


class SnapshotConflictError(ReceiptChromaError):
    """The snapshot was replaced since it was read."""
