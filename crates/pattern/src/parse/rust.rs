//! The dialect of the crate `regex`: its own parser does the work, its tree is translated.

use regex_syntax::hir::{Class, Hir, HirKind, Look as HirLook};

use super::super::ast::{Look, Node};
use super::super::class::Set;
use super::super::unicode;
use super::{ParseError, Parsed};

pub(super) fn parse(pattern: &str) -> Parsed<Node> {
    let hir = regex_syntax::Parser::new()
        .parse(pattern)
        .map_err(|error| {
            let (offset, message) = match &error {
                regex_syntax::Error::Parse(e) => (e.span().start.offset, e.kind().to_string()),
                regex_syntax::Error::Translate(e) => (e.span().start.offset, e.kind().to_string()),
                other => (0, other.to_string()),
            };
            ParseError::Syntax {
                offset: pattern.get(..offset).unwrap_or("").chars().count(),
                message,
            }
        })?;
    node(&hir)
}

fn unsupported(message: &str) -> ParseError {
    ParseError::Unsupported {
        offset: 0,
        message: message.to_owned(),
    }
}

fn node(hir: &Hir) -> Parsed<Node> {
    let (lf, cr) = (Set::single(10), Set::from_ranges([(10, 10), (13, 13)]));
    Ok(match hir.kind() {
        HirKind::Empty => Node::Empty,
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => Node::literal(text.chars().map(u32::from)),
            Err(_) => return Err(unsupported("bytes that are not UTF-8")),
        },
        HirKind::Class(Class::Unicode(class)) => Node::Set(unicode::from_class(class)),
        HirKind::Class(Class::Bytes(class)) => Node::Set(
            class
                .ranges()
                .iter()
                .map(|r| (u32::from(r.start()), u32::from(r.end())))
                .collect(),
        ),
        HirKind::Look(look) => {
            let boundary = |word: Set, negative| Node::Look(Look::Boundary { word, negative });
            let word = unicode::uts18_word;
            match look {
                HirLook::Start => Node::start(),
                HirLook::End => Node::end(),
                HirLook::StartLF => Node::Look(Look::Prev {
                    set: lf,
                    start: true,
                }),
                HirLook::EndLF => Node::Look(Look::Next { set: lf, end: true }),
                HirLook::StartCRLF => Node::alt(vec![
                    Node::Look(Look::Prev {
                        set: lf,
                        start: true,
                    }),
                    Node::concat(vec![
                        Node::Look(Look::Prev {
                            set: Set::single(13),
                            start: false,
                        }),
                        Node::Look(Look::Next {
                            set: Set::single(10).complement(0x10_FFFF),
                            end: true,
                        }),
                    ]),
                ]),
                HirLook::EndCRLF => Node::alt(vec![
                    Node::Look(Look::Next {
                        set: cr.minus(&lf),
                        end: true,
                    }),
                    Node::concat(vec![
                        Node::Look(Look::Prev {
                            set: Set::single(13).complement(0x10_FFFF),
                            start: true,
                        }),
                        Node::Look(Look::Next {
                            set: lf,
                            end: false,
                        }),
                    ]),
                ]),
                HirLook::WordUnicode => boundary(word(), false),
                HirLook::WordUnicodeNegate => boundary(word(), true),
                HirLook::WordAscii => boundary(unicode::ascii_word(), false),
                HirLook::WordAsciiNegate => boundary(unicode::ascii_word(), true),
                other => {
                    let ascii = matches!(
                        other,
                        HirLook::WordStartAscii
                            | HirLook::WordEndAscii
                            | HirLook::WordStartHalfAscii
                            | HirLook::WordEndHalfAscii
                    );
                    let word = if ascii { unicode::ascii_word() } else { word() };
                    half(*other, word)
                }
            }
        }
        HirKind::Repetition(repeat) => Node::repeat(node(&repeat.sub)?, repeat.min, repeat.max),
        HirKind::Capture(capture) => node(&capture.sub)?,
        HirKind::Concat(parts) => Node::concat(parts.iter().map(node).collect::<Parsed<_>>()?),
        HirKind::Alternation(parts) => Node::alt(parts.iter().map(node).collect::<Parsed<_>>()?),
    })
}

/// `\b{start}`, `\b{end}` and their halves.
fn half(look: HirLook, word: Set) -> Node {
    let other = word.complement(0x10_FFFF);
    let before = |set: &Set, start| {
        Node::Look(Look::Prev {
            set: set.clone(),
            start,
        })
    };
    let after = |set: &Set, end| {
        Node::Look(Look::Next {
            set: set.clone(),
            end,
        })
    };
    match look {
        HirLook::WordStartAscii | HirLook::WordStartUnicode => {
            Node::concat(vec![before(&other, true), after(&word, false)])
        }
        HirLook::WordEndAscii | HirLook::WordEndUnicode => {
            Node::concat(vec![before(&word, false), after(&other, true)])
        }
        HirLook::WordStartHalfAscii | HirLook::WordStartHalfUnicode => before(&other, true),
        _ => after(&other, true),
    }
}
