//! Names and what they stand for.

use super::value::Value;
use crate::errors::{self, Fault};
use nnc_base::{Name, nearest};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Words that are no names although the grammar would take them.
const RESERVED: [&str; 14] = [
    "if", "else", "not", "and", "or", "out", "def", "return", "range", "for", "in", "zip", "len",
    "get",
];

/// The names of one file, one function call or one comprehension.
#[derive(Debug, Default)]
pub(super) struct Env {
    parent: Option<Rc<Env>>,
    /// Where what a loaded file defines is defined, too.
    loaded_by: Option<Rc<Env>>,
    variables: RefCell<Variables>,
}

#[derive(Debug, Default)]
struct Variables {
    values: HashMap<Name, Value>,
    /// In the order of the first definition.
    order: Vec<Name>,
    /// What the language itself gives, and cannot be redefined anywhere.
    constants: HashMap<Name, Value>,
    /// What the library gave, and cannot be redefined here.
    library: HashSet<Name>,
}

impl Env {
    /// The outermost names, with what the language itself gives.
    pub(super) fn outermost(constants: Vec<(Name, Value)>) -> Env {
        let env = Env::default();
        env.variables.borrow_mut().constants = constants.into_iter().collect();
        env
    }

    pub(super) fn inside(parent: &Rc<Env>) -> Rc<Env> {
        Rc::new(Env { parent: Some(parent.clone()), ..Env::default() })
    }

    pub(super) fn file(base: &Rc<Env>, loaded_by: &Rc<Env>) -> Rc<Env> {
        Rc::new(Env {
            parent: Some(base.clone()),
            loaded_by: Some(loaded_by.clone()),
            ..Env::default()
        })
    }

    /// A copy, which later definitions do not change.
    pub(super) fn snapshot(&self) -> Rc<Env> {
        let variables = self.variables.borrow();
        let copy = Variables {
            values: variables.values.clone(),
            order: variables.order.clone(),
            constants: variables.constants.clone(),
            library: HashSet::new(),
        };
        Rc::new(Env { parent: self.parent.clone(), loaded_by: None, variables: RefCell::new(copy) })
    }

    /// Keeps all names that are defined by now from being redefined here.
    pub(super) fn reserve_all(&self) {
        let mut variables = self.variables.borrow_mut();
        variables.library = variables.order.iter().copied().collect();
    }

    fn constant(&self, name: Name) -> Option<Value> {
        let here = self.variables.borrow().constants.get(&name).cloned();
        here.or_else(|| self.parent.as_ref()?.constant(name))
    }

    fn variable(&self, name: Name) -> Option<Value> {
        let here = self.variables.borrow().values.get(&name).cloned();
        here.or_else(|| self.parent.as_ref()?.variable(name))
    }

    pub(super) fn get(&self, name: Name) -> Result<Value, Fault> {
        self.constant(name).or_else(|| self.variable(name)).ok_or_else(|| {
            let known = self.known();
            let near = nearest(name.as_str(), known.iter().map(|it| it.as_str()));
            errors::undefined(name.as_str(), near)
        })
    }

    /// All names that are known here, in alphabetical order.
    pub(super) fn known(&self) -> Vec<Name> {
        let mut names = match &self.parent {
            Some(parent) => parent.known(),
            None => Vec::new(),
        };
        let variables = self.variables.borrow();
        names.extend(variables.order.iter().copied());
        let mut constants: Vec<Name> = variables.constants.keys().copied().collect();
        constants.sort();
        names.extend(constants);
        names.sort();
        names.dedup();
        names
    }

    pub(super) fn set(&self, name: Name, value: Value) -> Result<(), Fault> {
        if RESERVED.contains(&name.as_str()) || self.constant(name).is_some() {
            return Err(errors::reserved(name.as_str(), false));
        }
        if self.variables.borrow().library.contains(&name) {
            return Err(errors::reserved(name.as_str(), true));
        }
        self.define(name, value.clone());
        match &self.loaded_by {
            Some(env) if !name.as_str().starts_with('_') => env.set(name, value),
            _ => Ok(()),
        }
    }

    /// Notes the last value under the name `out`.
    pub(super) fn set_out(&self, value: Value) {
        self.variables.borrow_mut().values.insert(Name::new("out"), value);
    }

    fn define(&self, name: Name, value: Value) {
        let mut variables = self.variables.borrow_mut();
        if variables.values.insert(name, value).is_none() {
            variables.order.push(name);
        }
    }

    /// What was defined here, in the order of the first definition.
    pub(super) fn defined(&self) -> Vec<(Name, Value)> {
        let variables = self.variables.borrow();
        let value = |name: &Name| Some((*name, variables.values.get(name)?.clone()));
        variables.order.iter().filter_map(value).collect()
    }
}
