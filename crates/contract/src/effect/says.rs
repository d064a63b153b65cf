//! What a sentence says beside its first words: that a call which reads also sends or removes, or that
//! it begins with a command that has an object ("Open a session", "Writes the pin").

use super::words;

/// Verbs with an object behind them that change or move something, of summaries of operations that may
/// read otherwise.
const DOES: &[&str] = &[
    "take",
    "consume",
    "pop",
    "dequeue",
    "claim",
    "reserve",
    "increment",
    "decrement",
    "write",
    "begin",
    "kick",
    "ban",
    "generate",
    "renew",
    "mail",
    "email",
];

/// Verbs of what is done beside reading.
const ALSO: &[&str] = &[
    "send",
    "mail",
    "email",
    "clear",
    "delete",
    "remove",
    "reset",
    "flush",
    "empty",
    "consume",
    "acknowledge",
    "archive",
    "drop",
    "purge",
    "dequeue",
    "pop",
    "rotate",
    "start",
    "stop",
    "run",
    "execute",
    "print",
    "notify",
];

/// Verbs that start or send something, also where what is created can be removed.
const STARTS: &[&str] = &[
    "start", "launch", "run", "execute", "send", "buy", "purchase", "pay", "order", "print",
    "publish", "deploy", "ship", "charge", "invite", "notify", "dial", "call",
];

/// Whether the word is one of these verbs: plain or in the third person.
fn verb(word: &str, list: &[&str]) -> Option<bool> {
    if list.contains(&word) {
        return Some(false);
    }
    let stem = word.strip_suffix("es").filter(|s| list.contains(s));
    let stem = stem.or_else(|| word.strip_suffix('s').filter(|s| list.contains(s)));
    stem.map(|_| true)
}

fn article(word: Option<&String>) -> bool {
    word.is_some_and(|w| matches!(w.as_str(), "a" | "an" | "the" | "this"))
}

/// The command with which the sentence begins, where an object with its article stands behind it: no
/// adjective and no noun has one ("Open hours of the shop", "Call history").
pub(super) fn imperative(words: &[String]) -> Option<&str> {
    let (first, rest) = words.split_first()?;
    let command = words::sentence(std::slice::from_ref(first)).0 != words::Command::No;
    let object = || article(rest.first()) || rest.first().is_some_and(|w| w == "off" || w == "all");
    ((command || verb(first, DOES).is_some()) && object()).then_some(first.as_str())
}

/// What is done beside the first verb: "Reads the log and clears it", "Download the report or send it
/// by mail". A plain verb counts with a pronoun only.
pub(super) fn beside(words: &[String]) -> Option<&str> {
    let third = words.first().is_some_and(|w| w.ends_with('s'));
    words.windows(3).find_map(|three| {
        let [before, word, next] = three else {
            return None;
        };
        let joined = matches!(before.as_str(), "and" | "or" | "then");
        let pronoun = matches!(next.as_str(), "it" | "them");
        let counts = match verb(word, ALSO) {
            Some(true) => third && (pronoun || article(Some(next))),
            Some(false) => !third && pronoun,
            None => false,
        };
        (joined && counts).then_some(word.as_str())
    })
}

/// The verb by which a creation also starts or sends what it creates: of its name (`buyTicket`), or of
/// its summary ("Starts a task", "Creates and starts a machine").
pub(super) fn starts<'w>(id: &'w [String], summary: &'w [String]) -> Option<&'w str> {
    let name = id.first().filter(|w| STARTS.contains(&w.as_str()));
    let first = summary
        .first()
        .filter(|w| verb(w, STARTS).is_some() && article(summary.get(1)));
    let further = summary.windows(3).find_map(|three| match three {
        [before, word, next]
            if (before == "and" || before == "then")
                && verb(word, STARTS).is_some()
                && (article(Some(next)) || next == "it" || next == "them") =>
        {
            Some(word)
        }
        _ => None,
    });
    name.or(first).or(further).map(String::as_str)
}
