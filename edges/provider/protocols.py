"""Every protocol that providers may speak. To add one: write its file, and name its class here."""

from collections.abc import Mapping
from typing import Final

from edges.provider.hub88 import Hub88
from edges.provider.protocol import ProviderProtocol
from edges.provider.softswiss import SoftSwiss

PROTOCOLS: Final[Mapping[str, type[ProviderProtocol]]] = {
    protocol.name: protocol for protocol in (SoftSwiss, Hub88)
}
