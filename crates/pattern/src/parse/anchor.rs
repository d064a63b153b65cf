//! What `^ $ . \A \Z \z \b` and line ends mean in each dialect.

use super::super::ast::{Look, Node};
use super::super::class::Set;
use super::super::dialect::{Dialect, Family};
use super::super::unicode;
use super::{Parsed, Parser};

const LF: u32 = 10;
const CR: u32 = 13;

/// A line feed at the very end comes next.
fn before_final(set: Set) -> Node {
    Node::ahead(Node::concat(vec![Node::Set(set), Node::end()]), false)
}

fn prev(set: Set, start: bool) -> Node {
    Node::Look(Look::Prev { set, start })
}

fn next(set: Set, end: bool) -> Node {
    Node::Look(Look::Next { set, end })
}

fn is_start(node: &Node) -> bool {
    matches!(node, Node::Look(Look::Prev { set, start: true }) if set.is_empty())
}

fn is_end(node: &Node) -> bool {
    matches!(node, Node::Look(Look::Next { set, end: true }) if set.is_empty())
}

fn takes_line_feed(node: &Node) -> bool {
    matches!(node, Node::Set(set) if set.contains(LF))
}

/// Whether any part of a tree is so.
fn holds(node: &Node, wanted: &impl Fn(&Node) -> bool) -> bool {
    wanted(node)
        || match node {
            Node::Concat(nodes) | Node::Alt(nodes) => nodes.iter().any(|n| holds(n, wanted)),
            Node::Repeat { node, .. } | Node::Around { node, .. } => holds(node, wanted),
            _ => false,
        }
}

impl Parser {
    /// Line terminators: ECMA-262 has four, Java six (CR LF is one), everybody else one.
    pub(super) fn line_ends(&self) -> Set {
        match self.family {
            Family::EcmaScript => Set::from_ranges([(LF, LF), (CR, CR), (0x2028, 0x2029)]),
            Family::Java if !self.flags.unix_lines => {
                Set::from_ranges([(LF, LF), (CR, CR), (0x85, 0x85), (0x2028, 0x2029)])
            }
            _ => Set::single(LF),
        }
    }

    /// `.`
    pub(super) fn dot(&self) -> Set {
        if self.flags.dot_all || self.family == Family::Posix {
            if self.family == Family::Posix {
                // glibc: the period does not match NUL (RE_DOT_NOT_NULL).
                return self.all().minus(&Set::single(0));
            }
            return self.all();
        }
        self.all().minus(&self.line_ends())
    }

    /// `^`
    pub(super) fn caret(&self) -> Node {
        let multi_line = self.flags.multi_line || self.family == Family::Ruby;
        if !multi_line {
            return Node::start();
        }
        let not_end = || next(self.all(), false);
        match self.family {
            // Perl, PCRE2 and Onigmo: not after a line feed that ends the text.
            Family::Perl | Family::Ruby => Node::alt(vec![
                Node::start(),
                Node::concat(vec![prev(Set::single(LF), false), not_end()]),
            ]),
            // Java: nowhere at the end, not even of the empty text (Pattern.Caret).
            Family::Java => {
                let ends = self.line_ends();
                Node::alt(vec![
                    Node::concat(vec![Node::start(), not_end()]),
                    Node::concat(vec![prev(ends.minus(&Set::single(CR)), false), not_end()]),
                    Node::concat(vec![
                        prev(ends.intersect(&Set::single(CR)), false),
                        next(self.all().minus(&Set::single(LF)), false),
                    ]),
                ])
            }
            _ => prev(self.line_ends(), true),
        }
    }

    /// `$`
    pub(super) fn dollar(&self) -> Node {
        if self.flags.multi_line || self.family == Family::Ruby {
            if self.family == Family::Java && !self.flags.unix_lines {
                let ends = self.line_ends();
                return Node::alt(vec![
                    next(ends.minus(&Set::single(LF)), true),
                    Node::concat(vec![
                        prev(self.all().minus(&Set::single(CR)), true),
                        next(Set::single(LF), false),
                    ]),
                ]);
            }
            return next(self.line_ends(), true);
        }
        match self.family {
            Family::EcmaScript | Family::Go | Family::Rust | Family::Posix => Node::end(),
            _ if self.dialect == Dialect::Pcre2DollarEndonly => Node::end(),
            _ => self.end_or_final(),
        }
    }

    /// The end, or before a line terminator that ends the text: `\Z` of Perl, and `$` there.
    pub(super) fn end_or_final(&self) -> Node {
        if self.family == Family::Java && !self.flags.unix_lines {
            return Node::alt(vec![
                Node::end(),
                Node::ahead(
                    Node::concat(vec![Node::literal([CR, LF]), Node::end()]),
                    false,
                ),
                before_final(self.line_ends().minus(&Set::single(LF))),
                // java.util.regex.Pattern.Dollar: not between CR and LF.
                Node::concat(vec![
                    prev(self.all().minus(&Set::single(CR)), true),
                    before_final(Set::single(LF)),
                ]),
            ]);
        }
        Node::alt(vec![Node::end(), before_final(Set::single(LF))])
    }

    /// glibc takes the text behind a line feed for the start of a line where an anchor stands behind
    /// something that may match it (`.^` matches a line feed), which POSIX does not say: such
    /// patterns have no model.
    pub(super) fn check_posix_anchor(&self, before: &[Node], node: &Node) -> Parsed<()> {
        if self.family != Family::Posix {
            return Ok(());
        }
        let trouble = (holds(node, &is_start) && before.iter().any(|n| holds(n, &takes_line_feed)))
            || (holds(node, &takes_line_feed) && before.iter().any(|n| holds(n, &is_end)));
        if trouble {
            return Err(self.unsupported("an anchor next to what may match a line feed"));
        }
        Ok(())
    }

    /// The same for what is repeated: it stands next to itself.
    pub(super) fn check_repeated_anchor(&self, node: &Node, max: Option<u32>) -> Parsed<()> {
        let repeated = self.family == Family::Posix && max.is_none_or(|max| max > 1);
        if repeated
            && holds(node, &takes_line_feed)
            && (holds(node, &is_start) || holds(node, &is_end))
        {
            return Err(self.unsupported("an anchor next to what may match a line feed"));
        }
        Ok(())
    }

    /// `\b` and `\B`.
    pub(super) fn boundary(&self, negative: bool) -> Node {
        let word = unicode::boundary_word(self.dialect, self.flags.unicode);
        Node::Look(Look::Boundary {
            word: self.set(&word),
            negative,
        })
    }
}
