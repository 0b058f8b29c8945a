"""Addresses: what is stored, and what is limited as one."""

import pytest

from edges.identity.addresses import network_of, plain_address


@pytest.mark.parametrize(
    ("given", "address", "network"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("2001:DB8:1:2:3::4", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("192.0.2.7:443", None, None),
        ("192.0.2.7, 10.0.0.1", None, None),
        ("localhost", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_an_address_is_one_or_it_is_not(given: str | None, address: str | None, network: str | None) -> None:
    assert plain_address(given) == address
    assert network_of(given) == network
