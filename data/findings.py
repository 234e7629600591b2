"""What reading and splitting found, for the terminal, the report and the record."""

from dataclasses import asdict, dataclass, field

from data.errors import listed


@dataclass
class Findings:
    """Counts of rows; rows are named by their origin ("tickets.csv:17"), never by their text."""

    read: dict[str, dict[str, int]] = field(default_factory=dict)  # file: rows, kept, missing text, missing label
    splits: dict[str, dict] = field(default_factory=dict)  # split: rows, origin ("given", "made"), labels {name: rows}
    repeated: int = 0  # rows that repeat an earlier one of the same split in text, pair and label
    conflicts: list[list[str]] = field(default_factory=list)  # rows that read the same and differ in label
    near_duplicates: dict[str, int] = field(default_factory=dict)  # groups (of two or more), rows in them
    leaks: dict[str, dict] = field(default_factory=dict)  # as split.leaks returns it; of given splits only
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict:
        """The same as plain JSON types."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What a person should know before training, a sentence each; warnings begin with "warning: "."""
        said = []
        for name, count in self.read.items():
            dropped = {why: rows for why, rows in count.items() if why.startswith("missing") and rows}
            if dropped:
                reasons = " and ".join(f"{rows} with {why}" for why, rows in dropped.items())
                said.append(f"warning: {name}: dropped {reasons} of {count['rows']} rows")
        said += self.notes
        if self.conflicts:
            rows = sum(map(len, self.conflicts))
            said.append(
                f"warning: {rows} rows read the same as another and carry a different label, for example "
                f"{' and '.join(self.conflicts[0][:2])}: no model can learn both"
            )
        for split, leak in self.leaks.items():
            rows = leak["exact"] + leak["near"] + leak["group"]
            said.append(
                f"warning: {rows} of {self.splits[split]['rows']} rows in {split} are known from an earlier "
                f"split ({leak['exact']} exact, {leak['near']} near-duplicates, {leak['group']} of the same "
                f"group; for example {' like '.join(leak['examples'][0])}): they flatter its figures"
            )
        for split, count in self.splits.items():
            if without := [name for name, rows in count["labels"].items() if not rows]:
                said.append(f"warning: no row in {split} has the label {listed(without)}: it is not measured there")
        if self.repeated:
            said.append(f"{self.repeated} rows repeat another of their split word for word")
        return said
