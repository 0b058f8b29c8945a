"""The pure modules do nothing at import and know no clock, chance or environment (import rules cover the rest)."""

import ast
from pathlib import Path

import pytest

import contracts
from ledger import (
    agents,
    aggregates,
    brand,
    player,
    staff,
    wallet,
    wallet_decisions,
    wallet_requests,
    wallet_rules,
    wallet_transfers,
    withdrawable,
)

FORBIDDEN = {
    "aiohttp", "asyncio", "environs", "http", "io", "logging", "multiprocessing", "os", "pathlib",
    "prometheus_client", "psycopg", "psycopg_pool", "random", "redis", "secrets", "select", "selectors", "shutil",
    "signal", "socket", "ssl", "structlog", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
    "uvloop",
}  # fmt: skip
CLOCK = {"now", "today", "utcnow"}
"""What ``datetime`` reads the clock with; its types alone are harmless."""

CONTRACTS = Path(contracts.__file__).parent
AGGREGATES = (
    agents, aggregates, brand, player, staff, wallet, wallet_decisions, wallet_requests, wallet_rules,
    wallet_transfers, withdrawable,
)  # fmt: skip
PURE = [*sorted(CONTRACTS.rglob("*.py")), *(Path(str(module.__file__)) for module in AGGREGATES)]


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", PURE, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_pure_module_imports_no_input_output_clock_random_or_environment(path: Path) -> None:
    names = imported(ast.parse(path.read_text()))
    assert not {name.split(".")[0] for name in names} & FORBIDDEN


@pytest.mark.parametrize("path", PURE, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_pure_module_opens_nothing_asks_no_clock_and_holds_no_float(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & CLOCK
    calls = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert not calls & {"open", "input", "print", "exec", "eval", "float"}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
