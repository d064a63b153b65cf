//! Groups: captures, look-around, atomic groups, comments.

use super::super::ast::Node;
use super::super::class::Set;
use super::super::dialect::{Dialect, Family};
use super::super::unicode;
use super::{Last, ParseError, Parsed, Parser};

/// One set, if the node is a set or a choice of sets.
fn as_set(node: &Node) -> Option<Set> {
    match node {
        Node::Set(set) => Some(set.clone()),
        Node::Alt(nodes) => nodes.iter().try_fold(Set::empty(), |all, node| {
            as_set(node).map(|set| all.union(&set))
        }),
        _ => None,
    }
}

/// `(?>node)` as a node without atomicity, for the shapes where that is exact: no choice inside;
/// a choice of such (a later branch only where the earlier ones do not match); a set repeated at
/// the end.
pub(super) fn atomic(node: Node) -> Option<Node> {
    fn fixed(node: &Node) -> bool {
        match node {
            Node::Empty | Node::Set(_) | Node::Look(_) => true,
            Node::Around { .. } => true,
            Node::Concat(nodes) => nodes.iter().all(fixed),
            Node::Repeat { node, min, max } => *max == Some(*min) && fixed(node),
            Node::Alt(nodes) => as_set(&Node::Alt(nodes.clone())).is_some(),
        }
    }
    fn greedy(node: Node) -> Option<Node> {
        match node {
            Node::Repeat { node, min, max } => {
                let set = as_set(&node)?;
                let stop = Node::ahead(Node::Set(set.clone()), true);
                let one = Node::Set(set);
                Some(match max {
                    None => Node::concat(vec![Node::repeat(one, min, None), stop]),
                    Some(max) => Node::alt(vec![
                        Node::repeat(one.clone(), max, Some(max)),
                        Node::concat(vec![
                            Node::repeat(one, min, Some(max.saturating_sub(1))),
                            stop,
                        ]),
                    ]),
                })
            }
            _ => None,
        }
    }
    if fixed(&node) {
        return Some(node);
    }
    match node {
        Node::Alt(branches) => {
            let mut out = Vec::new();
            let mut refused: Vec<Node> = Vec::new();
            for branch in branches {
                let inner = atomic(branch.clone())?;
                let mut parts: Vec<Node> = refused
                    .iter()
                    .map(|earlier| Node::ahead(earlier.clone(), true))
                    .collect();
                parts.push(inner);
                out.push(Node::concat(parts));
                refused.push(branch);
            }
            Some(Node::alt(out))
        }
        Node::Concat(mut nodes) => {
            let last = nodes.pop()?;
            if !nodes.iter().all(fixed) {
                return None;
            }
            nodes.push(atomic(last)?);
            Some(Node::concat(nodes))
        }
        repeat @ Node::Repeat { .. } => greedy(repeat),
        _ => None,
    }
}

impl Parser {
    /// PCRE2's `(*VERB)`s at the start are not modelled.
    pub(super) fn leading_verbs(&mut self) -> Parsed<()> {
        if self.family == Family::Perl && self.looking_at("(*") {
            return Err(self.unsupported("a (*VERB)"));
        }
        Ok(())
    }

    /// A group; `self.pos` is at its parenthesis.
    pub(super) fn group(&mut self) -> Parsed<(Node, Last)> {
        let open = self.pos;
        self.pos += 1;
        if self.family == Family::Posix {
            if self.next_ascii() == '?' {
                return Err(self.error("nothing to repeat before '?'"));
            }
            self.groups += 1;
            return self.item(open);
        }
        if self.family == Family::Perl && self.next_ascii() == '*' {
            return Err(self.unsupported("a (*VERB)"));
        }
        if self.family == Family::Java {
            self.skip_extended();
        }
        if !self.eat("?") {
            if !self.scan.named {
                self.check_capture_in_behind(open)?;
            }
            if !self.flags.no_capture {
                self.groups += 1;
            }
            return self.item(open);
        }
        for (text, ahead, negative) in [
            ("=", true, false),
            ("!", true, true),
            ("<=", false, false),
            ("<!", false, true),
        ] {
            if self.eat(text) {
                return self.look_around(open, ahead, negative);
            }
        }
        self.marked_group(open)
    }

    /// The inside of a group that may be repeated.
    fn item(&mut self, open: usize) -> Parsed<(Node, Last)> {
        self.body(open).map(|node| (node, Last::Item))
    }

    /// A group by what stands behind its `(?`, where `self.pos` is.
    fn marked_group(&mut self, open: usize) -> Parsed<(Node, Last)> {
        let family = self.family;
        match self.next_ascii() {
            ':' => {
                self.pos += 1;
                self.item(open)
            }
            '#' if !matches!(family, Family::EcmaScript | Family::Go | Family::Java) => {
                self.comment_group(open)
            }
            '>' if !matches!(family, Family::EcmaScript | Family::Go) => self.atomic_group(open),
            '|' if family == Family::Perl => {
                self.pos += 1;
                self.item(open)
            }
            '<' if family != Family::Python => {
                self.pos += 1;
                if family == Family::Go {
                    self.name('>')?;
                    return Err(self.unsupported("(?<name>: taken from Go 1.22 on"));
                }
                self.named_group(open, '>')
            }
            '\'' if matches!(family, Family::Perl | Family::Ruby | Family::DotNet) => {
                self.pos += 1;
                self.named_group(open, '\'')
            }
            'P' if matches!(family, Family::Python | Family::Perl | Family::Go) => {
                self.pos += 1;
                self.p_group(open)
            }
            '(' if matches!(
                family,
                Family::Python | Family::Perl | Family::Ruby | Family::DotNet
            ) =>
            {
                Err(self.unsupported("a conditional group"))
            }
            'R' | '&' | '0'..='9' | '+' if family == Family::Perl => {
                Err(self.unsupported("recursion: not regular"))
            }
            '{' | '?' if self.dialect == Dialect::Perl => {
                Err(self.unsupported("code in a pattern"))
            }
            '~' if family == Family::Ruby => Err(self.unsupported("an absent operator")),
            _ => self.flag_group(open),
        }
    }

    /// `(?#…)`; what stands before it is repeated as if it were not there.
    fn comment_group(&mut self, open: usize) -> Parsed<(Node, Last)> {
        while let Some(symbol) = self.bump() {
            // Python and Onigmo: not at an escaped one.
            if symbol == u32::from('\\') && matches!(self.family, Family::Python | Family::Ruby) {
                self.bump();
            } else if symbol == u32::from(')') {
                if open == self.flags_until {
                    self.flags_until = self.pos;
                }
                return Ok((Node::Empty, Last::Invisible));
            }
        }
        Err(self.error_at(open, "missing ) after comment"))
    }

    /// `(?>…)`
    fn atomic_group(&mut self, open: usize) -> Parsed<(Node, Last)> {
        if self.family == Family::Ruby && self.behind {
            return Err(self.error_at(open, "invalid pattern in look-behind"));
        }
        self.pos += 1;
        let node = self.body(open)?;
        match atomic(node) {
            Some(node) => Ok((node, Last::Item)),
            None => Err(self.unsupported("an atomic group with a choice inside")),
        }
    }

    /// A capture whose name ends at `close`; `self.pos` is at the name.
    fn named_group(&mut self, open: usize, close: char) -> Parsed<(Node, Last)> {
        self.check_capture_in_behind(open)?;
        self.name(close)?;
        self.item(open)
    }

    /// `(?P<name>…)`; `self.pos` is behind the `P`.
    fn p_group(&mut self, open: usize) -> Parsed<(Node, Last)> {
        if self.eat("<") {
            self.name('>')?;
            return self.item(open);
        }
        if matches!(self.next_ascii(), '=' | '>') && self.family != Family::Go {
            return Err(self.unsupported("a back-reference or recursion: not regular"));
        }
        Err(self.error_at(open, "unknown extension after (?P"))
    }

    /// The inside of a group and its closing parenthesis; flags end with it.
    pub(super) fn body(&mut self, open: usize) -> Parsed<Node> {
        let outer = self.flags;
        let node = self.alternation()?;
        if !self.eat(")") {
            return Err(self.error_at(open, "missing )"));
        }
        self.flags = outer;
        Ok(node)
    }

    /// Onigmo takes neither look-ahead nor, in negative look-behind, captures.
    fn check_capture_in_behind(&self, open: usize) -> Parsed<()> {
        if self.family == Family::Ruby && self.behind_negative {
            return Err(self.error_at(open, "invalid pattern in look-behind"));
        }
        Ok(())
    }

    fn look_around(&mut self, open: usize, ahead: bool, negative: bool) -> Parsed<(Node, Last)> {
        if matches!(self.family, Family::Go | Family::Rust) {
            return Err(self.error_at(open, "look-around is not supported"));
        }
        if self.family == Family::Ruby && self.behind && ahead {
            return Err(self.error_at(open, "invalid pattern in look-behind"));
        }
        let start = self.pos;
        let was = (self.behind, self.behind_negative);
        self.behind |= !ahead;
        self.behind_negative |= !ahead && negative;
        let node = self.body(open)?;
        let branches = self.branches;
        (self.behind, self.behind_negative) = was;
        if !ahead {
            self.check_behind(start, &node, branches)?;
        }
        Ok((
            Node::Around {
                node: Box::new(node),
                ahead,
                negative,
            },
            if ahead {
                Last::LookAhead
            } else {
                Last::LookBehind
            },
        ))
    }

    /// A group name up to `close`.
    fn name(&mut self, close: char) -> Parsed<()> {
        let at = self.pos;
        let mut name = String::new();
        loop {
            match self.bump().and_then(char::from_u32) {
                Some(c) if c == close => break,
                Some(c) => name.push(c),
                None => return Err(self.error_at(at, "missing end of group name")),
            }
        }
        if self.family == Family::EcmaScript && name.contains("\\u") {
            return Err(self.unsupported("an escape in the name of a group"));
        }
        let ascii = self.family == Family::Go || (self.dialect.is_pcre2() && self.limit() == 0xFF);
        let decimal = unicode::decimal();
        let good = |i: usize, c: char| match self.family {
            // 22.2.1, RegExpIdentifierName.
            Family::EcmaScript => {
                let symbol = u32::from(c);
                matches!(c, '$' | '_')
                    || unicode::id_start().contains(symbol)
                    || (i > 0
                        && (matches!(c, '\u{200C}' | '\u{200D}')
                            || unicode::id_continue().contains(symbol)))
            }
            Family::Java => c.is_ascii_alphabetic() || (i > 0 && c.is_ascii_digit()),
            Family::Ruby => i > 0 || !(c.is_ascii_digit() || c == '-'),
            Family::DotNet => c == '_' || c.is_alphanumeric() || c == '-',
            Family::Go => c.is_ascii_alphanumeric() || c == '_',
            _ => {
                c == '_'
                    || (c.is_alphabetic() && (c.is_ascii() || !ascii))
                    || (i > 0 && decimal.contains(u32::from(c)))
            }
        };
        if name.is_empty() || !name.chars().enumerate().all(|(i, c)| good(i, c)) {
            return Err(self.error_at(at, "bad group name"));
        }
        // RegexParser.ScanGroupOpen: a number is one to its end, and not zero.
        let number = name.split('-').next().unwrap_or_default();
        if self.family == Family::DotNet
            && number.starts_with(|c: char| c.is_ascii_digit())
            && number.parse::<u32>().unwrap_or(0) == 0
        {
            return Err(self.error_at(at, "bad group number"));
        }
        if self.family == Family::DotNet && name.contains('-') {
            return Err(self.unsupported("a balancing group: not regular"));
        }
        let repeats_allowed = matches!(self.family, Family::Ruby | Family::DotNet | Family::Go)
            || self.dialect == Dialect::Perl
            || self.family == Family::EcmaScript;
        if self.names.contains(&name) && !repeats_allowed {
            return Err(self.error_at(at, "group name used twice"));
        }
        if self.names.contains(&name) && self.family == Family::EcmaScript {
            if self.input.contains(&u32::from('|')) {
                return Err(self.unsupported(
                    "a group name used twice: in different alternatives from ECMAScript 2025 on",
                ));
            }
            return Err(self.error_at(at, "group name used twice"));
        }
        self.names.push(name);
        self.groups += 1;
        Ok(())
    }

    /// The error for what is not regular.
    pub(super) fn not_regular(&self) -> ParseError {
        self.unsupported("a back-reference: not regular")
    }
}
