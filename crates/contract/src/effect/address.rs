//! Writes of the address under which a device is reached. Whoever changes it may not reach the
//! device any more, so nobody can put it back from where he is.

use super::acts::own_id;
use super::words::tokens;
use crate::model::{JsonType, Operation, Schema};
use crate::shape;

/// Members further down are not looked at.
const DEEPEST: usize = 3;

/// Words of a path, a name or a member that speak of the device's own connection.
const NETWORK: [&str; 32] = [
    "network",
    "networks",
    "networking",
    "net",
    "ethernet",
    "eth",
    "lan",
    "wlan",
    "wifi",
    "wan",
    "wwan",
    "uplink",
    "internet",
    "pppoe",
    "dsl",
    "nic",
    "nics",
    "interface",
    "interfaces",
    "ip",
    "ipv",
    "ipconfig",
    "ifconfig",
    "tcpip",
    "dhcp",
    "netzwerk",
    "netwerk",
    "reseau",
    "rete",
    "siec",
    "сеть",
    "网络",
];

/// Those of a summary: "interface" may be one for people there.
const SAID: [&str; 12] = [
    "network", "ethernet", "lan", "wlan", "wifi", "wan", "uplink", "ip", "netzwerk", "netwerk",
    "reseau", "网络",
];

/// Words that say that an address is that of another host.
const OTHERS: &[&str] = &[
    "sip",
    "proxy",
    "proxies",
    "ntp",
    "sntp",
    "syslog",
    "logging",
    "server",
    "servers",
    "notification",
    "notifications",
    "target",
    "targets",
    "remote",
    "peer",
    "peers",
    "door",
    "doors",
    "smtp",
    "mail",
    "email",
    "mqtt",
    "broker",
    "dns",
    "nameserver",
    "nameservers",
    "radius",
    "ldap",
    "snmp",
    "trap",
    "traps",
    "stun",
    "turn",
    "ice",
    "webhook",
    "webhooks",
    "callback",
    "client",
    "clients",
    "contact",
    "contacts",
    "firewall",
    "whitelist",
    "blacklist",
    "allowlist",
    "blocklist",
    "filter",
    "filters",
    "ping",
    "time",
    "registrar",
    "provider",
    "account",
];

/// Members that are an address wherever the connection is spoken of, by their words.
const ADDRESSES: [&[&str]; 27] = [
    &["ip"],
    &["ips"],
    &["ip", "address"],
    &["ip", "addr"],
    &["ipaddress"],
    &["ipaddr"],
    &["address"],
    &["addresses"],
    &["addr"],
    &["ipv", "4"],
    &["ipv", "6"],
    &["ipv", "4", "address"],
    &["ipv", "6", "address"],
    &["static", "ip"],
    &["static", "address"],
    &["dhcp"],
    &["dhcp", "enabled"],
    &["use", "dhcp"],
    &["gateway"],
    &["default", "gateway"],
    &["netmask"],
    &["subnet"],
    &["subnet", "mask"],
    &["subnetmask"],
    &["mask"],
    &["hostname"],
    &["host", "name"],
];

/// Members that are the port of the device's own service wherever they stand.
const PORTS: [&[&str]; 6] = [
    &["http", "port"],
    &["https", "port"],
    &["web", "port"],
    &["http", "listen", "port"],
    &["https", "listen", "port"],
    &["management", "port"],
];

/// The member of a write that may be the address under which the device is reached, as the document
/// names it. Addresses of other hosts (a proxy, a time server, a door) are settings.
pub(super) fn own_address(op: &Operation) -> Option<String> {
    let body = &op.body.as_ref()?.schema;
    let path = op.path.split('?').next().unwrap_or_default();
    let literals = path.split('/').filter(|s| !s.contains('{'));
    let mut names: Vec<String> = literals.flat_map(tokens).collect();
    names.extend(tokens(own_id(op)));
    let said = tokens(&op.summary);
    let named = speaks(&names, &NETWORK);
    let others = speaks(&names, OTHERS) || !named && speaks(&said, OTHERS);
    if others {
        return None;
    }
    let network = named || speaks(&said, &SAID);
    below(body, network, 0)
}

fn below(schema: &Schema, network: bool, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    let members = shape::members(schema);
    members.into_iter().find_map(|(name, member)| {
        let words = tokens(name);
        if member.read_only || speaks(&words, OTHERS) {
            return None;
        }
        let is = |list: &[&[&str]]| list.iter().any(|l| *l == words.as_slice());
        let one = !member.allows(JsonType::Object)
            || member.types.is_empty() && shape::members(member).is_empty();
        if one && (is(&PORTS) || network && is(&ADDRESSES)) {
            return Some(name.to_owned());
        }
        let network = network || speaks(&words, &NETWORK);
        below(member, network, depth + 1).or_else(|| {
            let items = member.items.as_ref().filter(|_| network)?;
            below(items, network, depth + 1)
        })
    })
}

fn speaks(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|w| list.contains(&w.as_str()))
}
