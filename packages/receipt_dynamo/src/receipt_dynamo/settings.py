"""Settings that a Lambda takes from its environment."""

import os

from receipt_dynamo.errors import MissingSettingError


def required_setting(name: str) -> str:
    """The environment variable of that name, which must not be empty."""
    value = os.environ.get(name, "")
    if not value:
        raise MissingSettingError(f"environment variable `{name}` is not set")
    return value
