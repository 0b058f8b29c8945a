"""Structured logs: one JSON line per event on stderr, with the context of the request, and never a secret."""

import logging
import re
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, WrappedLogger

REDACTED = "[redacted]"
SECRET_KEY = re.compile(
    r"secret|token|passw|authorization|cookie|credential|private_?key|api_?key|signature|x[-_]request[-_]sign",
    re.IGNORECASE,
)
URL_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+@")
CONNECTION_PASSWORD = re.compile(r"\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)", re.IGNORECASE)
ROW_VALUES = re.compile(r"^(DETAIL|CONTEXT):.*\n?", re.MULTILINE)
"""What PostgreSQL adds to an error: the values of the row, which may be somebody's name."""
MAX_DEPTH = 6
PLAIN_TYPES = frozenset({int, float, bool, type(None)})
LEVEL_NAMES = {"exception": "error", "warn": "warning", "msg": "info"}
_TRACEBACKS = structlog.processors.ExceptionRenderer()
QUIET_LOGGERS = ("aiohttp.access", "asyncio", "import_linter")


def configure(level: str = "info", **context: str) -> None:
    """Sets up structlog and the standard logging module; `context` (such as part="ledger") is in every line."""
    number = logging.getLevelNamesMapping()[level.upper()]

    def complete(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Level, time and context in one step: a line per request has to cost little."""
        return {
            **context,
            **event,
            "level": LEVEL_NAMES.get(method, method),
            "timestamp": _timestamp(),
        }

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _format_exception,
            complete,
            redact,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    _configured.level, _configured.context = number, context
    _configured.logger = structlog.BytesLogger(sys.stderr.buffer)
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog()]
    root.setLevel(max(number, logging.WARNING))
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Configured:
    """What lean lines are written with; as ``configure`` left it."""

    def __init__(self) -> None:
        self.level = logging.INFO
        self.context: Mapping[str, str] = {}
        self.logger: structlog.BytesLogger | None = None


_configured = _Configured()


def _timestamp() -> str:
    """UTC with microseconds; the part that changes once a second is kept."""
    second, rest_ns = divmod(time.time_ns(), 1_000_000_000)
    return f"{_second(second)}.{rest_ns // 1000:06d}Z"


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that says which module speaks."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


class LeanLog:
    """For the one line that every request writes: the same line, made in one step instead of through structlog's chain,
    which costs as much as all else that an edge adds to a request. Its fields must be plain, and hold nothing secret.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._usual = get_logger(name)

    def info(self, event: str, **fields: Any) -> None:
        """Writes the line, unless the level is higher or nothing was configured."""
        if _configured.logger is None:
            self._usual.info(event, **fields)
        elif _configured.level <= logging.INFO:
            line = {
                **_configured.context,
                "module": self._name,
                **fields,
                "event": event,
                "level": "info",
                "timestamp": _timestamp(),
            }
            _configured.logger.info(orjson.dumps(line))


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The guard: values of secret-looking keys, and passwords inside of URLs and connection strings, are replaced."""
    for key, value in event.items():
        if is_secret_key(key):
            event[key] = REDACTED
        elif type(value) is str:
            if "://" in value or "assword" in value:
                event[key] = _clean_text(value)
        elif type(value) not in PLAIN_TYPES:
            event[key] = _clean(value, 0)
    return event


@lru_cache(maxsize=4096)
def is_secret_key(key: str) -> bool:
    return SECRET_KEY.search(key) is not None


def _clean(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _clean_text(value)
    if depth >= MAX_DEPTH:
        return REDACTED
    if isinstance(value, Mapping):
        return {
            str(key): REDACTED if is_secret_key(str(key)) else _clean(inner, depth + 1)
            for key, inner in value.items()
        }
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    if isinstance(value, Sequence | set | frozenset):
        return [_clean(inner, depth + 1) for inner in value]
    return _clean_text(str(value))


def _clean_text(text: str) -> str:
    if "://" in text:
        text = URL_PASSWORD.sub(rf"\1:{REDACTED}@", text)
    if "assword" in text:
        text = CONNECTION_PASSWORD.sub(f"password={REDACTED}", text)
    return text


def _format_exception(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if "exc_info" in event:
        event = _TRACEBACKS(logger, method, event)
        if "exception" in event:
            event["exception"] = ROW_VALUES.sub("", event["exception"])
    return event


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)


class _ToStructlog(logging.Handler):
    """Carries what libraries say through the standard logging module into our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            logger = structlog.get_logger(module=record.name)
            logger.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)
        except Exception:  # noqa: BLE001 - a log line must never end what it reports on
            self.handleError(record)
