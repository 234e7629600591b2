"""Where tickets come from: a file, a folder, a Hub dataset or a SQL query, into one table per split."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from data.errors import DataError, listed, short
from data.files import Table, check_unique, from_arrow, kind, parse
from data.hub import plain_errors

SHIPPED = Path(__file__).parent / "tickets"
SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "development"),
    "test": ("test", "testing", "eval", "evaluation"),
}
# org/name, org/name:config, org/name@revision, org/name:config@revision
HUB = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?::(?P<config>[^@\s]+))?(?:@(?P<revision>\S+))?")


@dataclass
class Source:
    """What was read. `tables` has the key train, and validation and test where they were given.

    `sha256` of a file is that of its bytes, as sha256sum prints it; of a folder, that of
    `sha256sum train.… validation.… test.…` as printed in the folder; of a query or a Hub dataset, that of the
    rows as JSON, since the same rows may arrive in different bytes. `name` says where they came from, without
    passwords and without folders; for a Hub dataset it pins the commit and can be given to --data as it is.
    """

    name: str
    tables: dict[str, Table]
    sha256: str
    notes: list[str] = field(default_factory=list)


def read(data: str, query: str = "") -> Source:
    """Read any source. A local file or folder goes before a Hub dataset of the same name.

    Raises DataError for what cannot be found or read.
    """
    if query and "://" not in data:
        raise DataError("--query needs a database to run on: --data sqlite:///tickets.db, or another SQLAlchemy URL")
    if not data:
        if not SHIPPED.is_dir():
            raise DataError(
                "the shipped tickets are not here (data/tickets): take them from a whole clone, or name "
                "others with --data"
            )
        return _folder(SHIPPED, "the shipped tickets")
    if "://" in data:
        return _sql(data, query)
    path = Path(data)
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError) as error:  # a name too long, a NUL in it, a folder one may not look into
        raise DataError(
            f"{short(data, 200)} cannot be opened ({type(error).__name__}): check the path and its permissions"
        ) from error
    if is_folder:
        return _folder(path, path.resolve().name)
    if is_file:
        content = _bytes(path)
        return Source(path.name, {"train": parse(content, path)}, hashlib.sha256(content).hexdigest())
    found = HUB.fullmatch(data)
    if not found or kind(path):
        raise DataError(
            f"there is no file or folder {short(data, 200)}: check the path (a dataset on the Hub is written org/name)"
        )
    return _hub(**found.groupdict())


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read ({error.strerror}): check its permissions") from error


def _folder(folder: Path, name: str) -> Source:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"the folder {name} cannot be read ({error.strerror}): check its permissions") from error
    files: dict[str, Path] = {}
    for path in (p for p in entries if p.is_file() and kind(p)):
        split = _split(path.name.split(".")[0])
        if split in files:
            raise DataError(f"{name} holds two files for {split}, {files[split].name} and {path.name}: keep one")
        if split:
            files[split] = path
    if "train" not in files:
        there = listed(p.name for p in entries) or "nothing"
        raise DataError(
            f"the folder {name} has no train file: it needs train.csv (or .tsv, .jsonl, .parquet), and may "
            f"have validation and test beside it; it has {there}"
        )
    tables: dict[str, Table] = {}
    sums = ""
    for split in SPLITS:
        if split in files:
            content = _bytes(files[split])
            tables[split] = parse(content, files[split])
            sums += f"{hashlib.sha256(content).hexdigest()}  {files[split].name}\n"
    return Source(name, tables, hashlib.sha256(sums.encode()).hexdigest())


def _split(name: str) -> str | None:
    return next((split for split, names in SPLITS.items() if name.lower() in names), None)


def _sql(url: str, query: str) -> Source:
    """Run a query with SQLAlchemy.

    Not through `Dataset.from_sql`: it answers from its cache when the database has changed, turns whole
    numbers beside a NULL into floats, and loses the row that a value stands in.
    """
    import sqlalchemy
    from sqlalchemy.exc import (
        ArgumentError,
        DBAPIError,
        NoSuchModuleError,
        ResourceClosedError,
        SQLAlchemyError,
    )

    if url.split("://")[0] in ("http", "https", "ftp", "s3", "gs", "hf", "file"):
        raise DataError("--data is a web address: download it and give the file (a Hub dataset is written org/name)")
    if not query.strip():
        raise DataError('a database needs a query: --query "SELECT text, label FROM tickets"')
    try:
        address = sqlalchemy.make_url(url)
        # a password can stand before the host or among the parameters; neither may reach a message
        name = address.set(query={}).render_as_string(hide_password=True)
        if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
            # SQLite would make an empty one
            raise DataError(f"there is no database file {short(address.database, 200)}: check --data")
        engine = sqlalchemy.create_engine(address)
        with engine.connect() as connection:  # never commits: a query that writes changes nothing
            # no_parameters: a % or a : in the query stays what it is
            result = connection.execution_options(no_parameters=True).exec_driver_sql(query)
            header, rows = list(result.keys()), result.fetchall()
        engine.dispose()
    except ResourceClosedError as error:
        raise DataError("the query returns no rows: it must be a SELECT") from error
    except (ArgumentError, NoSuchModuleError) as error:
        raise DataError(
            "--data is not a database URL that SQLAlchemy knows: it looks like sqlite:///tickets.db or "
            "postgresql+psycopg://user@host/name"
        ) from error
    except ImportError as error:
        raise DataError(f"the driver for {name} is not installed: pip install {error.name}") from error
    except DBAPIError as error:
        reason = short(str(error.orig).split(" with text ")[0], 200)  # SQLite goes on with the text of the ticket
        raise DataError(f"{name} refuses the query ({reason}): check --data and --query") from error
    except (SQLAlchemyError, ValueError) as error:
        raise DataError(f"the query on --data failed ({type(error).__name__}): check --data and --query") from error
    check_unique(header, "the query")
    if not rows:
        raise DataError(f"the query on {name} finds no rows: check its conditions")
    origin = [f"query row {i}" for i in range(1, len(rows) + 1)]
    columns = {column: [row[i] for row in rows] for i, column in enumerate(header)}
    tables = {"train": Table("the query", columns, origin, {})}
    return Source(name, tables, _sha256(tables))


def _hub(repo: str, config: str | None, revision: str | None) -> Source:
    import datasets
    from datasets.exceptions import DatasetNotFoundError, DatasetsError
    from huggingface_hub import HfApi, constants

    name = repo + (f":{config}" if config else "")
    with plain_errors(repo, hint=" (or the path: there is no such file or folder here)"):
        try:
            # Offline, the cache is all there is, and nobody can say which commit it is.
            sha = revision if constants.HF_HUB_OFFLINE else HfApi().dataset_info(repo, revision=revision).sha
            loaded = datasets.load_dataset(repo, config, revision=sha)
        except DatasetNotFoundError as error:
            raise DataError(f"there is no file, folder or dataset {repo} that you may see: check the name") from error
        except (ValueError, RuntimeError, DatasetsError) as error:
            reason = short(str(error).split("\n")[0], 200)
            raise DataError(f"the dataset {name} cannot be loaded ({reason}): check its config and files") from error
    tables: dict[str, Table] = {}
    notes: list[str] = []
    for given, part in loaded.items():
        split = _split(given) or ("train" if len(loaded) == 1 else None)
        if split is None or split in tables:
            notes.append(f"the split {short(given)} of {name} was left aside")
            continue
        origin = [f"{repo} {given} row {i}" for i in range(1, len(part) + 1)]
        tables[split] = from_arrow(part.with_format("arrow")[:], part.features, f"{repo} {given}", origin)
    if "train" not in tables:
        raise DataError(f"the dataset {name} has no split called train: it has {listed(loaded)}")
    tables = {split: tables[split] for split in SPLITS if split in tables}
    return Source(f"{name}@{sha}" if sha else name, tables, _sha256(tables), notes)


def _sha256(tables: dict[str, Table]) -> str:
    digest = hashlib.sha256()
    for split, table in tables.items():
        for row in zip(*table.columns.values(), strict=True):
            line = [split, dict(zip(table.columns, row, strict=True))]
            digest.update(json.dumps(line, default=str, ensure_ascii=True).encode() + b"\n")
    return digest.hexdigest()
