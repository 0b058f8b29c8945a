"""The matrix of roles: who may do what, which every route of the admin edge is held against."""

import pytest

from contracts.ids import check_brand_id
from contracts.refusals import InvalidCommand
from contracts.roles import ADMINISTRATOR, EVERY_BRAND, PERMISSIONS, ROLES, permissions_of

MONEY = {
    "deposits.decide",
    "withdrawals.decide",
    "withdrawals.pay",
    "adjustments.request",
    "adjustments.decide",
}


def test_a_role_allows_only_what_exists_and_every_permission_is_told_what_it_is_for() -> None:
    for role, allowed in ROLES.items():
        assert allowed <= PERMISSIONS.keys(), role
        assert allowed, role
    assert all(text and text[0].islower() and not text.endswith(".") for text in PERMISSIONS.values())
    assert all(name.count(".") == 1 and name.islower() for name in PERMISSIONS)


def test_an_administrator_may_do_everything_and_nobody_else_may() -> None:
    assert ROLES[ADMINISTRATOR] == PERMISSIONS.keys()
    assert [role for role, allowed in ROLES.items() if allowed == PERMISSIONS.keys()] == [ADMINISTRATOR]


def test_every_permission_is_some_roles() -> None:
    assert frozenset().union(*ROLES.values()) == PERMISSIONS.keys()


def test_only_an_administrator_gives_rights_or_erases_players() -> None:
    for permission in ("staff.write", "staff.read", "players.erase", "brands.write"):
        holders = {role for role, allowed in ROLES.items() if permission in allowed}
        assert holders - {"auditor"} == {ADMINISTRATOR}


def test_money_is_for_finance_alone() -> None:
    for role, allowed in ROLES.items():
        if role not in (ADMINISTRATOR, "finance", "finance_lead"):
            assert not allowed & MONEY, role


def test_who_asks_for_an_adjustment_as_finance_cannot_decide_on_one() -> None:
    assert "adjustments.request" in ROLES["finance"]
    assert "adjustments.decide" not in ROLES["finance"]
    assert {"adjustments.request", "adjustments.decide"} <= ROLES["finance_lead"]
    assert ROLES["finance"] < ROLES["finance_lead"]


def test_an_auditor_sees_and_changes_nothing() -> None:
    assert all(name.endswith(".read") for name in ROLES["auditor"])
    assert "audit.read" in ROLES["auditor"]
    assert {"messages.read", "players.personal"}.isdisjoint(ROLES["auditor"])


def test_who_may_write_may_read() -> None:
    for role, allowed in ROLES.items():
        for name in allowed:
            topic, _, right = name.partition(".")
            if right != "read" and f"{topic}.read" in PERMISSIONS:
                assert f"{topic}.read" in allowed, f"{role} may {name} unseen"


def test_permissions_of_several_roles_add_up_and_an_unknown_role_allows_nothing() -> None:
    assert permissions_of(["support", "content"]) == ROLES["support"] | ROLES["content"]
    assert permissions_of([]) == frozenset()
    assert permissions_of(["king"]) == frozenset()
    assert permissions_of(["king", "risk"]) == ROLES["risk"]


@pytest.mark.parametrize("role", ROLES)
def test_everybody_sees_the_numbers_of_the_day(role: str) -> None:
    assert "status.read" in ROLES[role]


def test_the_sign_for_all_brands_is_no_brand() -> None:
    with pytest.raises(InvalidCommand):
        check_brand_id(EVERY_BRAND)
