# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""The kinds of access a host can have, and the nft rules that make each (RFC 4787 names).

A gateway has the device `wan` towards the internet and `lan` towards its host. probe.py proves
that a gateway is what its kind claims before anything is measured on it.
"""

import dataclasses

# How outgoing packets get their public port (RFC 4787 section 4.1).
ENDPOINT_INDEPENDENT, PORT_DEPENDENT, NO_NAT = "endpoint-independent", "port-dependent", "none"
# Which unsolicited packets come in (section 5).
OPEN, BY_ADDRESS, BY_PORT = "open", "by-address", "by-port"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A way to be on the internet. mapping and filtering are what the probe has to see."""
    name: str
    short: str
    mapping: str
    filtering: str
    udp: bool = True
    ipv6: bool = False  # IPv6 and nothing else; otherwise IPv4 and nothing else

    @property
    def nat(self):
        return self.mapping != NO_NAT


KINDS = {kind.name: kind for kind in (
    Kind("public", "public", NO_NAT, OPEN),
    Kind("full-cone", "full", ENDPOINT_INDEPENDENT, OPEN),
    Kind("address-restricted", "addr", ENDPOINT_INDEPENDENT, BY_ADDRESS),
    Kind("port-restricted", "port", ENDPOINT_INDEPENDENT, BY_PORT),
    Kind("symmetric", "symm", PORT_DEPENDENT, BY_PORT),
    Kind("udp-blocked", "noudp", ENDPOINT_INDEPENDENT, BY_PORT, udp=False),
    Kind("ipv6-only", "ipv6", NO_NAT, OPEN, ipv6=True),
)}

# An unsolicited packet must be dropped at the gateway's own door, before conntrack confirms it. If
# it were answered or accepted, its entry would own the very tuple that the host's outgoing packet
# needs a moment later, and masquerade would give that packet another port: no longer a cone.
_DOOR = """
  chain door {
    type filter hook input priority 0; policy accept;
    iifname "wan" ct state new drop
  }
"""

# A mapping lives as long as its host sends; 5 minutes is RFC 4787's recommended life time.
_RULES = {
    "full-cone": """
table ip nat {{
  set mapped {{ type inet_service; flags dynamic,timeout; timeout 5m; }}
  chain pre {{
    type nat hook prerouting priority -100; policy accept;
    iifname "wan" udp dport @mapped dnat to {host}
  }}
  chain post {{
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" masquerade
  }}
  chain learn {{
    type filter hook forward priority 0; policy accept;
    oifname "wan" meta l4proto udp update @mapped {{ udp sport }}
  }}
{door}}}
""",
    "address-restricted": """
table ip nat {{
  set seen {{ type ipv4_addr . inet_service; flags dynamic,timeout; timeout 5m; }}
  chain pre {{
    type nat hook prerouting priority -100; policy accept;
    iifname "wan" ip saddr . udp dport @seen dnat to {host}
  }}
  chain post {{
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" masquerade
  }}
  chain learn {{
    type filter hook forward priority 0; policy accept;
    oifname "wan" meta l4proto udp update @seen {{ ip daddr . udp sport }}
  }}
{door}}}
""",
    "port-restricted": """
table ip nat {{
  chain post {{
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" masquerade
  }}
{door}}}
""",
    "symmetric": """
table ip nat {{
  chain post {{
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" masquerade fully-random
  }}
{door}}}
""",
    "udp-blocked": """
table ip nat {{
  chain post {{
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" masquerade
  }}
  chain block {{
    type filter hook forward priority 0; policy accept;
    meta l4proto udp drop
  }}
{door}}}
""",
}


def install(gateway, kind, host):
    """Makes `gateway` a NAT of that kind in front of the address `host`; without NAT, no rules."""
    if kind.name in _RULES:
        gateway.nft(_RULES[kind.name].format(host=host, door=_DOOR))


def rebind(gateway):
    """The NAT forgets its UDP mappings and gives others from now on (as after a reboot)."""
    gateway.nft('flush chain ip nat post\n'
                'add rule ip nat post oifname "wan" meta l4proto udp masquerade to :30000-30999\n'
                'add rule ip nat post oifname "wan" masquerade\n')
    forget(gateway)


def forget(gateway):
    """Drops every mapping and flow that the gateway remembers."""
    gateway.run(["conntrack", "-F"], check=False)


# Two hosts behind one NAT (hairpin scenarios): `lan` and `lan2`, one public address.
_SHARED = """
table ip nat {{
  map owner {{ type inet_service : ipv4_addr; flags dynamic,timeout; timeout 5m; }}
  chain pre {{
    type nat hook prerouting priority -100; policy accept;
    {hairpin_in}
  }}
  chain post {{
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" masquerade
    {hairpin_out}
  }}
  chain learn {{
    type filter hook forward priority 0; policy accept;
    iifname {{ "lan", "lan2" }} meta l4proto udp update @owner {{ udp sport : ip saddr }}
    {isolation}
  }}
{door}}}
"""


def install_shared(gateway, public, hairpin, isolated):
    """One port-restricted NAT for two LANs. hairpin: packets to our own public address come back in
    (RFC 4787 section 6, with the external source address). isolated: the LANs are kept apart."""
    inside = 'iifname { "lan", "lan2" }'
    outside = 'oifname { "lan", "lan2" }'
    gateway.nft(_SHARED.format(
        hairpin_in=f"{inside} ip daddr {public} dnat to udp dport map @owner" if hairpin else "",
        hairpin_out=(f"ct status dnat ip saddr 10.0.0.0/8 {outside} snat to {public}"
                     if hairpin else ""),
        isolation=f"{inside} {outside} ct status & dnat != dnat drop" if isolated else "",
        door=_DOOR))
