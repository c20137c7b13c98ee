"""Where a line or a word stands on its receipt."""

from dataclasses import dataclass

from receipt_dynamo.errors import InvalidEntityError

# OCR engines round: a box may end this much beyond the edge of the image.
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A rectangle in fractions of the image, (0, 0) at the top left and (1, 1) at the bottom right."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        for name in ("x", "y", "width", "height"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise InvalidEntityError(f"`{name}` of a bounding box is {value}, not between 0 and 1")
        if self.x + self.width > 1.0 + _TOLERANCE:
            raise InvalidEntityError(f"bounding box ends at x = {self.x + self.width}, beyond the image")
        if self.y + self.height > 1.0 + _TOLERANCE:
            raise InvalidEntityError(f"bounding box ends at y = {self.y + self.height}, beyond the image")

    @property
    def center_x(self) -> float:
        """The horizontal centre."""
        return self.x + self.width / 2

    @property
    def center_y(self) -> float:
        """The vertical centre."""
        return self.y + self.height / 2
