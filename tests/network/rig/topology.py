# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""The internet of a run: a core, a public server and a gateway with a host for each side.

    host-a --lan-- gate-a ==weather== core ==weather== gate-b --lan-- host-b
                                       |
                                    weather == server (coturn, probes)

Each of the weather links has a quarter of the round-trip time each way, so that it takes --rtt
milliseconds between any two of host, host and server.

    203.0.113.0/24   server: .10 and .11; .66 swallows what it is sent
    198.51.100.0/24  gateways .10, .20, .30; hosts without NAT .66, .130
    10.N.0.0/24      behind NAT        100.64.0.0/24   behind a carrier's NAT
    2001:db8:N::/64  IPv6 hosts        2001:db8:f::/64 server
"""

import dataclasses
import json

from . import nat
from .namespaces import Namespaces, veth
from .weather import Weather, WeatherLink

SERVER, SERVER_2, DEAD = "203.0.113.10", "203.0.113.11", "203.0.113.66"
SERVER6, SERVER6_2 = "2001:db8:f::10", "2001:db8:f::11"

# What the core sees, whatever a peer says of its path.
_CORE_RULES = """
table inet core {
  counter direct { }
  counter relayed { }
  counter cleartext { }
  chain broken {
  }
  chain through {
    type filter hook forward priority 0; policy accept;
    jump broken
    ip daddr 203.0.113.66 drop
    tcp dport { 5349, 5350 } @ih,32,32 0x2112a442 counter name cleartext
    iifname "srv" counter name relayed accept
    oifname "srv" counter name relayed accept
    counter name direct
  }
}
"""


@dataclasses.dataclass
class Side:
    """One end: where its peer runs and what stands in front of it."""
    host: object
    gateway: object
    address: str  # the host's own
    link: WeatherLink
    kind: nat.Kind


class Topology:
    """Core and server at once; sides on demand. A context manager."""

    def __init__(self, rtt, seed):
        self.rtt = rtt
        self._seed = seed
        self._namespaces = Namespaces()
        self._links = []

    def __enter__(self):
        self._namespaces.__enter__()
        try:
            self.core = self._router("core")
            self.core.nft(_CORE_RULES)
            self.server = self._namespaces.add("server")
            self.server.sysctl(ipv4__conf__all__rp_filter=0)
            self._uplink(self.server, "srv", [SERVER, SERVER_2, SERVER6, SERVER6_2], [DEAD])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for link in self._links:
            link.close()
        self._links.clear()
        self._namespaces.__exit__()

    # -- sides

    def side(self, index, kind):
        """Side 0 or 1 with that kind of access."""
        letter = "ab"[index]
        gateway, host = self._router("gate-" + letter), self._namespaces.add("host-" + letter)
        if kind.ipv6:
            net = f"2001:db8:{index + 1}::"
            address, routed = net + "2", [net + "/64"]
            self._lan(gateway, "lan", net + "1/64", host, "eth0", address + "/64",
                      "::/0", net + "1")
            link = self._uplink(gateway, letter, [f"2001:db8:e::{index + 1}"], routed)
        elif not kind.nat:
            first = 64 * (index + 1)
            address, routed = f"198.51.100.{first + 2}", [f"198.51.100.{first}/28"]
            inner = f"198.51.100.{first + 1}"
            self._lan(gateway, "lan", inner + "/28", host, "eth0", address + "/28",
                      "0.0.0.0/0", inner)
            link = self._uplink(gateway, letter, [f"198.51.100.{10 * (index + 1)}"], routed)
        else:
            address = f"10.{index + 1}.0.2"
            self._private_lan(gateway, "lan", index + 1, host, "eth0")
            link = self._uplink(gateway, letter, [f"198.51.100.{10 * (index + 1)}"], [])
            nat.install(gateway, kind, address)
        return Side(host, gateway, address, link, kind)

    def nested_side(self, index, kind):
        """A home NAT behind a carrier's NAT, both of that kind."""
        letter = "ab"[index]
        carrier, gateway = self._router("carrier-" + letter), self._router("gate-" + letter)
        host = self._namespaces.add("host-" + letter)
        veth(carrier, "lan", gateway, "wan")
        carrier.ip("addr add 100.64.0.1/24 dev lan")
        gateway.ip("addr add 100.64.0.2/24 dev wan", "route add 0.0.0.0/0 via 100.64.0.1")
        self._private_lan(gateway, "lan", index + 1, host, "eth0")
        link = self._uplink(carrier, letter, [f"198.51.100.{10 * (index + 1)}"], [])
        nat.install(gateway, kind, f"10.{index + 1}.0.2")
        nat.install(carrier, kind, "100.64.0.2")
        return Side(host, gateway, f"10.{index + 1}.0.2", link, kind)

    def shared_sides(self, hairpin, isolated):
        """Two hosts behind one NAT."""
        public = "198.51.100.10"
        gateway = self._router("gate")
        hosts = [self._namespaces.add("host-a"), self._namespaces.add("host-b")]
        self._private_lan(gateway, "lan", 1, hosts[0], "eth0")
        self._private_lan(gateway, "lan2", 2, hosts[1], "eth0")
        link = self._uplink(gateway, "a", [public], [])
        nat.install_shared(gateway, public, hairpin, isolated)
        kind = nat.KINDS["port-restricted"]
        return [Side(host, gateway, f"10.{1 + i}.0.2", link, kind) for i, host in enumerate(hosts)]

    def second_uplink(self, side):
        """Builds another way out for side 0: eth1, behind a NAT of its own, not plugged in yet."""
        gateway = self._router("gate-a2")
        veth(gateway, "lan", side.host, "eth1")
        side.host.ip("link set dev eth1 down")
        gateway.ip("addr add 10.3.0.1/24 dev lan")
        self._uplink(gateway, "a2", ["198.51.100.30"], [])
        nat.install(gateway, nat.KINDS["port-restricted"], "10.3.0.2")

    @staticmethod
    def plug_in(side):
        """eth1 comes up with its address; eth0 stays the default as long as it is there."""
        side.host.ip("link set dev eth1 up",
                     "addr add 10.3.0.2/24 dev eth1",
                     "route add default via 10.3.0.1 dev eth1 metric 200",
                     # Each address leaves by its own interface, or the wrong NAT would see it.
                     "route add default via 10.1.0.1 dev eth0 table 101",
                     "route add default via 10.3.0.1 dev eth1 table 103",
                     "rule add from 10.1.0.2 lookup 101",
                     "rule add from 10.3.0.2 lookup 103")

    def drop_sides(self):
        """Removes all but core and server, so that other sides can take their place."""
        for link in self._links[1:]:
            link.close()
        del self._links[1:]
        for namespace in self._namespaces.others(self.core, self.server):
            self._namespaces.remove(namespace)

    # -- what can happen to the network

    def cut(self):
        """The core carries nothing any more."""
        self.core.nft("add rule inet core broken drop\n")

    def shrink(self, side, core_device, mtu, silent):
        """The side's link carries packets of at most `mtu` bytes. silent: and nobody is told."""
        for namespace, device in ((side.gateway, "wan"), (self.core, core_device)):
            namespace.ip(f"link set dev {device} mtu {mtu}")
            if silent:
                namespace.nft("""
table inet silent {
  chain out {
    type filter hook output priority 0; policy accept;
    icmp type destination-unreachable drop
    icmpv6 type packet-too-big drop
  }
}
""")

    def mend(self):
        """Takes back what was done to the core."""
        self.core.nft("flush chain inet core broken\n"
                      "add table inet silent\n"
                      "delete table inet silent\n")

    # -- observation

    def wire_bytes(self):
        """Bytes that the core carried so far, as (between the sides, to and from the server)."""
        counters = self._counters()
        return counters["direct"]["bytes"], counters["relayed"]["bytes"]

    def cleartext_packets(self):
        """STUN messages that went to a TLS port without TLS (by the magic cookie, RFC 8489)."""
        return self._counters()["cleartext"]["packets"]

    def _counters(self):
        text = self.core.run(["nft", "-j", "list", "counters", "table", "inet", "core"])
        return {entry["counter"]["name"]: entry["counter"]
                for entry in json.loads(text)["nftables"] if "counter" in entry}

    @staticmethod
    def busiest_device(host):
        """The device by which the host has sent most."""
        with host.inside(), open("/proc/thread-self/net/dev") as file:
            rows = [line.replace(":", " ").split() for line in file.readlines()[2:]]
        return max(rows, key=lambda row: int(row[9]))[0]

    # -- parts

    def _router(self, role):
        namespace = self._namespaces.add(role)
        namespace.sysctl(ipv4__ip_forward=1, ipv4__conf__all__rp_filter=0,
                         ipv4__conf__default__rp_filter=0, ipv6__conf__all__forwarding=1)
        return namespace

    def _uplink(self, namespace, core_device, addresses, routed):
        """`wan` in the namespace to `core_device` in the core, with routes both ways."""
        quarter = self.rtt / 4
        link = WeatherLink((namespace, "wan"), (self.core, core_device), Weather(delay=quarter),
                           self._seed + len(self._links))
        self._links.append(link)
        nodad = {True: " nodad", False: ""}
        namespace.ip(*(f"addr add {a} dev wan{nodad[':' in a]}" for a in addresses),
                     "route add 0.0.0.0/0 dev wan", "route add ::/0 dev wan")
        self.core.ip(*(f"route add {a} dev {core_device}" for a in [*addresses, *routed]))
        return link

    def _lan(self, gateway, gateway_device, gateway_address, host, device, address, default, via):
        nodad = " nodad" if ":" in address else ""
        host.sysctl(ipv6__conf__all__disable_ipv6=0 if nodad else 1,
                    ipv6__conf__default__disable_ipv6=0 if nodad else 1)
        veth(gateway, gateway_device, host, device)
        gateway.ip(f"addr add {gateway_address} dev {gateway_device}{nodad}")
        metric = "" if nodad else " metric 100"
        host.ip(f"addr add {address} dev {device}{nodad}",
                f"route add {default} via {via} dev {device}{metric}")

    def _private_lan(self, gateway, gateway_device, net, host, device):
        self._lan(gateway, gateway_device, f"10.{net}.0.1/24", host, device, f"10.{net}.0.2/24",
                  "0.0.0.0/0", f"10.{net}.0.1")
