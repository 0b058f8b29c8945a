"""``tongbo trial-balance``: every account, by currency, in sum zero; exit code 4 where it is not."""

import json
from decimal import Decimal
from typing import Any

from edges.cli.outcomes import ExitCode

Tongbo = Any


def test_every_currency_sums_to_zero(tongbo: Tongbo, tongbo_json: Tongbo, projected: Tongbo) -> None:
    tongbo("brand", "create", "books", "--currency", "EUR", "--currency", "USD")
    tongbo("wallet", "open", "books", "ann")
    tongbo("wallet", "deposit", "books", "ann", "10.00")
    tongbo("wallet", "open", "books", "ann", "--currency", "USD")
    last = tongbo_json("wallet", "deposit", "books", "ann", "7.50", "--currency", "USD")
    projected("books")
    books = tongbo_json("trial-balance", "books")
    assert (books["position"], books["balanced"]) == (last["position"], True)
    assert {code: found["sum"] for code, found in books["currencies"].items()} == {
        "EUR": "0.00000",
        "USD": "0.00000",
    }
    accounts = books["currencies"]["USD"]["accounts"]
    assert sum(map(Decimal, accounts.values())) == 0
    assert Decimal("7.5") in {abs(Decimal(amount)) for amount in accounts.values()}
    printed = tongbo("trial-balance", "books").stdout
    assert printed.count("✔") == 2
    assert f"as of position {last['position']}" in printed


def test_ends_with_four_where_a_sum_is_not_zero(tongbo: Tongbo, projected: Tongbo, tamper: Tongbo) -> None:
    tongbo("brand", "create", "askew", "--currency", "EUR")
    tongbo("wallet", "open", "askew", "ann")
    tongbo("wallet", "deposit", "askew", "ann", "10.00")
    projected("askew")
    change = "update trial_balance set amount = amount {} where brand_id = %s and account = 'wallet:cash'"
    tamper("askew", change.format("+ 3"))
    try:
        found = json.loads(tongbo("trial-balance", "askew", "--json", code=ExitCode.AUDIT_FOUND).stdout)
        printed = tongbo("trial-balance", "askew", code=ExitCode.AUDIT_FOUND).stdout
        checked = json.loads(
            tongbo("audit", "check", "--brand", "askew", "--json", code=ExitCode.AUDIT_FOUND).stdout
        )
    finally:
        tamper("askew", change.format("- 3"))
    assert not found["balanced"]
    assert found["currencies"]["EUR"]["sum"] == "0.00003"
    assert "0.00003" in printed
    assert "✔" not in printed
    assert checked[0]["off_balance"] == {"EUR": 3}
    tongbo("trial-balance", "askew")


def test_a_brand_that_moved_no_money_is_balanced_and_an_unknown_one_is_refused(
    tongbo: Tongbo, tongbo_json: Tongbo
) -> None:
    tongbo("brand", "create", "penniless", "--currency", "EUR")
    assert tongbo_json("trial-balance", "penniless")["currencies"] == {}
    tongbo("trial-balance", "nowhere", code=1)
