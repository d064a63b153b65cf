//! Bodies whose members name an action: a command that the device is to run, a message to a person, a
//! method that is applied to something else. What such a write sets, another one may take back; what
//! was run, sent or removed meanwhile, none does.

use super::words::{self, tokens};
use crate::model::{JsonType, Operation, Schema};
use crate::shape;

/// Members further down are not looked at.
const DEEPEST: usize = 4;

/// Last words of members whose text a device hands to its shell or starts as a process.
const RUN: [&str; 7] = [
    "command",
    "cmd",
    "commandline",
    "cmdline",
    "exec",
    "executable",
    "shellcommand",
];

/// Words of members that name a method or a kind of change which is applied to something else: the
/// `changetype` of LDIF (RFC 2849), the `method` of a batch (OData 4.01 JSON §19).
const METHODS: [&str; 6] = ["changetype", "op", "operation", "action", "verb", "method"];

/// Why a body makes the device do something, whatever else it sets.
pub(super) fn acting_body(op: &Operation) -> Option<String> {
    let body = &op.body.as_ref()?.schema;
    command(body, 0).or_else(|| (op.method == "POST").then(|| message(body)).flatten())
}

/// Why a body removes something: one of its members names the method.
pub(super) fn removing_member(op: &Operation) -> Option<String> {
    let body = &op.body.as_ref()?.schema;
    let members = shape::members(body);
    // `methods` of a rule are settings; `method` beside the address that it goes to is a request.
    let addressed = members
        .iter()
        .any(|(name, _)| matches!(*name, "url" | "uri" | "path" | "href" | "dn"));
    members.into_iter().find_map(|(name, member)| {
        let words = tokens(name);
        let joined = words.concat();
        let named = METHODS.contains(&joined.as_str()) && (joined != "method" || addressed);
        let values = member.enum_values.iter().flatten();
        let mut texts = values.filter_map(|v| v.as_str());
        let removes = texts.find(|t| {
            let words = tokens(t);
            words
                .first()
                .is_some_and(|w| matches!(w.as_str(), "delete" | "remove" | "destroy"))
        });
        let value = removes.filter(|_| named && !member.read_only)?;
        Some(format!(
            "the value `{value}` of its member `{name}` removes something"
        ))
    })
}

/// A member with any text that names what the device runs: `command`, `runOnInit`, `args` of a process.
fn command(schema: &Schema, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    shape::members(schema).into_iter().find_map(|(name, member)| {
        if member.read_only {
            return None;
        }
        let words = tokens(name);
        let any = member.enum_values.is_none() && member.const_value.is_none();
        let texts = member.types.contains(&JsonType::String)
            || member
                .items
                .as_ref()
                .is_some_and(|i| i.enum_values.is_none() && i.types.contains(&JsonType::String));
        let pair = |w: &[String]| matches!(w, [a, b] if a == "run" && b == "on" || a == "command" && b == "line");
        let named = words.last().is_some_and(|w| RUN.contains(&w.as_str()))
            || words.windows(2).any(pair);
        match any && texts && named {
            true => Some(format!("its member `{name}` names what the device is to run")),
            false => command(member, depth + 1),
        }
    })
}

/// A switch of a `POST` that sends a message to a person: `send_email`, `invite`, `notifyUser`.
fn message(schema: &Schema) -> Option<String> {
    shape::members(schema)
        .into_iter()
        .find_map(|(name, member)| {
            let words = tokens(name);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let sends = matches!(
                words.as_slice(),
                ["send", ..]
                    | ["notify" | "invite"]
                    | [
                        "notify" | "invite" | "email" | "mail",
                        "user"
                            | "users"
                            | "member"
                            | "members"
                            | "owner"
                            | "customer"
                            | "recipient"
                            | "recipients"
                    ]
            );
            let switch = member.types == [JsonType::Boolean] && !member.read_only;
            (sends && switch).then(|| format!("its member `{name}` sends a message to a person"))
        })
}

/// The member of a write that may be the certificate or key with which the device answers, as path and
/// member say: whoever replaces it may not be let in any more.
pub(super) fn own_certificate(op: &Operation) -> Option<String> {
    const SPOKEN: [&str; 8] = [
        "tls",
        "https",
        "ssl",
        "certificate",
        "certificates",
        "cert",
        "certs",
        "zertifikat",
    ];
    const HELD: [&str; 7] = [
        "certificate",
        "cert",
        "key",
        "privatekey",
        "pem",
        "crt",
        "chain",
    ];
    let body = &op.body.as_ref()?.schema;
    let path = op.path.split('?').next().unwrap_or_default();
    let mut literals = path.split('/').filter(|s| !s.contains('{'));
    let spoken = literals.any(|s| tokens(s).iter().any(|w| SPOKEN.contains(&w.as_str())));
    let members = shape::members(body);
    let mut own = members.into_iter().filter(|(name, member)| {
        let last = tokens(name).pop().unwrap_or_default();
        !member.read_only && member.allows(JsonType::String) && HELD.contains(&last.as_str())
    });
    let (name, _) = own.next().filter(|_| spoken)?;
    Some(name.to_owned())
}

/// Things whose creation starts or sends something at once, also where they can be changed afterwards:
/// orders, payments, calls, letters, processes.
pub(super) fn starts_at_once(words: &[String]) -> bool {
    const THINGS: &[&str] = &[
        "email",
        "emails",
        "mail",
        "mails",
        "sms",
        "call",
        "calls",
        "payment",
        "payments",
        "order",
        "orders",
        "purchase",
        "purchases",
        "booking",
        "bookings",
        "reservation",
        "reservations",
        "transfer",
        "transfers",
        "charge",
        "charges",
        "refund",
        "refunds",
        "withdrawal",
        "withdrawals",
        "checkout",
        "checkouts",
        "invitation",
        "invitations",
        "invite",
        "invites",
        "broadcast",
        "broadcasts",
        "announcement",
        "announcements",
        "deployment",
        "deployments",
        "execution",
        "executions",
        "run",
        "runs",
        "job",
        "jobs",
        "process",
        "processes",
        "print",
        "prints",
        "reboot",
        "reboots",
        "restart",
        "restarts",
        "reset",
        "resets",
        "bestellungen",
        "zahlungen",
        "auftrage",
        "auftraege",
        "commandes",
        "paiements",
        "pedidos",
        "pagos",
    ];
    words.last().is_some_and(|w| THINGS.contains(&w.as_str())) || words::unmistakable(words)
}
