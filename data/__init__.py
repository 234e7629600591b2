"""The tickets: the shipped set, its card, and the one way in for anybody's own tickets.

Import from the modules (`from data.options import DataOptions`, `from data.tickets import load`): this file
stays empty so that `--help` does not have to wait for pandas and datasets.
"""
