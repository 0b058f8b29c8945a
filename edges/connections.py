"""How a process reaches PostgreSQL and Valkey: the place from the settings, the password from the secrets."""

from urllib.parse import quote, urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from edges.config import Settings
from edges.database import Role, database_of, role_dsn
from edges.errors import ConfigurationError
from edges.secrets import POSTGRES_PASSWORD, VALKEY_PASSWORD, Secrets

SUPERUSER = "postgres"


def open_secrets(settings: Settings) -> Secrets:
    return Secrets(settings.secrets_directory, settings.given_secrets)


def location_of(database_url: str) -> str:
    """A connection string without user and password: what a process is told, which has only its own role's."""
    parts = conninfo_to_dict(database_url)
    for private in ("user", "password", "passfile"):
        parts.pop(private, None)
    return make_conninfo("", **{**parts, "dbname": database_of(database_url)})


def admin_dsn(settings: Settings) -> str:
    """The administrator's connection string of an external server, for bootstrap and migrations."""
    given = conninfo_to_dict(_database_url(settings))
    password = given.get("password") or settings.given_secrets.get(POSTGRES_PASSWORD)
    return make_conninfo(
        _database_url(settings),
        user=given.get("user") or SUPERUSER,
        **({"password": password} if password else {}),
    )


def database_dsn(settings: Settings, role: Role | str, secrets: Secrets) -> str:
    """The connection string of one of our roles."""
    return role_dsn(location_of(_database_url(settings)), role, secrets)


def redis_url(settings: Settings, secrets: Secrets) -> str:
    """The URL of Valkey, with its password if the URL has none and one was made or given."""
    if settings.redis_url is None:
        raise ConfigurationError(["TONGBO_REDIS_URL is not set, and no running system was found"])
    url = urlsplit(settings.redis_url)
    if "@" in url.netloc or VALKEY_PASSWORD not in secrets.list_names():
        return settings.redis_url
    password = quote(secrets.valkey_password(), safe="")
    if url.scheme == "unix":
        return f"unix://:{password}@{settings.redis_url.removeprefix('unix://')}"
    return urlunsplit(url._replace(netloc=f":{password}@{url.netloc}"))


def _database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise ConfigurationError(["TONGBO_DATABASE_URL is not set, and no running system was found"])
    return settings.database_url
