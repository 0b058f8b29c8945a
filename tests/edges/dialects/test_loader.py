"""A dialect's file is checked when it is loaded: every mistake at once, each with its file, route and field."""

from pathlib import Path

import pytest

from edges.dialects.loader import dialect_directories, load_dialects
from edges.errors import ConfigurationError
from tests.edges.dialects.modern_edge import ModernEdge

OLD = Path(__file__).parent / "old.toml"
ROUTES = ModernEdge().routes

FRAME = """
name = "d"
edge = "player"
[success]
body = { data = "$data" }
[failure]
body = { code = "$code" }
[errors]
default = { code = 1 }
"""


def mistakes_in(directory: Path, text: str, *, frame: str = FRAME) -> list[str]:
    (directory / "d.toml").write_text(frame + text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_dialects([directory], "player", ROUTES)
    return list(caught.value.errors)


def test_reads_a_whole_dialect(tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_bytes(OLD.read_bytes())
    dialect = load_dialects([tmp_path], "player", ROUTES)["old"]
    assert (dialect.edge, dialect.replaces, dialect.zone) == ("player", "old_server", None)
    assert dialect.surface == ("POST /login", "GET /coupon")
    assert "GET /money" in dialect.covered
    assert "POST /money" in dialect.covered


def test_a_dialect_is_for_one_edge(tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_bytes(OLD.read_bytes())
    assert load_dialects([tmp_path], "agent", ()) == {}


def test_a_file_of_the_operators_replaces_the_shipped_one_of_the_same_name(tmp_path: Path) -> None:
    shipped, own = dialect_directories(tmp_path)
    assert shipped.is_dir()
    assert own == tmp_path / "dialects"
    first, second = tmp_path / "first", tmp_path / "second"
    for directory, summary in ((first, "shipped"), (second, "own")):
        directory.mkdir()
        (directory / "d.toml").write_text(f'summary = "{summary}"\n' + FRAME)
    (first / "e.toml").write_text(FRAME.replace('name = "d"', 'name = "e"'))
    found = load_dialects([first, second, tmp_path / "nowhere"], "player", ROUTES)
    assert {name: dialect.summary for name, dialect in found.items()} == {"d": "own", "e": ""}


def test_every_mistake_is_told_at_once_with_its_file_route_and_field(tmp_path: Path) -> None:
    mistakes = mistakes_in(
        tmp_path,
        """
        [credentials]
        token = ["query:t", "header:X-T"]
        set_cookie = "sid"
        [[routes]]
        method = "POST"
        path = "/deposit"
        operation = "POST /api/v1/deposits"
        to_body = { amount = { field = "money", as = "currency" }, colour = "c" }
        [[routes]]
        method = "GET"
        path = "/deposit"
        operation = "GET /api/v1/jackpots"
        sumary = "a typing error"
        """,
    )
    known = "amount, choice, date, flag, integer, text, time"
    assert mistakes == [
        "d.toml: credentials: token: 'query:t' is not header:NAME, cookie:NAME or field:NAME",
        "d.toml: credentials: set_cookie: is a cookie that nobody reads",
        "d.toml: POST /deposit: to_body: amount: as: no converter or format is called 'currency'; there are "
        + known,
        "d.toml: POST /deposit: to_body: colour: is no field of the operation's body",
        "d.toml: POST /deposit: to_body: currency: is missing, and the operation needs it",
        "d.toml: GET /deposit: operation: the edge has no GET /api/v1/jackpots",
        "d.toml: GET /deposit: sumary: there is no such key",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("colour = 1", "errors: colour: is not a table"),
        ('"6xx" = { code = 2 }', "errors: 6xx: is neither a problem's code nor a status"),
        ('"404" = { code = 2, message = "{name}" }', "errors: 404: message: there is no {name}"),
        ("[formats]\ntext = { as = 'integer' }", "formats: text: is the name of a converter"),
        ("[formats]\nmoney = { digits = 2 }", "formats: money: as: is missing"),
    ],
)
def test_wrong_errors_and_formats(text: str, expected: str, tmp_path: Path) -> None:
    assert any(expected in mistake for mistake in mistakes_in(tmp_path, text))


ROUTE = '[[routes]]\nmethod = "{method}"\npath = "/x"\noperation = "{operation}"\n{more}'
WALLETS = "GET /api/v1/wallets"
MESSAGES = "GET /api/v1/messages"
DEPOSITS = "POST /api/v1/deposits"
READ = "POST /api/v1/messages/{no}/read"
BODY = 'to_body = { currency = "c", amount = "a" }\n'


@pytest.mark.parametrize(
    ("operation", "more", "expected"),
    [
        (
            WALLETS,
            'answer = { fields = { a = "itmes" } }',
            "answer: fields: a: field: the answer has no itmes",
        ),
        (WALLETS, 'answer = { field = "items", each = "amount" }', "each: field: the answer has no amount"),
        (WALLETS, 'answer = { field = "items.0.cash", each = "x" }', "each: the answer has no list there"),
        (WALLETS, 'answer = { const = 1, each = "x" }', "each: only a field is a list"),
        (WALLETS, "answer = { as = 'text' }", "answer: needs exactly one of field, const, brand"),
        (WALLETS, 'answer = { field = "items", const = 1 }', "answer: needs exactly one of"),
        (WALLETS, 'answer = { field = "a..b" }', "field: 'a..b' is no path"),
        (WALLETS, 'answer = { field = "items[currency=$colour]" }', "is no path"),
        (WALLETS, 'answer = { field = "items", from = "elsewhere" }', "from: there are none here"),
        (WALLETS, 'answer = { page = "total" }', "page: the route has no pages"),
        (WALLETS, 'answer = { brand = "secret" }', "brand: is not one of"),
        (
            WALLETS,
            'answer = { fields = { a = { field = "items", required = true } } }',
            "required: there is no such",
        ),
        (WALLETS, 'to_body = { a = "b" }', "to_body: a: is no field of the operation's body"),
        (WALLETS, 'to_query = { limit = "n" }', "to_query: limit: is not asked for by the operation"),
        (WALLETS, 'page = { number = "page" }', "page: the operation takes no cursor"),
        (WALLETS, 'session = "resume"', "session: is not one of begin, end, renew"),
        (
            WALLETS,
            'extras = { a = { operation = "POST /api/v1/auth/logout" } }',
            "a further answer comes from a GET",
        ),
        (WALLETS, "key_fields = [1]", "key_fields: is not a list of texts"),
        (
            WALLETS,
            'errors = { a = { code = "x", status = 199 } }',
            "errors: a: status: is not from 200 to 599",
        ),
        (MESSAGES, 'page = { size = "n" }', "page: number: is missing"),
        (
            MESSAGES,
            'page = { number = "n" }\nto_query = { cursor = "c" }',
            "to_query: cursor: is given by paging",
        ),
        (MESSAGES, 'page = { number = "n", max_size = 0 }', "page: max_size: is not from 1 to 1000"),
        (DEPOSITS, BODY + 'page = { number = "n" }', "page: the operation has no list to page through"),
        (DEPOSITS, 'to_body = { currency = { const = [1] }, amount = "a" }', "const: is not a text or"),
        (
            DEPOSITS,
            BODY.replace('"a"', '{ given = "a" }'),
            "amount: needs exactly one of field, const, brand",
        ),
        (
            DEPOSITS,
            BODY.replace('"a"', '{ field = "a", as = "choice", values = { x = "1", y = "1" } }'),
            "two modern values have the same legacy value",
        ),
        (READ, "", "to_path: no: is missing"),
        (READ, 'to_path = { no = "no", id = "id" }', "to_path: id: is no part of the operation's path"),
        ("GET /api/v1/notices", "answer = 7", "answer: field: is not a text"),
    ],
)
def test_a_route_calls_its_operation_as_that_wants_to_be_called(
    operation: str, more: str, expected: str, tmp_path: Path
) -> None:
    mistakes = mistakes_in(tmp_path, ROUTE.format(method="GET", operation=operation, more=more))
    assert any(expected in mistake for mistake in mistakes), mistakes
    assert all(mistake.startswith("d.toml: GET /x: ") for mistake in mistakes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ROUTE.format(method="FETCH", operation=WALLETS, more=""), "method: is not among DELETE, GET"),
        (
            '[[routes]]\nmethod = "GET"\npath = "x"\noperation = "GET /api/v1/wallets"',
            "path: is not made of /words",
        ),
        ('[[routes]]\nmethod = "GET"\npath = "/x"', "operation: is missing"),
        (2 * (ROUTE.format(method="GET", operation=WALLETS, more="") + "\n"), "GET /x: is there twice"),
        ('[routes]\na = "b"', "routes: is not a list"),
    ],
)
def test_routes_are_told_apart(text: str, expected: str, tmp_path: Path) -> None:
    assert any(expected in mistake for mistake in mistakes_in(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FRAME.replace('"d"', '"other"'), "name: is not the file's name, d"),
        (FRAME.replace('"player"', '"bank"'), "edge: is not one of player, agent, provider"),
        (FRAME.replace("default = { code = 1 }", ""), "errors: has no default"),
        (FRAME.replace("$data", "$dta"), "success: body: there is no $dta here"),
        (FRAME.replace("[failure]", "[failed]"), "failure: is missing"),
        (FRAME.replace('"$data" }', '"$data" }\nflat = true'), "the answer has its place already"),
        ('reads = ["xml"]' + FRAME, "reads: is not among json, form, query"),
        ('surface = ["/join"]' + FRAME, "'/join' is not a method and a path"),
        ('time_zone = "Seoul"' + FRAME, "'Seoul' is not a known time zone"),
        ("name =", "d.toml: cannot be read"),
    ],
)
def test_the_frame_of_a_dialect_is_checked(text: str, expected: str, tmp_path: Path) -> None:
    assert any(expected in mistake for mistake in mistakes_in(tmp_path, "", frame=text))


def test_mistakes_of_all_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("x")
    (tmp_path / "b.toml").write_bytes(b"\xff")
    (tmp_path / "c.toml").write_text("#" * (1024 * 1024 + 1))
    assert len(mistakes_in(tmp_path, "wrong = { code = 1, colour = 2 }")) == 4
