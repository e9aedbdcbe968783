//! The values of s-ops and selectors on an input.

use crate::errors::{self, Fault};
use crate::graph::{Graph, Map, NodeId, Op, Reading};
use crate::value::{Atom, AtomType};
use std::collections::HashMap;
use std::rc::Rc;

/// What a program is run on: some letters, or values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Never empty.
    values: Vec<Atom>,
    /// Whether it was written as one text.
    text: bool,
}

impl Input {
    /// The letters of a text; none if it is empty.
    pub fn text(text: &str) -> Option<Input> {
        let mut letters = text.chars();
        letters.next().map(|first| Input::letters(first, letters.as_str()))
    }

    /// A letter, and the letters behind it.
    pub(crate) fn letters(first: char, rest: &str) -> Input {
        let letter = |it: char| Atom::text(it.encode_utf8(&mut [0; 4]));
        let values = std::iter::once(first).chain(rest.chars()).map(letter).collect();
        Input { values, text: true }
    }

    /// Values; none if there are none.
    pub fn values(values: Vec<Atom>) -> Option<Input> {
        (!values.is_empty()).then_some(Input { values, text: false })
    }

    pub fn atoms(&self) -> &[Atom] {
        &self.values
    }

    /// As a program writes it.
    pub fn written(&self) -> String {
        if self.text {
            let letters: String = self.values.iter().map(plain).collect();
            return format!("\"{letters}\"");
        }
        let items: Vec<String> = self.values.iter().map(Atom::to_string).collect();
        format!("[{}]", items.join(", "))
    }
}

/// Without quotes.
pub(crate) fn plain(value: &Atom) -> String {
    match value {
        Atom::Text(text) => text.to_string(),
        value => value.to_string(),
    }
}

/// The value of a node.
#[derive(Clone, PartialEq, Debug)]
pub enum Evaluated {
    Sequence(Sequence),
    Selector(Matrix),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Sequence {
    pub values: Vec<Atom>,
    pub ty: AtomType,
}

/// Which places (columns) each place (row) selects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matrix {
    pub size: usize,
    selected: Vec<bool>,
}

impl Matrix {
    fn new(
        size: usize,
        selected: impl Fn(usize, usize) -> Result<bool, Fault>,
    ) -> Result<Matrix, Fault> {
        let mut all = Vec::with_capacity(size * size);
        for query in 0..size {
            for key in 0..size {
                all.push(selected(query, key)?);
            }
        }
        Ok(Matrix { size, selected: all })
    }

    pub fn selects(&self, query: usize, key: usize) -> bool {
        self.selected.get(query * self.size + key).copied().unwrap_or(false)
    }

    /// Which places a place selects.
    pub fn row(&self, query: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.size).filter(move |key| self.selects(query, *key))
    }
}

/// What a node could not compute, and which.
#[derive(Clone, Debug)]
pub struct ObjectFault {
    pub(crate) fault: Fault,
    pub node: NodeId,
}

/// The values of a graph's nodes on one input, each computed once.
#[derive(Debug)]
pub struct Run {
    input: Input,
    /// By class.
    known: HashMap<NodeId, Result<Rc<Evaluated>, ObjectFault>>,
}

impl Run {
    pub fn new(input: Input) -> Run {
        Run { input, known: HashMap::new() }
    }

    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The value of a node, or which of what it is made of has none.
    pub fn value(&mut self, graph: &Graph, id: NodeId) -> Result<Rc<Evaluated>, ObjectFault> {
        if let Some(known) = self.known.get(&graph[id].class) {
            return known.clone();
        }
        // While a program runs, what a node is made of was evaluated before it.
        let operands = graph[id].op.operands();
        let ready = operands.iter().all(|it| self.known.contains_key(&graph[*it].class));
        let needed = if ready { vec![id] } else { graph.ancestors(id) };
        for needed in needed {
            let class = graph[needed].class;
            if !self.known.contains_key(&class) {
                let value = self.compute(graph, needed);
                self.known.insert(class, value);
            }
        }
        match self.known.get(&graph[id].class) {
            Some(known) => known.clone(),
            None => Err(ObjectFault { fault: errors::not_evaluated(), node: id }),
        }
    }

    fn known(&self, graph: &Graph, id: NodeId) -> Result<&Evaluated, ObjectFault> {
        match self.known.get(&graph[id].class) {
            Some(Ok(value)) => Ok(value),
            Some(Err(fault)) => Err(fault.clone()),
            None => Err(ObjectFault { fault: errors::not_evaluated(), node: id }),
        }
    }

    fn sequence(&self, graph: &Graph, id: NodeId) -> Result<&Sequence, ObjectFault> {
        match self.known(graph, id)? {
            Evaluated::Sequence(sequence) => Ok(sequence),
            Evaluated::Selector(_) => Err(ObjectFault { fault: errors::not_evaluated(), node: id }),
        }
    }

    fn matrix(&self, graph: &Graph, id: NodeId) -> Result<&Matrix, ObjectFault> {
        match self.known(graph, id)? {
            Evaluated::Selector(matrix) => Ok(matrix),
            Evaluated::Sequence(_) => Err(ObjectFault { fault: errors::not_evaluated(), node: id }),
        }
    }

    /// The value of a node whose operands are known.
    fn compute(&self, graph: &Graph, id: NodeId) -> Result<Rc<Evaluated>, ObjectFault> {
        let size = self.input.values.len();
        let here = |fault: Fault| ObjectFault { fault, node: id };
        let op = &graph[id].op;
        let values = match op {
            Op::Tokens(reading) => {
                let read = |value: &Atom| read(*reading, value);
                self.input.values.iter().map(read).collect::<Result<_, Fault>>().map_err(here)?
            }
            Op::Indices => (0..size as i64).map(Atom::Int).collect(),
            Op::Constant(value) => vec![value.clone(); size],
            Op::Map(map, operands) => {
                let operands: Vec<&Sequence> = operands
                    .iter()
                    .map(|it| self.sequence(graph, *it))
                    .collect::<Result<_, _>>()?;
                let at = |place: usize| {
                    let values: Vec<&Atom> = operands.iter().map(|it| &it.values[place]).collect();
                    map.apply(&values)
                };
                (0..size).map(at).collect::<Result<_, Fault>>().map_err(here)?
            }
            Op::Aggregate { selector, value, default } => {
                let (matrix, value) =
                    (self.matrix(graph, *selector)?, self.sequence(graph, *value)?);
                let default = default.clone().unwrap_or(Atom::Int(0));
                let at = |place: usize| mean(matrix, value, place, &default);
                (0..size).map(at).collect::<Result<_, Fault>>().map_err(here)?
            }
            Op::Select { key, query, compare } => {
                let (key, query) = (self.sequence(graph, *key)?, self.sequence(graph, *query)?);
                let matrix =
                    Matrix::new(size, |q, k| key.values[k].compare(*compare, &query.values[q]));
                return matrix.map(|it| Rc::new(Evaluated::Selector(it))).map_err(here);
            }
            Op::Not(operand) => {
                let operand = self.matrix(graph, *operand)?;
                return combined(size, |q, k| !operand.selects(q, k)).map_err(here);
            }
            Op::And(left, right) => {
                let (left, right) = (self.matrix(graph, *left)?, self.matrix(graph, *right)?);
                return combined(size, |q, k| left.selects(q, k) && right.selects(q, k))
                    .map_err(here);
            }
            Op::Or(left, right) => {
                let (left, right) = (self.matrix(graph, *left)?, self.matrix(graph, *right)?);
                return combined(size, |q, k| left.selects(q, k) || right.selects(q, k))
                    .map_err(here);
            }
        };
        match AtomType::of(&values) {
            Some(ty) => Ok(Rc::new(Evaluated::Sequence(Sequence { values, ty }))),
            None => Err(here(errors::mixed_sequence(&values))),
        }
    }
}

fn combined(size: usize, selects: impl Fn(usize, usize) -> bool) -> Result<Rc<Evaluated>, Fault> {
    Matrix::new(size, |q, k| Ok(selects(q, k))).map(|it| Rc::new(Evaluated::Selector(it)))
}

fn read(reading: Reading, value: &Atom) -> Result<Atom, Fault> {
    let wrong = || errors::unreadable_token(reading, value);
    Ok(match reading {
        Reading::AsIs => value.clone(),
        Reading::Text => Atom::Text(Rc::from(plain(value))),
        Reading::Bool => Atom::Bool(value.is_true()),
        Reading::Int => Atom::Int(match value {
            Atom::Text(text) => text.trim().parse().map_err(|_| wrong())?,
            Atom::Float(it) => match Atom::Float(it.trunc()).unary(crate::ast::UnaryOp::Round)? {
                Atom::Int(whole) => whole,
                _ => return Err(wrong()),
            },
            value => value.as_int().ok_or_else(wrong)?,
        }),
        Reading::Float => Atom::Float(match value {
            Atom::Text(text) => text.trim().parse().map_err(|_| wrong())?,
            value => value.as_f64().ok_or_else(wrong)?,
        }),
    })
}

/// What a place gets of an aggregate.
fn mean(matrix: &Matrix, value: &Sequence, place: usize, default: &Atom) -> Result<Atom, Fault> {
    let selected: Vec<&Atom> = matrix.row(place).map(|key| &value.values[key]).collect();
    match selected.as_slice() {
        [] => return Ok(default.clone()),
        [one] => return Ok((*one).clone()),
        _ => {}
    }
    if !matches!(value.ty, AtomType::Int | AtomType::Float) {
        return Err(errors::mean_of_no_numbers(value.ty, place, &selected));
    }
    // Whole numbers are added exactly until the first float.
    let (mut exact, mut sum, mut whole) = (0i128, 0.0f64, true);
    for value in &selected {
        match value.as_int() {
            Some(value) if whole => exact += i128::from(value),
            _ => {
                if whole {
                    (sum, whole) = (exact as f64, false);
                }
                sum += value.as_f64().unwrap_or(0.0);
            }
        }
    }
    let sum = if whole { exact as f64 } else { sum };
    Ok(Atom::Float(sum / selected.len() as f64))
}

impl Map {
    fn apply(&self, values: &[&Atom]) -> Result<Atom, Fault> {
        match (self, values) {
            (Map::Unary(op), [value]) => value.unary(*op),
            (Map::Binary(op), [left, right]) => left.binary(*op, right),
            (Map::If, [condition, yes, no]) => {
                Ok(if condition.is_true() { (*yes).clone() } else { (*no).clone() })
            }
            (Map::In(list), [value]) => Ok(Atom::Bool(list.iter().any(|it| it.equals(value)))),
            (Map::Entry(list), [index]) => entry(list, index).cloned(),
            (Map::Key(dict), [key]) => {
                let found = dict.iter().find(|(it, _)| it.equals(key));
                found.map(|(_, value)| value.clone()).ok_or_else(|| errors::no_key(key, dict))
            }
            _ => Err(errors::not_evaluated()),
        }
    }
}

/// An entry of a list by position; positions below 0 count from the end.
pub(crate) fn entry<'a, T>(list: &'a [T], index: &Atom) -> Result<&'a T, Fault> {
    let position = index.as_int().ok_or_else(|| errors::index_type(index))?;
    let wanted =
        if position < 0 { position.checked_add(list.len() as i64) } else { Some(position) };
    let found = wanted.and_then(|it| usize::try_from(it).ok()).and_then(|it| list.get(it));
    found.ok_or_else(|| errors::out_of_range(position, list.len()))
}
