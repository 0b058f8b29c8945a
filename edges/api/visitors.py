"""Where a login or sign-up comes from, as sessions keep it and limits count it."""

from ipaddress import ip_address
from typing import Final

from aiohttp import web

from edges.api.parts import PARTS
from edges.config import Networks
from edges.identity.addresses import plain_address
from edges.identity.login import Visitor

FORWARDED_FOR: Final = "X-Forwarded-For"
HOPS_MAX: Final = 20


def visitor_of(request: web.Request) -> Visitor:
    """The address of whoever calls, and what the client calls itself."""
    proxies = request.app[PARTS].trusted_proxies
    hops = [hop for value in request.headers.getall(FORWARDED_FOR, ()) for hop in value.split(",")]
    return Visitor(client_address(request.remote, hops, proxies), request.headers.get("User-Agent", ""))


def client_address(peer: str | None, hops: list[str], proxies: Networks) -> str | None:
    """The nearest address that is none of our proxies': what stands before it was told by whoever has that address.

    ``hops``: what the proxies told, the nearest one last. Only what a trusted proxy tells is believed.
    """
    address = plain_address(peer)
    for hop in reversed(hops[-HOPS_MAX:]):
        if not _is_among(address, proxies):
            break
        told = plain_address(hop.strip())
        if told is None:
            break
        address = told
    return address


def _is_among(address: str | None, networks: Networks) -> bool:
    return address is not None and any(ip_address(address) in network for network in networks)
