//! Groups: captures, flags, look-around, atomic groups, comments.

use super::super::ast::Node;
use super::super::class::Set;
use super::super::dialect::{Dialect, Family};
use super::super::unicode;
use super::{Flags, Last, ParseError, Parsed, Parser};

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
            return self.body(open).map(|node| (node, Last::Item));
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
            return self.body(open).map(|node| (node, Last::Item));
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
        match self.next_ascii() {
            ':' => {
                self.pos += 1;
                self.body(open).map(|node| (node, Last::Item))
            }
            '#' if self.family != Family::EcmaScript
                && self.family != Family::Go
                && self.family != Family::Java =>
            {
                while let Some(symbol) = self.bump() {
                    // Python and Onigmo: not at an escaped one.
                    if symbol == u32::from('\\')
                        && matches!(self.family, Family::Python | Family::Ruby)
                    {
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
            '>' if !matches!(self.family, Family::EcmaScript | Family::Go) => {
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
            '|' if self.family == Family::Perl => {
                self.pos += 1;
                self.body(open).map(|node| (node, Last::Item))
            }
            '<' if self.family != Family::Python => {
                self.pos += 1;
                if self.family == Family::Go {
                    self.name('>')?;
                    return Err(self.unsupported("(?<name>: taken from Go 1.22 on"));
                }
                self.check_capture_in_behind(open)?;
                self.name('>')?;
                self.body(open).map(|node| (node, Last::Item))
            }
            '\'' if matches!(self.family, Family::Perl | Family::Ruby | Family::DotNet) => {
                self.pos += 1;
                self.check_capture_in_behind(open)?;
                self.name('\'')?;
                self.body(open).map(|node| (node, Last::Item))
            }
            'P' if matches!(self.family, Family::Python | Family::Perl | Family::Go) => {
                self.pos += 1;
                if self.eat("<") {
                    self.name('>')?;
                    return self.body(open).map(|node| (node, Last::Item));
                }
                if matches!(self.next_ascii(), '=' | '>') && self.family != Family::Go {
                    return Err(self.unsupported("a back-reference or recursion: not regular"));
                }
                Err(self.error_at(open, "unknown extension after (?P"))
            }
            '(' if matches!(
                self.family,
                Family::Python | Family::Perl | Family::Ruby | Family::DotNet
            ) =>
            {
                Err(self.unsupported("a conditional group"))
            }
            'R' | '&' | '0'..='9' | '+' if self.family == Family::Perl => {
                Err(self.unsupported("recursion: not regular"))
            }
            '{' | '?' if self.dialect == Dialect::Perl => {
                Err(self.unsupported("code in a pattern"))
            }
            '~' if self.family == Family::Ruby => Err(self.unsupported("an absent operator")),
            _ => self.flag_group(open),
        }
    }

    /// The inside of a group and its closing parenthesis; flags end with it.
    fn body(&mut self, open: usize) -> Parsed<Node> {
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

    /// `(?flags)` and `(?flags:…)`.
    fn flag_group(&mut self, open: usize) -> Parsed<(Node, Last)> {
        let outer = self.flags;
        let mut flags = self.flags;
        let mut on = true;
        let mut any = false;
        let mut minus = false;
        if self.next_ascii() == '^' && self.family == Family::Perl {
            self.pos += 1;
            any = true;
            // Nothing can be switched off behind it.
            minus = true;
            flags = Flags::default();
        }
        loop {
            if self.family == Family::Java {
                // Switched on, (?x) holds in here as well.
                self.flags = flags;
                self.skip_extended();
                self.flags = outer;
            }
            let c = self.next_ascii();
            if self.family == Family::Python && minus && !any && matches!(c, ':' | ')') {
                return Err(self.error("missing flag"));
            }
            match c {
                ':' if any || self.family != Family::Go => {
                    if self.family == Family::EcmaScript {
                        return Err(
                            self.unsupported("a group with flags: taken from ECMAScript 2025 on")
                        );
                    }
                    self.pos += 1;
                    if flags.ascii_case && flags.ignore_case {
                        return Err(self.unsupported("(?aa) without regard to case"));
                    }
                    self.flags = flags;
                    let node = self.body(open)?;
                    self.flags = outer;
                    return Ok((node, Last::Item));
                }
                ')' => {
                    if self.family == Family::EcmaScript {
                        return Err(self.error_at(open, "invalid group"));
                    }
                    let bare =
                        matches!(self.family, Family::Python | Family::Ruby | Family::DotNet);
                    if (!any && bare) || (minus && !any && self.family == Family::Go) {
                        return Err(self.error_at(open, "missing flag"));
                    }
                    if self.family == Family::Python && open != self.flags_until {
                        return Err(
                            self.error_at(open, "global flags not at the start of the expression")
                        );
                    }
                    if self.family == Family::Python && minus {
                        return Err(self.error("missing :"));
                    }
                    self.pos += 1;
                    self.flags_until = self.pos;
                    if flags.ascii_case && flags.ignore_case {
                        return Err(self.unsupported("(?aa) without regard to case"));
                    }
                    self.flags = flags;
                    if self.family == Family::Python {
                        let letters = self.input.get(open..self.pos).unwrap_or_default();
                        self.global.0 |= letters.contains(&u32::from('a'));
                        self.global.1 |= letters.contains(&u32::from('u'));
                        if self.global == (true, true) {
                            return Err(
                                self.error_at(open, "ASCII and UNICODE flags are incompatible")
                            );
                        }
                    }
                    if self.family == Family::Ruby {
                        // Onigmo: the flags hold for the rest of the group, alternatives included:
                        // a(?i)b|c is a(?i:b|c).
                        let rest = self.alternation()?;
                        self.flags = outer;
                        return Ok((rest, Last::Item));
                    }
                    // Go does not see the flags when it looks for what to repeat.
                    let last = if self.family == Family::Go {
                        Last::Invisible
                    } else {
                        Last::Nothing
                    };
                    return Ok((Node::Empty, last));
                }
                '-' if !minus || self.family == Family::Ruby => {
                    minus = true;
                    on = false;
                    any = match self.family {
                        Family::Go => any,
                        Family::Python => false,
                        _ => true,
                    };
                    self.pos += 1;
                }
                'c' if self.family == Family::Java => {
                    return Err(self.unsupported("(?c): canonical equivalence"));
                }
                _ => {
                    if !self.flag(c, on, &mut flags) {
                        return Err(self.error_at(open, "unknown extension after (?"));
                    }
                    any = true;
                    self.pos += 1;
                }
            }
        }
    }

    /// Switches one flag; `false` where the dialect does not know it.
    fn flag(&self, c: char, on: bool, flags: &mut Flags) -> bool {
        match (c, self.family) {
            ('i', _) => flags.ignore_case = on,
            ('m', Family::Ruby) => flags.dot_all = on,
            ('m', _) => flags.multi_line = on,
            ('s', Family::Ruby) => return false,
            ('s', _) => flags.dot_all = on,
            ('x', Family::EcmaScript | Family::Go) => return false,
            ('x', Family::Perl) => {
                flags.extended_more = on && self.ascii_before() == 'x';
                flags.extended = on;
            }
            ('x', _) => flags.extended = on,
            ('U', Family::Go) => {}
            ('U' | 'J', Family::Perl) if self.dialect.is_pcre2() => {}
            ('U', Family::Java) => {
                flags.unicode = Some(on);
                flags.unicode_case = on;
            }
            ('u', Family::Java) => flags.unicode_case = on,
            ('d', Family::Java) => flags.unix_lines = on,
            ('n', Family::DotNet | Family::Perl) => flags.no_capture = on,
            ('a', Family::Python) if on => flags.unicode = Some(false),
            ('u', Family::Python) if on && self.dialect != Dialect::PythonBytes => {
                flags.unicode = None;
            }
            ('L', Family::Python) if on && self.dialect == Dialect::PythonBytes => {}
            ('a', Family::Perl) if self.dialect == Dialect::Perl && on => {
                match self.charsets_before().as_str() {
                    "" => {}
                    "a" => flags.ascii_case = true,
                    _ => return false,
                }
                flags.unicode = Some(false);
            }
            ('u' | 'd' | 'l', Family::Perl) if self.dialect == Dialect::Perl && on => {
                if !self.charsets_before().is_empty() {
                    return false;
                }
                flags.unicode = None;
            }
            // Of /p and of what is useless in a group (/c, /g, /o) Perl says no more than that.
            ('c' | 'g' | 'o' | 'p', Family::Perl) if self.dialect == Dialect::Perl => {}
            ('a', Family::Ruby) if on => flags.unicode = Some(false),
            ('u', Family::Ruby) if on => flags.unicode = Some(true),
            ('d', Family::Ruby) if on => flags.unicode = None,
            _ => return false,
        }
        true
    }

    /// Perl: the flags for a character set that stand in this group before this place.
    fn charsets_before(&self) -> String {
        let before = self.input.get(..self.pos).unwrap_or_default().iter().rev();
        before
            .filter_map(|&symbol| char::from_u32(symbol))
            .take_while(|&c| c != '?')
            .filter(|c| matches!(c, 'a' | 'd' | 'l' | 'u'))
            .collect()
    }

    fn ascii_before(&self) -> char {
        self.pos
            .checked_sub(1)
            .and_then(|pos| self.input.get(pos).copied())
            .and_then(char::from_u32)
            .unwrap_or('\0')
    }

    /// The error for what is not regular.
    pub(super) fn not_regular(&self) -> ParseError {
        self.unsupported("a back-reference: not regular")
    }
}
