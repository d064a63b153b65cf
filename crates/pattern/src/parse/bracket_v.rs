//! Classes with ECMAScript's `v` flag (ECMA-262 ClassSetExpression): nesting, `--`, `&&`, `\q{}`.

use super::super::class::Set;
use super::escape::Item;
use super::{Parsed, Parser};

/// ClassSetSyntaxCharacter: must be escaped.
const SYNTAX: &str = "()[]{}/-\\|";
/// ClassSetReservedDoublePunctuator: two of one of these are reserved.
const DOUBLE: &str = "&!#$%*+,.:;<=>?@^`~";

enum Operator {
    Union,
    Intersection,
    Difference,
}

impl Parser {
    pub(super) fn bracket_v(&mut self) -> Parsed<Set> {
        let open = self.pos;
        self.depth += 1;
        if self.depth > super::MAX_DEPTH {
            return Err(self.unsupported("classes nested too deep"));
        }
        self.pos += 1;
        let negative = self.eat("^");
        let mut set: Option<Set> = None;
        let mut operator: Option<Operator> = None;
        loop {
            if self.at_end() {
                return Err(self.error_at(open, "missing terminating ]"));
            }
            if self.eat("]") {
                break;
            }
            if self.looking_at("&&") || self.looking_at("--") {
                let difference = self.looking_at("--");
                let at = self.pos;
                self.pos += 2;
                if set.is_none() || matches!(operator, Some(Operator::Union)) {
                    return Err(self.error_at(at, "set operation without an operand"));
                }
                match (&operator, difference) {
                    (None, true) => operator = Some(Operator::Difference),
                    (None, false) => operator = Some(Operator::Intersection),
                    (Some(Operator::Difference), true) | (Some(Operator::Intersection), false) => {}
                    _ => return Err(self.error_at(at, "set operations mixed in one class")),
                }
                let right = self.operand(false)?;
                let left = set.take().unwrap_or_default();
                set = Some(if difference {
                    left.minus(&right)
                } else {
                    left.intersect(&right)
                });
                continue;
            }
            if matches!(
                operator,
                Some(Operator::Difference | Operator::Intersection)
            ) {
                return Err(self.error("invalid set operation"));
            }
            let first = set.is_none();
            let here = self.pos;
            let right = self.operand(true)?;
            if !first || self.range_read(here) {
                operator = Some(Operator::Union);
            }
            set = Some(set.unwrap_or_default().union(&right));
        }
        self.depth -= 1;
        if negative && set.is_none() {
            return Err(self.unsupported("[^] with v: anything in ECMA-262, not always in V8"));
        }
        Ok(self.negated(set.unwrap_or_default(), negative))
    }

    /// Whether what was read from `from` was a range (which cannot be an operand of `--`).
    fn range_read(&self, from: usize) -> bool {
        let text = &self.input[from..self.pos];
        text.len() >= 3
            && text[0] != u32::from('[')
            && text[1..].contains(&u32::from('-'))
            && text.first() != Some(&u32::from('\\'))
    }

    fn operand(&mut self, ranges: bool) -> Parsed<Set> {
        let at = self.pos;
        if self.next_ascii() == '[' {
            return self.bracket_v();
        }
        if self.looking_at("\\q{") {
            return Err(self.unsupported("\\q{…}"));
        }
        match self.class_set_character()? {
            Item::Set(set) => Ok(set),
            Item::Symbol(low) => {
                if ranges && self.next_ascii() == '-' && self.ascii_at(1) != '-' {
                    self.pos += 1;
                    return match self.class_set_character()? {
                        Item::Symbol(high) if high >= low => Ok(Set::range(low, high)),
                        _ => Err(self.error_at(at, "range out of order in character class")),
                    };
                }
                Ok(Set::single(low))
            }
        }
    }

    fn class_set_character(&mut self) -> Parsed<Item> {
        let at = self.pos;
        let c = self.next_ascii();
        if c == '\\' {
            self.pos += 1;
            if self.at_end() {
                return Err(self.error_at(at, "\\ at end of pattern"));
            }
            return self.item_escape(at, true);
        }
        if SYNTAX.contains(c) && !self.at_end() && c != '\0' {
            return Err(self.error_at(at, format!("'{c}' must be escaped in a class")));
        }
        if DOUBLE.contains(c) && c != '\0' && self.ascii_at(1) == c {
            return Err(self.error_at(at, format!("'{c}{c}' is reserved in a class")));
        }
        match self.bump() {
            Some(symbol) => Ok(Item::Symbol(symbol)),
            None => Err(self.error_at(at, "missing terminating ]")),
        }
    }
}
