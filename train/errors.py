"""What a person can mend: each message is one sentence, shown without a traceback, and ends in exit code 2."""


class OptionError(Exception):
    """An option that cannot be used."""


class HubError(Exception):
    """A token, a name, a permission or a connection that keeps the Hub from doing what was asked."""
