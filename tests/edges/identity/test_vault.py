"""The vault: readable with the person's key in the person's place only, found by exact value, gone when erased."""

import asyncio

import psycopg
import pytest

from edges.identity.errors import InvalidPersonalData, UnreadablePersonalData
from edges.identity.persons import Person
from edges.identity.vault import FIELDS, FINDABLE, Vault
from edges.identity.vault_keys import REREAD_AFTER_S, VaultKeys
from edges.secrets import Secrets
from edges.tenancy import Pool, in_brand
from tests.edges.identity.conftest import Clock
from tests.servers import Database

KNOWN = {
    "name": "Mei Lin",
    "phone": "+60 12-345 6789",
    "email": "Mei.Lin@example.org",
    "bank_name": "Bank of the Seas",
    "bank_account": "MY12 3456-7890",
    "bank_holder": "MEI LIN",
    "birth_date": "1990-04-01",
}


@pytest.fixture
def keys(own_secrets: Secrets, clock: Clock) -> VaultKeys:
    return VaultKeys(own_secrets, clock=clock)


@pytest.fixture
def vault(keys: VaultKeys) -> Vault:
    return Vault(keys)


@pytest.fixture
def mei(brand_id: str) -> Person:
    return Person(brand_id, "player", "p-mei")


@pytest.fixture
def lin(brand_id: str) -> Person:
    return Person(brand_id, "player", "p-lin")


async def store(pool: Pool, vault: Vault, person: Person, values: dict[str, str | None]) -> None:
    async with in_brand(pool, person.brand_id) as connection:
        await vault.store(connection, person, values)


async def read(pool: Pool, vault: Vault, person: Person) -> dict[str, str]:
    async with in_brand(pool, person.brand_id) as connection:
        return await vault.read_one(connection, person, None)


async def find(pool: Pool, vault: Vault, person: Person, field: str, value: str) -> list[str]:
    async with in_brand(pool, person.brand_id) as connection:
        return await vault.find(connection, person.brand_id, person.kind, field, value)


async def as_superuser(database: Database, statement: str, *values: object) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(
        database.dsn("superuser"), autocommit=True
    ) as connection:
        cursor = await connection.execute(statement.encode(), values)
        return await cursor.fetchall() if cursor.description else []


async def test_reads_what_was_stored(pool: Pool, vault: Vault, mei: Person) -> None:
    assert set(KNOWN) == FIELDS
    await store(pool, vault, mei, dict(KNOWN))
    assert await read(pool, vault, mei) == KNOWN


async def test_changes_and_removes_single_fields(pool: Pool, vault: Vault, mei: Person) -> None:
    await store(pool, vault, mei, dict(KNOWN))
    await store(pool, vault, mei, {"phone": "123", "birth_date": None, "email": None})
    kept = {name: value for name, value in KNOWN.items() if name not in {"birth_date", "email"}}
    assert await read(pool, vault, mei) == {**kept, "phone": "123"}
    assert await find(pool, vault, mei, "phone", KNOWN["phone"]) == []


async def test_reads_many_at_once_and_only_what_is_named(
    pool: Pool, vault: Vault, mei: Person, lin: Person
) -> None:
    await store(pool, vault, mei, {"name": "Mei", "phone": "1", "deposit:d1:depositor": "Mei's aunt"})
    await store(pool, vault, lin, {"name": "Lin"})
    async with in_brand(pool, mei.brand_id) as connection:
        many = [mei.subject_id, lin.subject_id, "nobody"]
        assert await vault.read(connection, mei.brand_id, "player", many) == {
            mei.subject_id: {"name": "Mei", "phone": "1"},
            lin.subject_id: {"name": "Lin"},
            "nobody": {},
        }
        assert await vault.read(connection, mei.brand_id, "player", many, ["deposit:d1:depositor"]) == {
            mei.subject_id: {"deposit:d1:depositor": "Mei's aunt"},
            lin.subject_id: {},
            "nobody": {},
        }
        assert await vault.read(connection, mei.brand_id, "agent", many) == {subject: {} for subject in many}


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("name", "mei  LIN"),
        ("name", "MeiLin"),
        ("phone", "60123456789"),
        ("phone", "0060-12-3456789"),
        ("email", "mei.lin@EXAMPLE.org "),
        ("bank_account", "my1234567890"),
        ("bank_holder", "mei lin"),
    ],
)
async def test_finds_people_by_exact_value_however_it_is_written(
    *, pool: Pool, vault: Vault, mei: Person, lin: Person, field: str, asked: str
) -> None:
    await store(pool, vault, mei, dict(KNOWN))
    await store(pool, vault, lin, {field: "12345 something else 12345"})
    assert await find(pool, vault, mei, field, asked) == [mei.subject_id]
    assert await find(pool, vault, mei, field, asked[:-2]) == []
    other_brand, other_kind = mei._replace(brand_id=f"{mei.brand_id}-other"), mei._replace(kind="agent")
    assert await find(pool, vault, other_brand, field, asked) == []
    assert await find(pool, vault, other_kind, field, asked) == []


async def test_finds_everybody_who_shares_a_value(pool: Pool, vault: Vault, mei: Person, lin: Person) -> None:
    for person in (mei, lin):
        await store(pool, vault, person, {"bank_account": "7-7-7"})
    assert await find(pool, vault, mei, "bank_account", "777") == [lin.subject_id, mei.subject_id]


async def test_nothing_is_found_by_nothing(pool: Pool, vault: Vault, mei: Person) -> None:
    await store(pool, vault, mei, {"phone": "no digits", "name": " ", "bank_account": "--"})
    for field in ("phone", "name", "bank_account"):
        for asked in ("", "-", "\0", "\ud800"):
            assert await find(pool, vault, mei, field, asked) == []
    for field in ("birth_date", "deposit:d1:depositor", "", "phone; drop table"):
        with pytest.raises(InvalidPersonalData):
            await find(pool, vault, mei, field, "x")


async def test_the_same_value_looks_different_in_every_brand_and_each_time(
    pool: Pool, vault: Vault, mei: Person, lin: Person, shared_database: Database
) -> None:
    other = mei._replace(brand_id=f"{mei.brand_id}-other")
    for person in (mei, lin, other):
        await store(pool, vault, person, {"phone": "123456"})
    rows = await as_superuser(
        shared_database,
        "SELECT ciphertext, lookup FROM personal_data WHERE brand_id = ANY(%s)",
        [mei.brand_id, other.brand_id],
    )
    assert len({ciphertext for ciphertext, _ in rows}) == 3
    assert len({lookup for _, lookup in rows}) == 2


MOVES = {
    "to another field": "UPDATE personal_data SET field = 'email' WHERE brand_id = %(brand)s AND field = 'name'",
    "to another person": (
        "UPDATE personal_data SET subject_id = 'p-lin' WHERE brand_id = %(brand)s AND field = 'name'"
        " AND subject_id = 'p-mei'"
    ),
    "with its key to another person": (
        "DELETE FROM personal_data WHERE brand_id = %(brand)s AND subject_id = 'p-lin';"
        "DELETE FROM personal_keys WHERE brand_id = %(brand)s AND subject_id = 'p-lin';"
        "UPDATE personal_data SET subject_id = 'p-lin' WHERE brand_id = %(brand)s;"
        "UPDATE personal_keys SET subject_id = 'p-lin' WHERE brand_id = %(brand)s"
    ),
    "with its key to another kind": (
        "UPDATE personal_data SET kind = 'agent' WHERE brand_id = %(brand)s;"
        "UPDATE personal_keys SET kind = 'agent' WHERE brand_id = %(brand)s"
    ),
    "with its key to another brand": (
        "UPDATE personal_data SET brand_id = %(brand)s || '-other' WHERE brand_id = %(brand)s;"
        "UPDATE personal_keys SET brand_id = %(brand)s || '-other' WHERE brand_id = %(brand)s"
    ),
    "nowhere, but changed": (
        "UPDATE personal_data SET ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1)"
        " WHERE brand_id = %(brand)s"
    ),
    "nowhere, but cut": "UPDATE personal_data SET ciphertext = substr(ciphertext, 1, 10) WHERE brand_id = %(brand)s",
    "nowhere, but its key is gone": "DELETE FROM personal_keys WHERE brand_id = %(brand)s",
    "nowhere, but its key is another": (
        "UPDATE personal_keys k SET wrapped_key = other.wrapped_key FROM personal_keys other"
        " WHERE k.brand_id = %(brand)s AND other.brand_id = k.brand_id AND other.subject_id <> k.subject_id"
    ),
}


@pytest.mark.parametrize("move", MOVES)
async def test_a_value_that_was_moved_or_changed_cannot_be_read(
    *, pool: Pool, vault: Vault, mei: Person, lin: Person, shared_database: Database, move: str
) -> None:
    await store(pool, vault, mei, {"name": "Mei Lin"})
    await store(pool, vault, lin, {"phone": "1"})
    statement = MOVES[move].replace("%(brand)s", f"'{mei.brand_id}'")
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as connection:
        await connection.execute(statement.encode())
    unreadable = 0
    for person in (mei, lin):
        for place in (
            person,
            person._replace(kind="agent"),
            person._replace(brand_id=f"{person.brand_id}-other"),
        ):
            try:
                assert "Mei Lin" not in (await read(pool, vault, place)).values()
            except UnreadablePersonalData:
                unreadable += 1
    assert unreadable >= 1


async def test_another_vault_key_opens_nothing(
    pool: Pool, vault: Vault, mei: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await store(pool, vault, mei, {"name": "Mei"})
    stranger = Vault(VaultKeys(Secrets(tmp_path_factory.mktemp("other") / "secrets")))
    with pytest.raises(UnreadablePersonalData):
        await read(pool, stranger, mei)
    assert await find(pool, stranger, mei, "name", "Mei") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nickname", "x"),
        ("", "x"),
        ("deposit:", "x"),
        ("deposit:d1:depositor:x", "x"),
        ("Deposit:d1", "x"),
        ("deposit:" + "d" * 49, "x"),
        ("d" * 20 + ":" + "d" * 48 + ":" + "d" * 20, "x"),
        ("name", ""),
        ("name", "x" * 4001),
        ("name", "a\0b"),
        ("name", "\ud800"),
    ],
)
async def test_refuses_other_fields_and_values_and_stores_nothing(
    pool: Pool, vault: Vault, mei: Person, field: str, value: str
) -> None:
    with pytest.raises(InvalidPersonalData) as refusal:
        await store(pool, vault, mei, {"phone": "1", field: value})
    assert value not in {str(refusal.value), *map(str, refusal.value.facts.values())}
    assert await read(pool, vault, mei) == {}


async def test_two_first_values_at_once_share_one_key(pool: Pool, vault: Vault, mei: Person) -> None:
    await asyncio.gather(*(store(pool, vault, mei, {f"note:n{n}": str(n)}) for n in range(6)))
    assert await read(pool, vault, mei) == {f"note:n{n}": str(n) for n in range(6)}


async def test_erases_a_person_and_nobody_else(
    pool: Pool, vault: Vault, mei: Person, lin: Person, shared_database: Database
) -> None:
    for person in (mei, lin):
        await store(pool, vault, person, {**KNOWN, "deposit:d1:depositor": "somebody"})
    async with in_brand(pool, mei.brand_id) as connection:
        await vault.erase(connection, mei)
        await vault.erase(connection, mei)
    assert await read(pool, vault, mei) == {}
    assert await find(pool, vault, mei, "phone", KNOWN["phone"]) == [lin.subject_id]
    for table in ("personal_keys", "personal_data"):
        rows = await as_superuser(
            shared_database, f"SELECT DISTINCT subject_id FROM {table} WHERE brand_id = %s", mei.brand_id
        )
        assert rows == [(lin.subject_id,)]


async def test_no_value_outlives_its_key_when_both_come_at_once(
    pool: Pool, vault: Vault, mei: Person, shared_database: Database
) -> None:
    async def erase() -> None:
        async with in_brand(pool, mei.brand_id) as connection:
            await vault.erase(connection, mei)

    for n in range(10):
        await store(pool, vault, mei, {"name": "first"})
        await asyncio.gather(store(pool, vault, mei, {"phone": str(n + 1)}), erase())
        await read(pool, vault, mei)
        await erase()
    left = await as_superuser(
        shared_database, "SELECT count(*) FROM personal_data WHERE brand_id = %s", mei.brand_id
    )
    assert left == [(0,)]


async def test_a_rotated_vault_key_opens_old_values_until_they_are_sealed_again(
    *, pool: Pool, vault: Vault, mei: Person, lin: Person, own_secrets: Secrets, clock: Clock
) -> None:
    await store(pool, vault, mei, {**KNOWN, "deposit:d1:depositor": "somebody"})
    own_secrets.rotate_vault_key()
    clock.now_s += REREAD_AFTER_S
    await store(pool, vault, lin, {"phone": KNOWN["phone"]})
    assert await read(pool, vault, mei) == {**KNOWN, "deposit:d1:depositor": "somebody"}
    assert await find(pool, vault, mei, "phone", KNOWN["phone"]) == [lin.subject_id, mei.subject_id]
    await store(pool, vault, mei, {"email": "new@example.org"})
    async with in_brand(pool, mei.brand_id) as connection:
        assert await vault.rewrap(connection, mei.brand_id) == 1
        assert await vault.rewrap(connection, mei.brand_id) == 0
    own_secrets.retire_vault_keys()
    clock.now_s += REREAD_AFTER_S
    assert (await read(pool, vault, mei))["email"] == "new@example.org"
    for field in FINDABLE.keys() - {"email"}:
        assert mei.subject_id in await find(pool, vault, mei, field, KNOWN[field])
    assert await find(pool, vault, mei, "email", "NEW@example.org") == [mei.subject_id]


async def test_a_process_notices_a_new_vault_key_when_it_meets_it(
    pool: Pool, vault: Vault, mei: Person, own_secrets: Secrets, clock: Clock
) -> None:
    await store(pool, vault, mei, {"name": "Mei"})
    elsewhere = Vault(VaultKeys(own_secrets, clock=clock))
    assert await read(pool, elsewhere, mei) == {"name": "Mei"}
    own_secrets.rotate_vault_key()
    async with in_brand(pool, mei.brand_id) as connection:
        assert await Vault(VaultKeys(own_secrets, clock=clock)).rewrap(connection, mei.brand_id) == 1
    assert await read(pool, elsewhere, mei) == {"name": "Mei"}


def test_prints_no_key(keys: VaultKeys) -> None:
    key = keys.current()
    assert repr(key) == f"VaultKey(key_id={key.key_id!r})"
