# SPDX-License-Identifier: GPL-2.0-only
"""What a lookup gives: values as text, or the reason that there is none."""


class LookupFailed(Exception):  # noqa: N818 - it is no error of ours
    """Its text is the sentence that the decision keeps; never the values that were asked with."""


def as_text(value: object) -> str:
    """As scripts have it: nothing is empty, a truth is yes or no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
