"""What is kept of the device behind a session: enough to recognise one's own, too little to find somebody by."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network

from django.http import HttpRequest
from rest_framework.request import Request

from utils.throttling import client_address

MAX_NAME = 200


@dataclass(frozen=True)
class Device:
    name: str = ""
    address: str = ""


UNKNOWN_DEVICE = Device()


def device_of(request: HttpRequest | Request) -> Device:
    return Device(name=_printable(request.headers.get("User-Agent", "")), address=_network_of(client_address(request)))


def _network_of(address: str) -> str:
    """As "203.0.113.0/24" or "2001:db8:7::/48"; empty where there is no address, as of a Unix socket."""
    return address and str(ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))


def _printable(text: str) -> str:
    """PostgreSQL keeps no NUL, and UTF-8 no lone surrogate."""
    return "".join(character for character in text if character.isprintable()).strip()[:MAX_NAME]
