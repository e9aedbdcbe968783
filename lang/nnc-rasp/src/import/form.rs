//! What the nodes of a graph are in terms of reductions: RASP makes a count out of a mean
//! and a division, which is said as a count.
//!
//! What is recognised is a shape of nodes, in whatever function it was made; that the value
//! stays the same is argued where it is done.

use crate::ast::{BinaryOp, Compare, UnaryOp};
use crate::graph::{ClassId, Graph, Map, Op, Reading};
use crate::value::Atom;
use std::collections::HashMap;
use std::rc::Rc;

/// What a class of nodes computes.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Form {
    Tokens(Reading),
    Indices,
    Constant(Atom),
    Length,
    Map(Map, Vec<ClassId>),
    /// How many of the selected places satisfy a condition.
    Count {
        selector: ClassId,
        condition: Option<ClassId>,
    },
    /// Whether one of the selected places satisfies a condition.
    Any {
        selector: ClassId,
        condition: Option<ClassId>,
    },
    /// Whether all places satisfy a condition.
    All(ClassId),
    /// The value at the first place, or at the last.
    At {
        value: ClassId,
        last: bool,
    },
    Aggregate {
        selector: ClassId,
        value: ClassId,
        default: Option<Atom>,
    },
    Everything,
    Select {
        key: ClassId,
        query: ClassId,
        compare: Compare,
    },
    Not(ClassId),
    And(ClassId, ClassId),
    Or(ClassId, ClassId),
}

impl Form {
    pub(super) fn operands(&self) -> Vec<ClassId> {
        match self {
            Form::Tokens(_)
            | Form::Indices
            | Form::Constant(_)
            | Form::Length
            | Form::Everything => Vec::new(),
            Form::Map(_, operands) => operands.clone(),
            Form::Count { selector, condition } | Form::Any { selector, condition } => {
                std::iter::once(*selector).chain(*condition).collect()
            }
            Form::All(it) | Form::Not(it) => vec![*it],
            Form::At { value, .. } => vec![*value],
            Form::Aggregate { selector, value, .. } => vec![*selector, *value],
            Form::Select { key, query, .. } => vec![*key, *query],
            Form::And(left, right) | Form::Or(left, right) => vec![*left, *right],
        }
    }

    pub(super) fn is_selector(&self) -> bool {
        matches!(
            self,
            Form::Everything | Form::Select { .. } | Form::Not(_) | Form::And(..) | Form::Or(..)
        )
    }

    /// Whether it goes over a sequence.
    pub(super) fn reduces(&self) -> bool {
        matches!(
            self,
            Form::Count { .. } | Form::Any { .. } | Form::All(_) | Form::Aggregate { .. }
        )
    }
}

/// The forms of a graph's classes, each found once.
pub(super) struct Forms<'g> {
    graph: &'g Graph,
    known: HashMap<ClassId, Rc<Form>>,
}

impl<'g> Forms<'g> {
    pub(super) fn new(graph: &'g Graph) -> Forms<'g> {
        Forms { graph, known: HashMap::new() }
    }

    pub(super) fn of(&mut self, class: ClassId) -> Rc<Form> {
        if let Some(known) = self.known.get(&class) {
            return known.clone();
        }
        let form = Rc::new(self.find(class));
        self.known.insert(class, form.clone());
        form
    }

    fn op(&self, class: ClassId) -> &'g Op {
        &self.graph[class].op
    }

    fn class(&self, id: ClassId) -> ClassId {
        self.graph[id].class
    }

    fn find(&self, class: ClassId) -> Form {
        let recognised = self
            .width(class)
            .or_else(|| self.marked_width(class))
            .or_else(|| self.share_of_width(class))
            .or_else(|| self.positive_share(class))
            .or_else(|| self.whole_share(class))
            .or_else(|| self.place(class));
        if let Some(form) = recognised {
            return form;
        }
        let of = |id: &ClassId| self.class(*id);
        match self.op(class) {
            Op::Tokens(reading) => Form::Tokens(*reading),
            Op::Indices => Form::Indices,
            Op::Constant(atom) => Form::Constant(atom.clone()),
            // Nothing is added by an empty text.
            Op::Map(Map::Binary(BinaryOp::Plus), operands)
                if operands.first().and_then(|it| self.atom(*it)) == Some(&Atom::text("")) =>
            {
                match operands.get(1) {
                    Some(other) => self.find(of(other)),
                    None => Form::Indices,
                }
            }
            Op::Map(map, operands) => Form::Map(map.clone(), operands.iter().map(of).collect()),
            Op::Aggregate { selector, value, default } => Form::Aggregate {
                selector: of(selector),
                value: of(value),
                default: default.clone(),
            },
            Op::Select { .. } if self.is_everything(class) => Form::Everything,
            Op::Select { key, query, compare } => {
                Form::Select { key: of(key), query: of(query), compare: *compare }
            }
            Op::Not(it) => Form::Not(of(it)),
            Op::And(left, right) if self.is_everything(of(left)) => self.find(of(right)),
            Op::And(left, right) if self.is_everything(of(right)) => self.find(of(left)),
            Op::And(left, right) => Form::And(of(left), of(right)),
            Op::Or(left, right) => Form::Or(of(left), of(right)),
        }
    }

    fn atom(&self, id: ClassId) -> Option<&'g Atom> {
        match self.op(id) {
            Op::Constant(atom) => Some(atom),
            _ => None,
        }
    }

    fn is_number(&self, id: ClassId, number: i64) -> bool {
        self.atom(id).is_some_and(|it| it.equals(&Atom::Int(number)))
    }

    fn is_indices(&self, id: ClassId) -> bool {
        matches!(self.op(id), Op::Indices)
    }

    fn unary(&self, id: ClassId, op: UnaryOp) -> Option<ClassId> {
        match self.op(id) {
            Op::Map(Map::Unary(found), operands) if *found == op => operands.first().copied(),
            _ => None,
        }
    }

    fn binary(&self, id: ClassId, op: BinaryOp) -> Option<(ClassId, ClassId)> {
        match (self.op(id), op) {
            (Op::Map(Map::Binary(found), operands), op) if *found == op => {
                Some((*operands.first()?, *operands.get(1)?))
            }
            _ => None,
        }
    }

    /// A selector of all places by all places.
    fn is_everything(&self, id: ClassId) -> bool {
        match self.op(id) {
            Op::Select { key, query, compare } => match (self.atom(*key), self.atom(*query)) {
                (Some(key), Some(query)) => key.compare(*compare, query).unwrap_or(false),
                _ => false,
            },
            _ => false,
        }
    }

    fn is_select(&self, id: ClassId, compare: Compare) -> Option<(ClassId, ClassId)> {
        match self.op(id) {
            Op::Select { key, query, compare: found } if *found == compare => Some((*key, *query)),
            _ => None,
        }
    }

    /// A selector of the first place by all.
    fn is_first(&self, id: ClassId) -> bool {
        self.is_select(id, Compare::Equal)
            .is_some_and(|(key, query)| self.is_indices(key) && self.is_number(query, 0))
    }

    fn always_selects_first(&self, id: ClassId) -> bool {
        match self.op(id) {
            Op::Or(left, right) => {
                self.always_selects_first(*left) || self.always_selects_first(*right)
            }
            _ => self.is_first(id) || self.is_everything(id),
        }
    }

    /// `1 / aggregate(sel, indicator(indices == 0))`, where `sel` selects the first place: one
    /// of the selected is the first, so it is how many there are.
    fn inverse_share(&self, id: ClassId) -> Option<ClassId> {
        let (one, share) = self.binary(id, BinaryOp::Divide)?;
        let Op::Aggregate { selector, value, .. } = self.op(share) else { return None };
        let condition = self.unary(*value, UnaryOp::Indicator)?;
        let (left, right) = self.binary(condition, BinaryOp::Compare(Compare::Equal))?;
        let first = self.is_indices(left) && self.is_number(right, 0);
        (first && self.is_number(one, 1) && self.always_selects_first(*selector))
            .then_some(*selector)
    }

    /// The library's `selector_width`: the first place is added, counted as any, and taken
    /// away again if it was not selected.
    fn width(&self, class: ClassId) -> Option<Form> {
        let sum = self.unary(class, UnaryOp::Round)?;
        let (others, first) = self.binary(sum, BinaryOp::Plus)?;
        let (inverse, one) = self.binary(others, BinaryOp::Minus)?;
        let with_first = self.inverse_share(inverse)?;
        let Op::Or(selector, added) = self.op(with_first) else { return None };
        let Op::Aggregate { selector: both, value, default } = self.op(first) else { return None };
        let Op::And(again, only) = self.op(*both) else { return None };
        let zero = default.as_ref().is_none_or(|it| it.equals(&Atom::Int(0)));
        let fits = self.is_number(one, 1)
            && self.is_number(*value, 1)
            && zero
            && self.class(*selector) == self.class(*again)
            && self.is_first(*added)
            && self.is_first(*only);
        fits.then(|| self.counted(self.class(*selector), None))
    }

    fn counted(&self, selector: ClassId, condition: Option<ClassId>) -> Form {
        match condition {
            None if self.is_everything(selector) => Form::Length,
            condition => Form::Count { selector, condition },
        }
    }

    /// `round(1 / share of the first place)`.
    fn marked_width(&self, class: ClassId) -> Option<Form> {
        let inverse = self.unary(class, UnaryOp::Round)?;
        let selector = self.inverse_share(inverse)?;
        Some(self.counted(self.class(selector), None))
    }

    fn is_length(&self, id: ClassId) -> bool {
        self.marked_width(id) == Some(Form::Length)
    }

    /// Whether an s-op says how many places a selector selects.
    fn is_width(&self, id: ClassId, selector: ClassId) -> bool {
        if self.is_everything(selector) {
            return self.is_length(id);
        }
        let indices = |pair: (ClassId, ClassId)| self.is_indices(pair.0) && self.is_indices(pair.1);
        if self.is_select(selector, Compare::Less).is_some_and(indices) {
            return self.is_indices(id);
        }
        self.is_select(selector, Compare::LessEqual).is_some_and(indices)
            && self.binary(id, BinaryOp::Plus).is_some_and(|(left, right)| {
                (self.is_indices(left) && self.is_number(right, 1))
                    || (self.is_indices(right) && self.is_number(left, 1))
            })
    }

    /// The share of a selector's places that satisfy a condition, and the condition.
    fn share(&self, id: ClassId) -> Option<(ClassId, ClassId)> {
        let Op::Aggregate { selector, value, default } = self.op(id) else { return None };
        if default.as_ref().is_some_and(|it| !it.equals(&Atom::Int(0))) {
            return None;
        }
        let condition = self.unary(*value, UnaryOp::Indicator)?;
        Some((self.class(*selector), self.class(condition)))
    }

    /// `round(width * share)`: a share of how many there are.
    fn share_of_width(&self, class: ClassId) -> Option<Form> {
        let product = self.unary(class, UnaryOp::Round)?;
        let (left, right) = self.binary(product, BinaryOp::Times)?;
        [(left, right), (right, left)].into_iter().find_map(|(width, share)| {
            let (selector, condition) = self.share(share)?;
            let fits = self.is_width(width, selector);
            fits.then_some(Form::Count { selector, condition: Some(condition) })
        })
    }

    /// `aggregate(sel, 1, 0) > 0`, `aggregate(sel, indicator(c)) > 0`.
    fn positive_share(&self, class: ClassId) -> Option<Form> {
        let (share, zero) = self.binary(class, BinaryOp::Compare(Compare::Greater))?;
        if !self.is_number(zero, 0) {
            return None;
        }
        if let Some((selector, condition)) = self.share(share) {
            return Some(Form::Any { selector, condition: Some(condition) });
        }
        let Op::Aggregate { selector, value, default } = self.op(share) else { return None };
        let zero = default.as_ref().is_none_or(|it| it.equals(&Atom::Int(0)));
        (zero && self.is_number(*value, 1))
            .then(|| Form::Any { selector: self.class(*selector), condition: None })
    }

    /// `aggregate(full_s, indicator(c)) == 1`.
    fn whole_share(&self, class: ClassId) -> Option<Form> {
        let (share, one) = self.binary(class, BinaryOp::Compare(Compare::Equal))?;
        let (selector, condition) = self.share(share)?;
        (self.is_number(one, 1) && self.is_everything(selector)).then_some(Form::All(condition))
    }

    /// `s[0]` and `s[-1]`, which are there in every sequence.
    fn place(&self, class: ClassId) -> Option<Form> {
        let Op::Aggregate { selector, value, .. } = self.op(class) else { return None };
        let (key, query) = self.is_select(*selector, Compare::Equal)?;
        if !self.is_indices(key) {
            return None;
        }
        let value = self.class(*value);
        if self.is_number(query, 0) {
            return Some(Form::At { value, last: false });
        }
        let minus_one = |(left, right)| self.is_length(left) && self.is_number(right, -1);
        let one_less = |(left, right)| self.is_length(left) && self.is_number(right, 1);
        let last = self.binary(query, BinaryOp::Plus).is_some_and(minus_one)
            || self.binary(query, BinaryOp::Minus).is_some_and(one_less);
        last.then_some(Form::At { value, last: true })
    }

    /// Whether a selector selects a place at least for each place, on every input.
    pub(super) fn selects_some(&self, class: ClassId) -> bool {
        self.always_selects_first(class) || self.selects_itself(class)
    }

    fn selects_itself(&self, class: ClassId) -> bool {
        match self.op(class) {
            Op::Select {
                key,
                query,
                compare: Compare::Equal | Compare::LessEqual | Compare::GreaterEqual,
            } => self.class(*key) == self.class(*query),
            Op::And(left, right) => self.selects_itself(*left) && self.selects_itself(*right),
            Op::Or(left, right) => self.selects_itself(*left) || self.selects_itself(*right),
            _ => self.is_everything(class),
        }
    }

    /// Whether a selector selects at most one place for each place, on every input.
    pub(super) fn selects_one(&self, class: ClassId) -> bool {
        match self.op(class) {
            Op::Select { key, query, compare: Compare::Equal } => {
                self.is_different(*key) || (self.is_mark(*key) && self.is_truth(*query))
            }
            Op::And(left, right) => {
                self.selects_one(*left)
                    || self.selects_one(*right)
                    || self.nth_of_equals(*left, *right)
                    || self.nth_of_equals(*right, *left)
            }
            _ => false,
        }
    }

    fn is_truth(&self, id: ClassId) -> bool {
        self.is_number(id, 1)
    }

    /// Whether an s-op marks one place: the one with a value that no other with it comes
    /// before, or after.
    fn is_mark(&self, id: ClassId) -> bool {
        let Some((here, none)) = self.binary(id, BinaryOp::And) else { return false };
        let Some((value, wanted)) = self.binary(here, BinaryOp::Compare(Compare::Equal)) else {
            return false;
        };
        let others = self.unary(none, UnaryOp::Not).and_then(|it| self.positive_share(it));
        let Some(Form::Any { selector, condition: None }) = others else { return false };
        let Op::And(equal, side) = self.op(selector) else { return false };
        let side = [Compare::Less, Compare::Greater].into_iter().any(|compare| {
            self.is_select(*side, compare)
                .is_some_and(|(key, query)| self.is_indices(key) && self.is_indices(query))
        });
        side && self.atom(wanted).is_some()
            && self.is_select(*equal, Compare::Equal).is_some_and(|(key, query)| {
                self.class(key) == self.class(value) && self.class(query) == self.class(wanted)
            })
    }

    /// Whether an s-op has another value at each place.
    fn is_different(&self, id: ClassId) -> bool {
        if self.is_indices(id) || self.is_rank(id) {
            return true;
        }
        if let Some(inner) = self.unary(id, UnaryOp::Minus) {
            return self.is_different(inner);
        }
        let even = |id| self.atom(id).is_some_and(|it| it.as_int().is_some()) || self.is_length(id);
        [BinaryOp::Plus, BinaryOp::Minus].into_iter().any(|op| {
            self.binary(id, op).is_some_and(|(left, right)| {
                (self.is_different(left) && even(right)) || (even(left) && self.is_different(right))
            })
        })
    }

    /// How many come before each place in an order of all: those with a lesser key, and of
    /// equal ones the earlier.
    fn is_rank(&self, id: ClassId) -> bool {
        let Some(Form::Count { selector, condition: None }) = self.width(self.class(id)) else {
            return false;
        };
        let Op::Or(less, tie) = self.op(selector) else { return false };
        let Op::And(equal, before) = self.op(*tie) else { return false };
        let same = |pair: Option<(ClassId, ClassId)>| {
            pair.map(|(key, query)| (self.class(key), self.class(query)))
                .filter(|(key, query)| key == query)
        };
        let less = same(self.is_select(*less, Compare::Less));
        let equal = same(self.is_select(*equal, Compare::Equal));
        less.is_some() && less == equal && self.is_before(*before)
    }

    fn is_before(&self, id: ClassId) -> bool {
        self.is_select(id, Compare::Less)
            .is_some_and(|(key, query)| self.is_indices(key) && self.is_indices(query))
    }

    /// Whether `same` are equal values and `nth` one number of how many equal ones came
    /// before, which differs among them.
    fn nth_of_equals(&self, same: ClassId, nth: ClassId) -> bool {
        let Some((value, query)) = self.is_select(same, Compare::Equal) else { return false };
        let Some((number, _)) = self.is_select(nth, Compare::Equal) else { return false };
        let Some(Form::Count { selector, condition: None }) = self.width(self.class(number)) else {
            return false;
        };
        let Op::And(equal, before) = self.op(selector) else { return false };
        self.class(value) == self.class(query)
            && self.class(*equal) == self.class(same)
            && self.is_before(*before)
    }
}

impl Forms<'_> {
    /// What an s-op is the negative of.
    pub(super) fn negated(&self, class: ClassId) -> Option<ClassId> {
        self.unary(class, UnaryOp::Minus).map(|it| self.class(it))
    }

    /// The value that an s-op has everywhere.
    pub(super) fn constant(&self, class: ClassId) -> Option<&Atom> {
        self.atom(class)
    }
}
