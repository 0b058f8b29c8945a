"""``tongbo audit check``: clean where the books are, and exit code 4 with the wallet's name where they are not."""

import json
from typing import Any

from edges.cli.outcomes import ExitCode

Tongbo = Any


def test_finds_every_brand_clean(tongbo: Tongbo, tongbo_json: Tongbo, projected: Tongbo, player: str) -> None:
    del player
    projected()
    reports = {report["brand_id"]: report for report in tongbo_json("audit", "check")}
    assert all(report["clean"] for report in reports.values())
    assert reports["demo"]["wallets"] >= 6
    assert reports["demo"]["position"] == reports["demo"]["log_position"] > 0
    (only,) = tongbo_json("audit", "check", "--brand", "demo")
    assert only["brand_id"] == "demo"
    assert "clean ✔" in tongbo("audit", "check", "--brand", "demo").stdout
    tongbo("audit", "check", "--brand", "nowhere", code=1)


def test_ends_with_four_when_a_balance_drifted(tongbo: Tongbo, projected: Tongbo, tamper: Tongbo) -> None:
    tongbo("brand", "create", "drifted", "--currency", "EUR")
    tongbo("wallet", "open", "drifted", "ann")
    tongbo("wallet", "deposit", "drifted", "ann", "10.00")
    projected("drifted")
    change = "update balances set cash = cash {} where brand_id = %s"
    tamper("drifted", change.format("+ 7"))
    try:
        result = tongbo("audit", "check", "--brand", "drifted", "--json", code=ExitCode.AUDIT_FOUND)
        printed = tongbo("audit", "check", code=ExitCode.AUDIT_FOUND).stdout
    finally:
        tamper("drifted", change.format("- 7"))
    (report,) = json.loads(result.stdout)
    (drift,) = report["drifts"]
    assert not report["clean"]
    assert (drift["wallet_id"], drift["units"]) == ("player:ann:EUR", 7)
    assert (drift["posted"]["cash"], drift["balance"]["cash"]) == (1_000_000, 1_000_007)
    assert "drifted, player:ann:EUR: posted cash 1000000" in printed
    assert "drift ✘" in printed
    tongbo("audit", "check", "--brand", "drifted")
