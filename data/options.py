"""Where the tickets come from. Imports nothing heavy: the command line's help is made from this file."""

from dataclasses import dataclass, field


@dataclass
class DataOptions:
    """Which tickets are read, and what their columns are called."""

    data: str = field(
        default="",
        metadata={
            "help": "Where the tickets are; left out, the shipped ones. A CSV, TSV, JSON Lines or Parquet "
            "file (.gz too); a folder with train, validation and test files of these kinds; a dataset on the "
            "Hub (org/name, org/name:config, org/name@revision, org/name:config@revision); or a database URL "
            "as SQLAlchemy writes it (sqlite:///tickets.db), together with --query. What has no test or "
            "validation split gets one, stratified by label, with no near-duplicate and no group on both "
            "sides."
        },
    )
    query: str = field(
        default="",
        metadata={
            "help": "The SQL query to run on the database that --data names, for example "
            '"SELECT body, churned FROM tickets ORDER BY id".'
        },
    )
    text_column: str = field(default="text", metadata={"help": "The column that holds the message."})
    pair_column: str | None = field(
        default=None,
        metadata={
            "help": "The column that holds the second text, here the company that received the message; the "
            "model reads both as a sentence pair, and an empty one as a single text. Left out: company, where "
            "there is such a column. none switches it off."
        },
    )
    label_column: str = field(
        default="label",
        metadata={
            "help": "The column that holds the label: a word, a whole number, true/false, or a list of words "
            "where a message can have several labels."
        },
    )
    group_column: str | None = field(
        default=None,
        metadata={
            "help": "Messages with the same value in this column always stay in the same split: the customer, "
            "the thread, or the pair of minimal twins. Left out: pair_id, where there is such a column. none "
            "switches it off."
        },
    )
    held_out: float = field(
        default=0.1,
        metadata={
            "help": "The share of the training rows that makes a validation or a test split where none was given.",
            "minimum": 0.01,
            "maximum": 0.4,
        },
    )
