//! A tree and a mode as one tree under full match, in a form in which most trees of the same
//! language are equal: anchors at the ends of alternatives become text. `^a$` searched, matched at
//! the start and matched in full is `a` each time; where `$` also matches before a final line feed
//! it is `a\n?`.

use super::ast::{Look, Node};
use super::class::Set;
use super::dialect::{Alphabet, Mode};

/// The texts in which `node` matches in `mode`, as a tree under full match. For
/// [`Mode::FullGrouped`] the last argument is what `^` and `$` mean.
pub fn canonical(node: &Node, mode: Mode, alphabet: Alphabet, [caret, dollar]: [&Node; 2]) -> Node {
    let anything = Node::Repeat {
        node: Box::new(Node::Set(Set::range(0, alphabet.max()))),
        min: 0,
        max: None,
    };
    let branches = match node {
        Node::Alt(branches) => branches.clone(),
        other => vec![other.clone()],
    };
    Node::alt(
        branches
            .into_iter()
            .map(|branch| {
                let mut parts = match branch {
                    Node::Concat(parts) => parts,
                    Node::Empty => Vec::new(),
                    other => vec![other],
                };
                let mut anchored = matches!(mode, Mode::Prefix | Mode::Full);
                if mode == Mode::FullGrouped {
                    parts.insert(0, caret.clone());
                    parts.push(dollar.clone());
                }
                while parts.first() == Some(&Node::start()) {
                    parts.remove(0);
                    anchored = true;
                }
                let tail = tail(&mut parts, mode, &anything);
                if !anchored {
                    parts.insert(0, anything.clone());
                }
                parts.push(tail);
                Node::concat(parts)
            })
            .collect(),
    )
}

/// Takes the anchors off the end and says what may follow instead.
fn tail(parts: &mut Vec<Node>, mode: Mode, anything: &Node) -> Node {
    let mut ends = mode == Mode::Full;
    let mut finals: Option<Node> = None;
    while let Some(last) = parts.last() {
        if *last == Node::end() {
            ends = true;
        } else if final_as_text(last).is_some_and(|text| may_be_empty(&text))
            && finals.as_ref().is_none_or(|known| known == last)
        {
            finals = Some(last.clone());
        } else {
            break;
        }
        parts.pop();
    }
    match finals {
        _ if ends => Node::Empty,
        Some(node) => final_as_text(&node).unwrap_or(Node::Empty),
        None => anything.clone(),
    }
}

/// Whether nothing need follow, as with `$`; what `(?=b$)` asks for must.
fn may_be_empty(text: &Node) -> bool {
    matches!(text, Node::Alt(branches) if branches.contains(&Node::Empty))
}

/// "The end, or before a line terminator that ends the text" as the text that may follow; `None`
/// for anything else.
fn final_as_text(node: &Node) -> Option<Node> {
    match node {
        Node::Alt(branches) => branches
            .iter()
            .map(final_as_text)
            .collect::<Option<Vec<_>>>()
            .map(Node::alt),
        Node::Around {
            node,
            ahead: true,
            negative: false,
        } => match node.as_ref() {
            Node::Concat(parts) => {
                let (last, before) = parts.split_last()?;
                (*last == Node::end() && before.iter().all(|p| matches!(p, Node::Set(_))))
                    .then(|| Node::concat(before.to_vec()))
            }
            _ => None,
        },
        Node::Concat(parts) => match parts.as_slice() {
            [look @ Node::Look(Look::Prev { .. }), rest] => {
                Some(Node::concat(vec![look.clone(), final_as_text(rest)?]))
            }
            _ => None,
        },
        other => (*other == Node::end()).then_some(Node::Empty),
    }
}
