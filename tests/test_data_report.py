"""data.report: the real command finds what is planted, shows tickets on the page only, and fails in one sentence."""

import json
import random
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from data.report.languages import language
from data.report.phrases import lower_bound
from data.report.profile import LIMIT
from data.report.vocabulary import growth, log_odds
from data.report.words import frequent, number, split
from train.options import ModelOptions

ROOT = Path(__file__).resolve().parent.parent
WORDS = split(  # nothing that a label would hang on
    "the our your my we you account invoice team today month app slow thanks price export data update again still "
    "waiting support agent reply office meeting plan seat number phone please can when"
)
GERMAN = "Sehr geehrte Damen und Herren, ich habe die Rechnung noch nicht bekommen, bitte schicken Sie mir eine"
MARKUP = 'hello <script>alert("boo")</script> & goodbye <img src=x onerror=alert(1)> said Quillfeather'
TOLD = "retention desk ref"


def _report(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "data.report", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)


def _rows(n: int, labels: tuple = ("no_churn", "churn"), seed: int = 0) -> list[dict]:
    """Messages of random words, each with a number of its own, that say nothing about their labels."""
    chance = random.Random(seed)
    return [
        {
            "text": " ".join([*chance.choices(WORDS, k=chance.randint(6, 30)), f"zq{seed}x{i}"]),
            "company": chance.choice(["Acme", "Bolt", ""]),
            "label": chance.choice(labels),
            "channel": chance.choice(["email", "chat"]),
        }
        for i in range(n)
    ]


def _write(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


class _Tags(HTMLParser):
    """Every tag and attribute of a page, and its text."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.words += data


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> tuple[subprocess.CompletedProcess, str, list[dict]]:
    folder = tmp_path_factory.mktemp("planted")
    train, test = _rows(240), _rows(60, seed=1)
    for i, row in enumerate(train[:80]):
        row["label"] = "churn" if i % 2 else "no_churn"
    for row in train[1:80:2]:
        row["text"] += f" {TOLD}"
    for row in train[60:90]:
        row["text"] = "dear brave helpers " + row["text"]
    train[100]["text"] = train[101]["text"] = f"the very same words in both of these zqconflict {MARKUP}"
    train[100]["company"] = train[101]["company"] = "Acme"
    train[100]["label"], train[101]["label"] = "churn", "no_churn"
    for i in range(110, 114):
        train[i]["text"] = f"{GERMAN} zqgerman{i}"
    for row in train[120:123]:
        row["text"] = f"{row['text']} {MARKUP}"
    test[7] = dict(train[150])
    tickets = folder / "tickets"
    tickets.mkdir()
    _write(tickets / "train.jsonl", train)
    _write(tickets / "test.jsonl", test)
    done = _report(tickets, "--output", folder / "page.html")
    assert done.returncode == 0, done.stderr
    return done, (folder / "page.html").read_text("utf-8"), train + test


def test_what_is_planted_is_among_the_warnings(planted):
    said = " ".join(planted[0].stdout.split("Messages   ")[0].split())
    assert "Mend before training" in said
    assert "2 rows read the same as another and carry a different label, for example train.jsonl:101" in said
    assert "rows in test are known from an earlier split" in said
    assert "train.jsonl:151" in said
    assert f'phrase that alone gives the label away, such as "{TOLD}" (churn)' in said
    assert 'groups begin with "dear brave helpers"' in said
    assert "4 messages do not look like English (4 German)" in said
    assert "5 messages hold HTML tags" in said


def test_the_summary_counts_what_is_there(planted):
    out = planted[0].stdout
    assert re.search(r"train \(given\) +216 .*\n +validation \(made\) +24 .*\n +test \(given\) +60 ", out)
    assert re.search(rf"{TOLD} +churn +40 of +40, at least 93%", out)
    assert re.search(r"read the same, labelled differently +2\n", out)
    assert re.search(r"German 4 \(1\.3%\)", out)
    assert max(map(len, out.splitlines()[:-1])) <= 120  # the last one names the page


def test_no_ticket_reaches_the_terminal(planted):
    done, page, rows = planted
    assert done.stderr == ""
    for row in rows:
        assert row["text"] not in done.stdout
    for word in ("zq", "Quillfeather", "quillfeather", "Rechnung", "rechnung", "<script", "very same"):
        assert word not in done.stdout
    assert "zqconflict" in page


def test_the_page_is_escaped_and_needs_nothing_else(planted):
    page = _Tags(planted[1])
    assert MARKUP in page.words
    assert not {"script", "iframe", "link", "object", "embed", "form", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    sources = [value for name, value in page.attributes if name in ("src", "srcset", "href", "data", "action")]
    assert sources
    assert all(value.startswith("data:image/svg+xml;base64,") for value in sources)
    assert ("content", "light dark") in page.attributes
    for section in ("Mend before training", "Lengths", "Tell-tale phrases", "Growth of the vocabulary", "Languages"):
        assert section in page.words


def test_the_same_tickets_give_the_same_page(tmp_path):
    source = _write(tmp_path / "tickets.jsonl", _rows(120))
    for name in ("one.html", "two.html"):
        assert _report(source, "--output", tmp_path / name, "--seed", 3).returncode == 0
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_the_shipped_tickets_need_no_argument(tmp_path):
    """Run where a person would: in the project, with the page named elsewhere to leave no file behind."""
    done = _report("--output", tmp_path / "page.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("the shipped tickets (sha256 ")
    assert "What single words know" in done.stdout
    lines = [json.loads(line) for line in (ROOT / "data/tickets/test.jsonl").read_text("utf-8").splitlines()]
    assert not [row["text"] for row in lines if len(split(row["text"])) > 4 and row["text"] in done.stdout]
    assert (tmp_path / "page.html").stat().st_size < 3_000_000


def test_many_classes(tmp_path):
    rows = _rows(600, labels=tuple(f"topic {i} $x_1$" for i in range(12)))
    for row in rows:
        row["body"] = f"{row.pop('text')} {row['label'].replace('topic ', 'about')}"
    source = _write(tmp_path / "tickets.jsonl", rows)
    done = _report("--data", source, "--text-column", "body", "--output", tmp_path / "page.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert "a bag of words reaches accuracy" in done.stdout
    assert "and 6 more labels, on the page" in done.stdout
    assert "about11" in _Tags((tmp_path / "page.html").read_text("utf-8")).words


def test_several_labels_a_message(tmp_path):
    rows = _rows(200)
    for i, row in enumerate(rows):
        row["label"] = ["price", "support"][: i % 3]
        row["text"] += " dearly costly words" if row["label"] else ""
    done = _report(_write(tmp_path / "tickets.jsonl", rows), "--output", tmp_path / "page.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"dearly costly words +price ", done.stdout)
    assert "a bag of words reaches ROC-AUC" in done.stdout


@pytest.mark.parametrize("text", ["", "a b", "ничего не работает", "ok 😀"])
def test_odd_messages_do_not_break_it(tmp_path, text):
    """Two-word chats, other scripts and emoji only: every section copes with having nothing to show."""
    rows = [{"text": f"{text} {i}".strip(), "label": ("yes", "no")[i % 2], "odd": {"a": i}} for i in range(40)]
    rows = [row | {"text": "😀" * (i + 1)} for i, row in enumerate(rows)] if not text else rows
    done = _report(_write(tmp_path / "tickets.jsonl", rows), "--output", tmp_path / "page.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "page.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.csv"], 'there is no file or folder "nowhere.csv"'),
        (["tickets.jsonl", "--text-column", "body"], 'tickets.jsonl has no column "body"'),
        (["tickets.jsonl", "--data", "tickets.jsonl"], "the source is given twice"),
        (["tickets.jsonl", "--seed", "-1"], "--seed is -1, but must be at least 0"),
        (["tickets.jsonl", "--output", "no/such/page.html"], 'there is no folder "no/such"'),
        (["tickets.jsonl", "--output", "."], "is a folder: name a file"),
        (["one.jsonl"], 'only the label "churn"'),
        (["secret.jsonl"], "secret.jsonl:2"),
    ],
)
def test_bad_input_ends_in_one_sentence(tmp_path, arguments, sentence):
    _write(tmp_path / "tickets.jsonl", _rows(40))
    _write(tmp_path / "one.jsonl", _rows(40, labels=("churn",)))
    (tmp_path / "secret.jsonl").write_text('{"text": "zqsecret", "label": "a"}\n{"text": "zqsecret", "la\n', "utf-8")
    env = f"import sys, os; sys.path.insert(0, {str(ROOT)!r}); from data.report.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", env, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert (done.stderr.count("\n"), done.stderr.count("Traceback"), done.stdout) == (1, 0, "")
    assert "zqsecret" not in done.stderr
    assert not list(tmp_path.glob("*.html*"))


def test_help_loads_nothing_heavy():
    code = "import sys; sys.argv = ['x', '--help']\ntry:\n from data.report.__main__ import main; main()\n"
    code += "except SystemExit: print([m for m in ('datasets', 'numpy', 'matplotlib', 'scipy') if m in sys.modules])"
    start = time.process_time()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert time.process_time() - start < 2
    assert done.stdout.endswith("[]\n")
    for flag in ("--query", "--text-column", "--pair-column", "--label-column", "--group-column", "--output", "--seed"):
        assert flag in done.stdout


def test_the_limit_is_that_of_training():
    assert ModelOptions().max_length == LIMIT


def test_log_odds_against_a_hand_count():
    """Monroe, Colaresi and Quinn: with a prior of one word for each of two words, (9 + 1) / (1 + 1) and its mirror."""
    inside, outside = np.array([9.0, 1.0]), np.array([1.0, 9.0])
    delta, z = log_odds(inside, outside, prior=2)
    assert delta == pytest.approx([np.log(5) * 2, -np.log(5) * 2])
    assert z == pytest.approx(delta / np.sqrt(1 / 10 + 1 / 2))


def test_log_odds_prefer_many_witnesses_to_a_rare_word():
    # the same ratio with ten times the evidence; words that are as common in both say nothing
    inside, outside = np.array([40.0, 4.0] + [50.0] * 200), np.array([4.0, 0.4] + [50.0] * 200)
    _, z = log_odds(inside, outside)
    assert z[0] > 1.96 > z[1] > 0
    assert abs(z[2:]).max() < 0.1
    assert np.isfinite(log_odds(np.array([0.0, 5.0]), np.array([0.0, 5.0]))[1]).all()


def test_growth_finds_the_exponent_it_was_made_with():
    """Words drawn by Zipf's law with exponent s give Heaps' law with exponent 1 / s."""
    drawn = np.random.default_rng(0).zipf(1 / 0.6, size=(4000, 20))
    texts = [" ".join(f"w{rank}" for rank in message) for message in drawn]
    curve = growth(number(texts), np.arange(len(texts)), seed=0)
    assert (curve.tokens[-1], curve.types[-1]) == (80_000, len(np.unique(drawn)))
    assert curve.exponent == pytest.approx(0.6, abs=0.03)
    twice = growth(number(texts + texts), np.tile(np.arange(len(texts)), 2), seed=0)
    assert (twice.tokens[-1], twice.exponent) == (curve.tokens[-1], curve.exponent)


def test_frequent_ngrams_are_those_of_counting_by_hand():
    chance = random.Random(1)
    texts = [" ".join(chance.choices("abcde", k=chance.randint(0, 12))) for _ in range(60)]
    unit = np.array([i // 2 for i in range(60)])  # two messages a unit
    words = number(texts)
    for length, grams in enumerate(frequent(words, unit, least=4), 1):
        where: dict[str, set] = {}
        for text, own in zip(texts, unit, strict=True):
            own_words = text.split()
            for i in range(len(own_words) - length + 1):
                where.setdefault(" ".join(own_words[i : i + length]), set()).add(int(own))
        expected = {gram: len(units) for gram, units in where.items() if len(units) >= 4}
        assert dict(zip(map(words.phrase, grams.ids), grams.units().tolist(), strict=True)) == expected


def test_lower_bound_is_that_of_the_literature():
    # of n out of n, the one-sided bound is the n-th root of the error (the "rule of three": about 1 - 3 / n)
    assert lower_bound(np.array([30, 0]), np.array([30, 5])) == pytest.approx([0.05 ** (1 / 30), 0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Could you please tell me when this will be fixed?", "English"),
        ("Ich möchte meinen Vertrag zum Monatsende kündigen, bitte bestätigen Sie mir das.", "German"),
        ("Je voudrais savoir pourquoi ma facture est plus chère ce mois, merci.", "French"),
        ("Hola, no puedo entrar en mi cuenta desde ayer, ¿qué hago?", "Spanish"),
        ("Olá, não consigo entrar na minha conta, você pode ajudar?", "Portuguese"),
        ("Buongiorno, non riesco più a vedere le mie fatture, perché?", "Italian"),
        ("Wij willen graag weten wanneer het probleem wordt opgelost, dit duurt al een week.", "Dutch"),
        ("Hej, jag kan inte logga in på mitt konto sedan igår.", "Swedish"),
        ("Proszę o pomoc, nie mogę się zalogować do mojego konta.", "Polish"),
        ("Здравствуйте, у меня ничего не работает", "Cyrillic script"),
        ("Καλημέρα, δεν μπορώ να συνδεθώ", "Greek"),
        ("アカウントにログインできません。日本語でお願いします", "Japanese"),
        ("我无法登录我的账户", "Chinese characters"),
        ("refund #40772", "unknown"),
        ("Veltra Ostrio Gogglebarn", "unknown"),
        ("12:30 😀", "unknown"),
        ("", "unknown"),
    ],
)
def test_languages(text, expected):
    assert language(text) == expected
