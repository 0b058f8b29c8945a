"""Every setting, read in this one place from TONGBO_* variables and at most one TOML file; variables win.

All mistakes are reported at once. Secrets have their own module; here only their names are known.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from environs import Env, EnvError, validate
from marshmallow import ValidationError

from edges.errors import ConfigurationError
from edges.ports import PORT_OFFSETS
from edges.secrets import SECRET_NAMES

PREFIX = "TONGBO_"
FILE_SUFFIX = "_FILE"
CONFIG_FILE = "tongbo.toml"
DEFAULT_HOME = ".tongbo"
DEFAULT_PORT_BASE = 7300
HIGHEST_PORT_BASE = 65535 - max(PORT_OFFSETS.values())
LOG_LEVELS = ("debug", "info", "warning", "error")
CONNECTION_WORDS = re.compile(r"(^|\s)(host|dbname|service)\s*=")


Networks = tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process needs to know. Names end in their unit."""

    home: Path
    port_base: int
    bind_host: str
    database_url: str | None = field(repr=False)
    redis_url: str | None = field(repr=False)
    ledger_url: str
    log_level: str
    public_url: str | None
    trusted_proxies: Networks
    ledger_queue_max: int
    ledger_batch_max: int
    ledger_wallet_cache_max: int
    ledger_command_deadline_s: float
    ledger_snapshot_every: int
    ledger_checkpoint_interval_s: float
    ledger_lease_retry_s: float
    projection_batch_max: int
    projection_poll_interval_s: float
    database_pool_max: int
    request_body_max_bytes: int
    shutdown_grace_s: float
    given_secrets: Mapping[str, str] = field(repr=False)

    def port(self, part: str) -> int:
        """The port of a part of edges.parts, by its name."""
        return self.port_base + PORT_OFFSETS[part]

    @property
    def secrets_directory(self) -> Path:
        return self.home / "secrets"


def load(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Reads the settings; `overrides` (from the command line, None is ignored) win over everything.

    Raises ConfigurationError with every mistake found.
    """
    source = dict(os.environ if environ is None else environ)
    source.update(
        {PREFIX + name.upper(): str(value) for name, value in overrides.items() if value is not None}
    )
    errors: list[str] = []
    _refuse_lossy_database_functions(source, errors)
    home = Path(source.get(PREFIX + "HOME") or DEFAULT_HOME).expanduser().absolute()
    table = _read_file(source, home, errors)
    variables = {name: value for name, value in source.items() if name.startswith(PREFIX)}
    for name in variables:
        table.pop(name + FILE_SUFFIX, None)
        table.pop(name.removesuffix(FILE_SUFFIX), None)
    reader = _Reader({**table, **variables}, errors)
    settings = _read(reader, home)
    _refuse_unknown_names(reader, errors)
    if errors:
        raise ConfigurationError(errors)
    return settings


def variable_names() -> tuple[str, ...]:
    """Every TONGBO_* variable there is, for the reference page and the tests."""
    reader = _Reader({}, [])
    _read(reader, Path())
    return tuple(sorted(reader.known))


def _read(reader: "_Reader", home: Path) -> Settings:
    env = reader.env
    positive = validate.Range(min=1)
    seconds = validate.Range(min=0, min_inclusive=False, max=3600)
    reader.known |= {PREFIX + "HOME", PREFIX + "CONFIG"}
    port_base = reader.read(
        env.int, "PORT_BASE", DEFAULT_PORT_BASE, validate.Range(min=1024, max=HIGHEST_PORT_BASE)
    )
    internal = f"http://127.0.0.1:{port_base + PORT_OFFSETS['ledger']}"
    return Settings(
        home=home,
        port_base=port_base,
        bind_host=reader.read(env.str, "BIND_HOST", "127.0.0.1", validate.Length(min=1)),
        database_url=reader.read_or_file(env.str, "DATABASE_URL", None, _postgres_url),
        redis_url=reader.read_or_file(env.str, "REDIS_URL", None, _url_of("redis", "rediss", "unix")),
        ledger_url=reader.read(env.str, "LEDGER_URL", internal, _url_of("http", "https")),
        log_level=reader.read(env.str, "LOG_LEVEL", "info", validate.OneOf(LOG_LEVELS)),
        public_url=reader.read(env.str, "PUBLIC_URL", None, _url_of("http", "https")),
        trusted_proxies=_networks(reader.read(env.str, "TRUSTED_PROXIES", "", _are_networks)),
        ledger_queue_max=reader.read(env.int, "LEDGER_QUEUE_MAX", 10_000, positive),
        ledger_batch_max=reader.read(env.int, "LEDGER_BATCH_MAX", 512, validate.Range(min=1, max=10_000)),
        ledger_wallet_cache_max=reader.read(env.int, "LEDGER_WALLET_CACHE_MAX", 100_000, positive),
        ledger_command_deadline_s=reader.read(env.float, "LEDGER_COMMAND_DEADLINE_S", 5.0, seconds),
        ledger_snapshot_every=reader.read(env.int, "LEDGER_SNAPSHOT_EVERY", 200, positive),
        ledger_checkpoint_interval_s=reader.read(env.float, "LEDGER_CHECKPOINT_INTERVAL_S", 0.5, seconds),
        ledger_lease_retry_s=reader.read(env.float, "LEDGER_LEASE_RETRY_S", 0.5, seconds),
        projection_batch_max=reader.read(env.int, "PROJECTION_BATCH_MAX", 2_000, positive),
        projection_poll_interval_s=reader.read(env.float, "PROJECTION_POLL_INTERVAL_S", 1.0, seconds),
        database_pool_max=reader.read(env.int, "DATABASE_POOL_MAX", 8, validate.Range(min=1, max=100)),
        request_body_max_bytes=reader.read(
            env.int, "REQUEST_BODY_MAX_BYTES", 65_536, validate.Range(min=1024)
        ),
        shutdown_grace_s=reader.read(env.float, "SHUTDOWN_GRACE_S", 10.0, seconds),
        given_secrets=reader.read_secrets(),
    )


class _Reader:
    """Asks environs for one value after the other and keeps the mistakes instead of stopping at the first."""

    def __init__(self, values: Mapping[str, str], errors: list[str]) -> None:
        self.values = dict(values)
        self.errors = errors
        self.known: set[str] = set()
        self.env = _MappingEnv(self.values)

    def read(self, parse: Callable[..., Any], name: str, default: Any, check: Callable[..., Any]) -> Any:
        variable = PREFIX + name
        self.known.add(variable)
        if variable not in self.values:
            return default
        try:
            return parse(variable, validate=check)
        except EnvError as error:
            self.errors.append(_plain(variable, error))
            return default

    def read_or_file(
        self, parse: Callable[..., Any], name: str, default: Any, check: Callable[..., Any]
    ) -> Any:
        """For values that hold a password: TONGBO_X, or the content of the file named by TONGBO_X_FILE."""
        text = self._text_or_file(name)
        if text is not None:
            self.values[PREFIX + name] = text
        return self.read(parse, name, default, check)

    def read_secrets(self) -> dict[str, str]:
        given = {name: self._text_or_file(name) for name in SECRET_NAMES}
        return {name: text for name, text in given.items() if text is not None}

    def _text_or_file(self, name: str) -> str | None:
        variable, file_variable = PREFIX + name, PREFIX + name + FILE_SUFFIX
        self.known |= {variable, file_variable}
        text = self.values.get(variable)
        if file_variable in self.values:
            if text is not None:
                self.errors.append(f"{variable} and {file_variable} are both set; choose one")
            try:
                text = Path(self.values[file_variable]).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                self.errors.append(f"{file_variable}: cannot be read: {type(error).__name__}")
                return None
        if text == "":
            self.errors.append(f"{variable} is empty")
            return None
        return text


class _MappingEnv(Env):
    """environs over a given mapping instead of the process environment."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self._given = values

    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._given.get(env_key, default)


def _read_file(source: Mapping[str, str], home: Path, errors: list[str]) -> dict[str, str]:
    """The TOML file as variables: `ledger.queue_max = 5` and `ledger_queue_max = 5` are TONGBO_LEDGER_QUEUE_MAX."""
    named = source.get(PREFIX + "CONFIG")
    path = Path(named).expanduser() if named else home / CONFIG_FILE
    if not named and not path.exists():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        errors.append(f"{path}: {error}")
        return {}
    values: dict[str, str] = {}
    _flatten(content, PREFIX, path, values, errors)
    return values


def _flatten(
    table: Mapping[str, Any], prefix: str, path: Path, values: dict[str, str], errors: list[str]
) -> None:
    for key, value in table.items():
        name = prefix + key.upper()
        if isinstance(value, dict):
            _flatten(value, name + "_", path, values, errors)
        elif isinstance(value, bool | int | float | str):
            values[name] = str(value)
        else:
            errors.append(f"{path}: {key} has a type that no setting has")
        if name in {PREFIX + "HOME", PREFIX + "CONFIG"}:
            errors.append(f"{path}: {key} cannot be set in the file, which is found through it")


def _refuse_unknown_names(reader: _Reader, errors: list[str]) -> None:
    errors += [f"{name} is not a setting of Tongbo" for name in sorted(set(reader.values) - reader.known)]


def _refuse_lossy_database_functions(source: Mapping[str, str], errors: list[str]) -> None:
    """The event store's insert function skips the lock its readers rely on, and subscribers lose events."""
    if source.get("POSTGRES_ENABLE_DB_FUNCTIONS", "").strip().lower() in {"y", "yes", "t", "true", "on", "1"}:
        errors.append("POSTGRES_ENABLE_DB_FUNCTIONS must not be on: subscribers would lose events")


def _plain(variable: str, error: EnvError) -> str:
    """Without the value: it may be a secret in the wrong variable."""
    text = str(error).split(":", 1)[-1].strip().strip("[]'\"")
    return f"{variable}: {text}"


def _reject(reason: str) -> NoReturn:
    raise ValidationError(reason)


def _url_of(*schemes: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if urlsplit(value).scheme not in schemes:
            _reject(f"Must be a URL starting with {' or '.join(scheme + '://' for scheme in schemes)}.")

    return check


def _are_networks(value: str) -> None:
    try:
        _networks(value)
    except ValueError:
        _reject("Must be networks such as 10.0.0.0/8 or 2001:db8::1, with commas between them.")


def _networks(value: str) -> Networks:
    return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())


def _postgres_url(value: str) -> None:
    if urlsplit(value).scheme not in {"postgresql", "postgres"} and not CONNECTION_WORDS.search(value):
        _reject("Must be postgresql://user:password@host/database or a libpq connection string.")
