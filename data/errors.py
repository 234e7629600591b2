class DataError(Exception):
    """The tickets cannot be used as they are.

    Its text is one sentence for a person: it names the file, the row, the value and the remedy, and it never
    holds the text of a ticket. The commands print it and end with exit code 2.
    """


class HubError(DataError):
    """The Hub cannot do what was asked: a token, a name, a permission or a connection."""


def short(value: object, limit: int = 40) -> str:
    """Quote a value for a message: on one line, printable, at most `limit` characters of it."""
    text = "".join(c if c.isprintable() else "·" for c in str(value)[: limit + 1])
    return f'"{text[:limit]}…"' if len(text) > limit else f'"{text}"'


def listed(values, limit: int = 12) -> str:
    """Quote up to `limit` values for a message, and say how many more there are."""
    values = list(values)
    more = f" and {len(values) - limit} more" if len(values) > limit else ""
    return ", ".join(short(value) for value in values[:limit]) + more
