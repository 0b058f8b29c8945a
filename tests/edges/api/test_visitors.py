"""Whose address counts: that of the connection, or what our own proxies say, and never what a stranger says."""

from ipaddress import ip_network

import pytest

from edges.api.visitors import client_address
from edges.config import Networks

PROXIES: Networks = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("peer", "hops", "expected"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["203.0.113.1"], "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["198.51.100.9", " 203.0.113.1 "], "203.0.113.1"),
        ("10.0.0.1", ["198.51.100.9", "203.0.113.1", "10.0.0.2"], "203.0.113.1"),
        ("2001:db8::1", ["2001:470::5"], "2001:470::5"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1", "unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1"] + ["10.0.0.2"] * 50, "10.0.0.2"),
        (None, ["203.0.113.1"], None),
    ],
)
def test_believes_only_what_a_trusted_proxy_tells(peer: str | None, hops: list[str], expected: str) -> None:
    assert client_address(peer, hops, PROXIES) == expected


def test_believes_nobody_where_no_proxy_is_trusted() -> None:
    assert client_address("10.0.0.1", ["203.0.113.1"], ()) == "10.0.0.1"
