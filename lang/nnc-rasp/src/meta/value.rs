//! What a name can stand for while a program runs.

use super::env::Env;
use crate::ast::Def;
use crate::graph::NodeId;
use crate::object::{Evaluated, Input};
use crate::value::Atom;
use std::rc::Rc;

/// A value of the language in which graphs are put together.
#[derive(Clone, Debug)]
pub enum Value {
    Atom(Atom),
    List(Rc<[Value]>),
    Dict(Rc<Dict>),
    Sop(NodeId),
    Selector(NodeId),
    Function(Rc<Function>),
    /// What an s-op or selector gave on an input; it can only be looked at.
    Result(Rc<Evaluated>, Rc<Input>),
}

/// Keys and their values, in the order in which they came.
#[derive(Clone, Default, Debug)]
pub struct Dict {
    entries: Vec<(Atom, Value)>,
}

/// A function, and where its free names are looked up.
#[derive(Debug)]
pub struct Function {
    pub def: Rc<Def>,
    pub(super) env: Rc<Env>,
    /// Whether it is of the language's library.
    pub library: bool,
}

impl Dict {
    pub fn get(&self, key: &Atom) -> Option<&Value> {
        self.entries.iter().find(|(it, _)| it.equals(key)).map(|(_, value)| value)
    }

    /// A key that is there keeps its place.
    pub(super) fn insert(&mut self, key: Atom, value: Value) {
        match self.entries.iter_mut().find(|(it, _)| it.equals(&key)) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key, value)),
        }
    }

    pub fn entries(&self) -> &[(Atom, Value)] {
        &self.entries
    }

    pub(super) fn keys(&self) -> Vec<Atom> {
        self.entries.iter().map(|(key, _)| key.clone()).collect()
    }
}

impl Value {
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Value::Sop(id) | Value::Selector(id) => Some(*id),
            Value::Atom(_)
            | Value::List(_)
            | Value::Dict(_)
            | Value::Function(_)
            | Value::Result(..) => None,
        }
    }

    pub(super) fn list(items: Vec<Value>) -> Value {
        Value::List(Rc::from(items))
    }

    /// What it is, for a message.
    pub(super) fn described(&self) -> String {
        match self {
            Value::Atom(atom) => format!("the {} {atom}", atom.ty().as_str()),
            Value::List(_) => "a list".to_owned(),
            Value::Dict(_) => "a dict".to_owned(),
            Value::Sop(_) => "an s-op".to_owned(),
            Value::Selector(_) => "a selector".to_owned(),
            Value::Function(function) => format!("the function `{}`", function.def.name.name),
            Value::Result(..) => "the result of an s-op on an input".to_owned(),
        }
    }

    /// Whether a condition holds that is this value.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Value::Atom(atom) => atom.is_true(),
            Value::List(items) => !items.is_empty(),
            Value::Dict(dict) => !dict.entries.is_empty(),
            Value::Sop(_) | Value::Selector(_) | Value::Function(_) | Value::Result(..) => true,
        }
    }

    pub(super) fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Atom(a), Value::Atom(b)) => a.equals(b),
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals(b))
            }
            (Value::Dict(a), Value::Dict(b)) => {
                a.entries.len() == b.entries.len()
                    && a.entries.iter().all(|(key, a)| b.get(key).is_some_and(|b| a.equals(b)))
            }
            (Value::Sop(a), Value::Sop(b)) | (Value::Selector(a), Value::Selector(b)) => a == b,
            (Value::Function(a), Value::Function(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// What an iteration over it gives: a list's items, a dict's keys.
    pub(super) fn items(&self) -> Option<Vec<Value>> {
        match self {
            Value::List(items) => Some(items.to_vec()),
            Value::Dict(dict) => Some(dict.keys().into_iter().map(Value::Atom).collect()),
            _ => None,
        }
    }

    /// What several names can stand for: the items of a list, the keys of a dict, the
    /// letters of a text.
    pub(super) fn parts(&self) -> Option<Vec<Value>> {
        match self {
            Value::Atom(Atom::Text(text)) => Some(
                text.chars()
                    .map(|it| Value::Atom(Atom::text(it.encode_utf8(&mut [0; 4]))))
                    .collect(),
            ),
            value => value.items(),
        }
    }
}
