"""Where somebody calls from: an address as it is stored, and the network that is limited as one."""

import ipaddress
from typing import Final

IPV6_PREFIX: Final = 64
"""What one subscriber has; single addresses are free there."""


def plain_address(address: str | None) -> str | None:
    """The address, if it is one; a proxy may have sent anything."""
    parsed = _parse(address)
    return None if parsed is None else str(parsed)


def network_of(address: str | None) -> str | None:
    """An IPv4 address by itself, or the network of an IPv6 subscriber."""
    parsed = _parse(address)
    if parsed is None or parsed.version == 4:
        return None if parsed is None else str(parsed)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))


def _parse(address: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed
