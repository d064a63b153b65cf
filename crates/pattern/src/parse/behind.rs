//! Look-behinds: which an engine takes, by the lengths of what may stand in them.

use super::super::ast::Node;
use super::super::dialect::Family;
use super::{Parsed, Parser};

/// What Java makes of the length of a look-behind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum JavaSees {
    /// A limit.
    Limit,
    /// A limit that is a sum beyond the range of its numbers, or none, as the pattern is written.
    Sum,
    /// No limit.
    None,
}

/// Whether Java sees a limit to the length of a look-behind (JDK 17, `study` of each node): none
/// where a group with a choice inside is repeated (it becomes a loop), whatever the bounds.
fn java_sees(node: &Node) -> JavaSees {
    match node {
        Node::Concat(nodes) | Node::Alt(nodes) => {
            nodes.iter().map(java_sees).max().unwrap_or(JavaSees::Limit)
        }
        Node::Repeat { node, max, .. } => java_sees_repeated(node, *max),
        Node::Empty | Node::Set(_) | Node::Look(_) | Node::Around { .. } => JavaSees::Limit,
    }
}

/// As [`java_sees`], of a node that is repeated up to `max` times.
fn java_sees_repeated(inner: &Node, max: Option<u32>) -> JavaSees {
    match (java_determined(inner), max) {
        (true, Some(_)) => java_sees(inner),
        (true, None) if inner.width().1 == Some(0) => JavaSees::Limit,
        (true, None) => JavaSees::Sum,
        // `?` behind a group is a choice, `{0,1}` a loop. Not `java_sees(inner).max(Sum)`: rustc 1.95
        // (LLVM 22.1) turns that tail call into a loop whose accumulator starts at `Sum`, and the
        // plainest look-behind has no limit then (`opt-level = 2`, without incremental compilation).
        (false, Some(1)) => match java_sees(inner) {
            JavaSees::None => JavaSees::None,
            JavaSees::Limit | JavaSees::Sum => JavaSees::Sum,
        },
        (false, _) => JavaSees::None,
    }
}

/// Whether Java finds no choice in a node: no alternatives, no repetition but of a fixed count.
fn java_determined(node: &Node) -> bool {
    match node {
        Node::Concat(nodes) => nodes.iter().all(java_determined),
        Node::Alt(_) => false,
        Node::Repeat { node, min, max } => *max == Some(*min) && java_determined(node),
        _ => true,
    }
}

/// The one length that Onigmo sees: a repetition must have one count, alternatives one length.
fn onigmo_width(node: &Node) -> Option<u64> {
    match node {
        Node::Empty | Node::Look(_) | Node::Around { .. } => Some(0),
        Node::Set(_) => Some(1),
        Node::Concat(nodes) => nodes
            .iter()
            .try_fold(0u64, |sum, node| Some(sum + onigmo_width(node)?)),
        Node::Alt(nodes) => {
            let mut widths = nodes.iter().map(onigmo_width);
            let first = widths.next()??;
            widths.all(|width| width == Some(first)).then_some(first)
        }
        Node::Repeat { node, min, max } => {
            (*max == Some(*min)).then_some(onigmo_width(node)?.saturating_mul(u64::from(*min)))
        }
    }
}

/// Whether a node has one width, or, where `branches` may differ, each branch at the top.
fn one_width(node: &Node, branches: bool) -> bool {
    let branches = match node {
        Node::Alt(nodes) if branches => nodes.as_slice(),
        other => std::slice::from_ref(other),
    };
    branches.iter().all(|branch| onigmo_width(branch).is_some())
}

impl Parser {
    /// Which look-behinds an engine takes: Python one width; Perl up to 255; PCRE2 each branch of
    /// one width, or, from 10.43 on, up to 255; Java bounded; Onigmo each top-level branch one width;
    /// ECMAScript and .NET any. `branches` is how many stand at the top.
    pub(super) fn check_behind(&self, start: usize, node: &Node, branches: usize) -> Parsed<()> {
        let (min, max) = node.width();
        let refuse = |message: &str| Err(self.error_at(start, message.to_owned()));
        match self.family {
            Family::Python if max != Some(min) => {
                refuse("look-behind requires fixed-width pattern")
            }
            Family::Java => match java_sees(node) {
                JavaSees::Limit => Ok(()),
                JavaSees::Sum => {
                    Err(self.unsupported("a look-behind whose length Java may add up wrongly"))
                }
                JavaSees::None => refuse("look-behind is not limited in length"),
            },
            Family::Perl => {
                let fixed = self.dialect.is_pcre2() && one_width(node, branches > 1);
                let limit = if fixed { 65_535 } else { 255 };
                if max.is_none_or(|max| max > limit) {
                    return refuse("look-behind is not limited in length, or too long");
                }
                if self.dialect.is_pcre2() && !fixed {
                    return Err(self.unsupported(
                        "a look-behind without a fixed length: taken from PCRE2 10.43 on",
                    ));
                }
                Ok(())
            }
            Family::Ruby if !one_width(node, true) && self.folds_many() => {
                Err(self.unsupported("letters that fold into one, in a look-behind"))
            }
            Family::Ruby if !one_width(node, true) => refuse("invalid pattern in look-behind"),
            _ => Ok(()),
        }
    }
}
