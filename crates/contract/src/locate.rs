//! Lines and columns of places in a document's text. The text is read again, when somebody asks:
//! reading for values alone is what most commands need.

use super::document::{self, yaml_options};
use super::pointer::escape;
use super::source::{Source, split};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::collections::HashMap;
use std::fmt;

/// Line and column, from 1.
pub(crate) type Position = (u32, u32);

/// The positions of all places of one file.
#[derive(Debug, Default)]
pub(crate) struct Positions(HashMap<String, Position>);

impl Positions {
    /// `text`: YAML, or JSON, which reads as YAML; nothing is known of what does not.
    pub(crate) fn of(text: &[u8]) -> Positions {
        let mut positions = HashMap::new();
        let text = document::text(text).unwrap_or_default();
        let tree = serde_saphyr::from_str_with_options::<Spanned<Tree>>(&text, yaml_options());
        if let Ok(tree) = tree {
            positions.insert(String::new(), position(&tree));
            collect(&tree.value, &mut String::new(), &mut positions);
        }
        Positions(positions)
    }

    /// The position of a pointer, or of the nearest that is around it.
    pub(crate) fn get(&self, pointer: &str) -> Option<Position> {
        let mut at = pointer;
        loop {
            if let Some(position) = self.0.get(at) {
                return Some(*position);
            }
            (at, _) = at.rsplit_once('/')?;
        }
    }
}

/// The position of one place.
pub(crate) fn line_of(source: &Source, place: &str) -> Option<Position> {
    let (file, pointer) = split(place);
    Positions::of(&source.files.get(file)?.text).get(pointer)
}

fn position<T>(spanned: &Spanned<T>) -> Position {
    let location = spanned.referenced;
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    (number(location.line()), number(location.column()))
}

fn collect(tree: &Tree, at: &mut String, out: &mut HashMap<String, Position>) {
    let length = at.len();
    match tree {
        Tree::Leaf => {}
        Tree::Items(items) => {
            for (i, item) in items.iter().enumerate() {
                at.push_str(&format!("/{i}"));
                out.insert(at.clone(), position(item));
                collect(&item.value, at, out);
                at.truncate(length);
            }
        }
        Tree::Members(members) => {
            for (name, member) in members {
                at.push('/');
                at.push_str(&escape(name.value.as_deref().unwrap_or("null")));
                out.insert(at.clone(), position(name));
                collect(&member.value, at, out);
                at.truncate(length);
            }
        }
    }
}

enum Tree {
    Leaf,
    Items(Vec<Spanned<Tree>>),
    Members(Vec<(Spanned<Option<String>>, Spanned<Tree>)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Tree, D::Error> {
        from.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Tree::Items(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = from.next_key()? {
            members.push((name, from.next_value()?));
        }
        Ok(Tree::Members(members))
    }
}
