"""What a person can mend: each message is one sentence, shown without a traceback, and ends in exit code 2."""


class OptionError(Exception):
    """An option that cannot be used."""
