"""Every role, every route, own and foreign brand, own and foreign object: made from the table of routes itself."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from contracts.roles import PERMISSIONS, ROLES
from edges.admin.app import ROUTES
from edges.routes import Route
from tests.edges.admin.matrix_objects import objects_of, variables
from tests.edges.admin.sample_bodies import sample_of
from tests.edges.api.running import Answer, RunningEdge, RunningPeople, Someone

OWN, FOREIGN, NOBODYS = "acme", "other", "nobody"

CLOSED = sorted((route for route in ROUTES if not route.open), key=lambda route: route.method != "GET")
"""Reading comes first, for what is written may take away what is read; so do the tests that are refused."""

REFUSED_BY_RIGHTS = {"forbidden", "every_brand_required", "step_up_required", "password_change_required"}

MAKES_ITS_OWN = {("PUT", "/api/v1/brands/{brand}/agents/{agent}")}
"""Routes that make a foreign object one's own: an agent serves a brand from the moment that it is allowed."""

WITHIN_ROUTES = {"players.personal"}
"""Without it, a route that somebody may use tells less."""


@dataclass
class House:
    """Two brands with one of everything, and staff of every role: of the own brand only, and of all brands."""

    people: RunningPeople
    admin: RunningEdge
    own: Mapping[str, str]
    foreign: Mapping[str, str]
    limited: Mapping[str, Someone]
    everywhere: Mapping[str, Someone]
    strangers: tuple[Someone, Someone]

    async def ask(
        self,
        route: Route,
        who: Someone | None,
        *,
        brand: str = OWN,
        change: Mapping[str, str] | None = None,
        with_body: bool = False,
    ) -> Answer:
        """The route, about objects of one's own but for those in ``change``."""
        named = {name: self.own[what] for name, what in variables(route.path).items()}
        path = route.path.format(**{"brand": brand, **named, **(change or {})})
        body = None
        if with_body and isinstance(route.request, type):
            body = sample_of(route.request)
        return await self.admin.ask(route.method, path, who, json=body)

    def one_who_may(self, route: Route, role: str) -> Someone:
        return self.everywhere[role] if route.every_brand else self.limited[role]


@pytest.fixture(scope="module")
async def house(people: RunningPeople) -> House:
    admin = people.edges["admin"]
    return House(
        people,
        admin,
        own=await objects_of(people, admin, OWN),
        foreign=await objects_of(people, admin, FOREIGN),
        limited={role: await people.add_staff(role, brands=(OWN,)) for role in ROLES},
        everywhere={role: await people.add_staff(role) for role in ROLES},
        strangers=(await people.add_player(OWN), await people.add_agent(OWN)),
    )


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def holders(route: Route) -> list[str]:
    return [role for role, allowed in ROLES.items() if route.permission in allowed]


def is_let_in(answer: Answer) -> bool:
    """Whatever becomes of it then: a body is missing, a state does not allow it."""
    refused = answer.status == 403 and not isinstance(answer.content, str)
    return answer.status != 401 and not (refused and answer.content["code"] in REFUSED_BY_RIGHTS)


@pytest.mark.parametrize("route", CLOSED, ids=named)
async def test_nobody_comes_in_without_a_token_of_staff(house: House, route: Route) -> None:
    nobody, player, agent = await asyncio.gather(
        house.ask(route, None), *(house.ask(route, stranger) for stranger in house.strangers)
    )
    assert {nobody.status, player.status, agent.status} == {401}


@pytest.mark.parametrize("route", [route for route in CLOSED if "{brand}" in route.path], ids=named)
async def test_a_foreign_brand_is_one_that_does_not_exist(house: House, route: Route) -> None:
    for role, allowed in ROLES.items():
        answers = [
            await house.ask(route, house.limited[role], brand=brand, change=house_of(house, route))
            for brand in (FOREIGN, NOBODYS, "platform")[: 3 if role == holders(route)[0] else 1]
        ]
        expected = (404, "unknown_brand") if route.permission in allowed else (403, "forbidden")
        assert {(answer.status, answer.content["code"]) for answer in answers} == {expected}, role
        assert all(answer.content == answers[0].content for answer in answers)


def house_of(house: House, route: Route) -> dict[str, str]:
    """The objects that the path would name at the foreign brand."""
    return {name: house.foreign[what] for name, what in variables(route.path).items()}


@pytest.mark.parametrize(
    "route",
    [route for route in CLOSED if variables(route.path) and (route.method, route.path) not in MAKES_ITS_OWN],
    ids=named,
)
async def test_a_foreign_object_is_one_that_does_not_exist(house: House, route: Route) -> None:
    for name, what in variables(route.path).items():
        if house.own[what] == house.foreign[what]:
            continue  # it names a value, such as a currency
        answers: set[Any] = set()
        ids = [uuid4().hex[:24], *([] if route.every_brand else [house.foreign[what]])]
        for role in holders(route) or ROLES:
            who = house.one_who_may(route, role)
            for object_id in ids:
                answer = await house.ask(route, who, change={name: object_id}, with_body=True)
                gone = (
                    route.method == "DELETE" and answer.status == 204
                )  # what is not there need not be removed
                assert gone or answer.status == 404, (role, object_id, answer.content)
                answers.add((answer.status, gone or answer.content["code"]))
        assert len(answers) == 1


@pytest.mark.parametrize("route", [route for route in CLOSED if route.permission], ids=named)
async def test_a_role_does_what_it_may_at_its_own_brand_and_nothing_else(house: House, route: Route) -> None:
    answers = await asyncio.gather(*(house.ask(route, house.one_who_may(route, role)) for role in ROLES))
    for role, answer in zip(ROLES, answers, strict=True):
        if route.permission in ROLES[role]:
            assert is_let_in(answer), (role, answer.content)
            assert answer.status not in {404, 500} or route.method != "GET", (role, answer.content)
        else:
            assert (answer.status, answer.content["code"]) == (403, "forbidden"), role


@pytest.mark.parametrize("route", [route for route in CLOSED if route.every_brand], ids=named)
async def test_what_belongs_to_no_brand_is_for_staff_of_all(house: House, route: Route) -> None:
    for role in holders(route):
        answer = await house.ask(route, house.limited[role])
        assert (answer.status, answer.content["code"]) == (403, "every_brand_required"), role


@pytest.mark.parametrize("route", [route for route in CLOSED if route.step_up], ids=named)
async def test_a_sensitive_act_needs_another_proof(house: House, route: Route) -> None:
    for role in holders(route):
        plain = await house.people.sign_in(house.one_who_may(route, role).person)
        answer = await house.ask(route, plain)
        assert (answer.status, answer.content["code"]) == (403, "step_up_required"), role


@pytest.mark.parametrize("route", [route for route in CLOSED if route.own], ids=named)
async def test_ones_own_account_is_open_to_every_role(house: House, route: Route) -> None:
    for role in ROLES:
        passing = await house.people.add_staff(role, brands=(OWN,))
        answer = await house.ask(route, passing, change={"session": passing.session_id})
        if "session" not in variables(route.path):
            answer = await house.ask(route, await house.people.sign_in(passing.person))
        assert is_let_in(answer), (role, answer.content)


@pytest.mark.parametrize(
    "route",
    [
        route
        for route in CLOSED
        if route.method == "GET" and {"{brand}"} < set(re.findall(r"{\w+}", route.path))
    ],
    ids=named,
)
async def test_the_other_brand_still_has_everything(house: House, route: Route) -> None:
    answer = await house.ask(
        route, house.everywhere["administrator"], brand=FOREIGN, change=house_of(house, route)
    )
    assert answer.status == 200


def test_every_permission_opens_something_and_every_route_is_tried() -> None:
    opening = {route.permission for route in CLOSED if route.permission}
    assert opening | WITHIN_ROUTES == PERMISSIONS.keys()
    assert all(route.open or route.own or holders(route) for route in ROUTES)


@pytest.mark.parametrize("path", ["/api/admin/players", "/api/admin/", "/api/admin/v1/login", "/api/v2/me"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_old_systems_paths_are_gone(house: House, method: str, path: str) -> None:
    for who in (None, house.everywhere["administrator"]):
        assert (await house.admin.ask(method, path, who)).status == 404
