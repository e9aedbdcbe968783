//! Which values each operation can have, by abstract interpretation: sets of values go
//! through the program, from tokens in `0..vocab` and positions in `0..length`.
//!
//! On the way, quotients of a sum and a width become means, and a `pick` with an `else`
//! becomes one aggregate, since attention computes these as they are.

use crate::errors;
use crate::limits;
use crate::possible::Possible;
use crate::program::{
    Aggregate, Gather, OpId, OpKind, Program, QUERY, Selector, as_read, moved, read, replace_reads,
};
use crate::sums::{Terms, means};
use crate::table::{Grid, Table, tabulate};
use crate::value::{Value, sorted};
use nnc_base::{Diagnostic, Span};
use nnc_graph::{Binary, Elem, Scalar};
use std::collections::BTreeMap;

pub(crate) type Analysing<T> = Result<T, Box<Diagnostic>>;

/// A program whose operations' values are asked for one by one.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub program: Program,
    domains: BTreeMap<OpId, Vec<Value>>,
}

/// How many keys any query selects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Width {
    pub least: usize,
    pub most: usize,
}

impl Analysis {
    pub(crate) fn new(program: &Program) -> Analysing<Analysis> {
        let empty = Program { ops: Vec::new(), ..program.clone() };
        let mut analysis = Analysis { program: empty, domains: BTreeMap::new() };
        let mut new_id: Vec<OpId> = Vec::new();
        for op in &program.ops {
            let renamed = |scalar: &Scalar| {
                replace_reads(scalar, &mut |old, side| read(new_id[old as usize], side))
            };
            let kind = match &op.kind {
                OpKind::Tokens => OpKind::Tokens,
                OpKind::Position => OpKind::Position,
                OpKind::Map(value) => {
                    let value = analysis.with_otherwise(&renamed(value), op.span);
                    OpKind::Map(analysis.with_means(&value, op.span)?)
                }
                OpKind::Aggregate(aggregate) => OpKind::Aggregate(rename(aggregate, &renamed)),
            };
            let id = match &kind {
                OpKind::Map(value) => match as_read(value) {
                    Some((same, QUERY)) => same,
                    _ => analysis.program.intern(kind, op.elem, op.span),
                },
                _ => analysis.program.intern(kind, op.elem, op.span),
            };
            new_id.push(id);
        }
        analysis.program.output = new_id[program.output as usize];
        Ok(analysis)
    }

    /// The values that an operation can have, in ascending order.
    pub(crate) fn domain(&mut self, id: OpId) -> Analysing<Vec<Value>> {
        if let Some(known) = self.domains.get(&id) {
            return Ok(known.clone());
        }
        let op = self.program.op(id).clone();
        let values = match &op.kind {
            OpKind::Tokens => (0..self.program.vocab).map(Value::Int).collect(),
            OpKind::Position => (0..self.program.length).map(Value::Int).collect(),
            OpKind::Map(value) => {
                let (what, most) = ("this operation", limits::COMBINATIONS);
                let long = expanded(&self.program, value);
                let table = match long.map(|long| self.table(&long, what, op.span, most)) {
                    Some(Ok(table)) => table,
                    _ => self.table(value, what, op.span, most)?,
                };
                sorted(table.values)
            }
            OpKind::Aggregate(aggregate) => self.gathered(aggregate, op.elem, op.span)?,
        };
        if values.len() > limits::VALUES {
            let mut sizes = Vec::new();
            for operand in op.operands() {
                sizes.push((operand, self.domain(operand)?.len()));
            }
            let most = limits::VALUES;
            let count = values.len();
            let error = errors::too_many_values(&self.program, id, count, most, &sizes);
            return Err(Box::new(error));
        }
        self.domains.insert(id, values.clone());
        Ok(values)
    }

    fn gathered(&mut self, aggregate: &Aggregate, elem: Elem, at: Span) -> Analysing<Vec<Value>> {
        let values = match &aggregate.gather {
            Gather::Count => {
                let width = self.width(&aggregate.selector, at)?;
                (width.least..=width.most).map(|it| Value::Int(it as i64)).collect()
            }
            Gather::Sum(value) => {
                let width = self.width(&aggregate.selector, at)?;
                self.terms(value, at)?.sums(width.most, elem)
            }
            Gather::Mean(value) => {
                let width = self.width(&aggregate.selector, at)?;
                let means = means(&self.terms(value, at)?, width.most, elem);
                means.into_iter().map(|it| it.value).collect()
            }
            Gather::Choose { value, otherwise, .. } => {
                let what = "the aggregated value";
                let mut values = self.table(value, what, at, limits::COMBINATIONS)?.values;
                values.extend(Value::of_literal(otherwise));
                values
            }
        };
        Ok(sorted(values))
    }

    /// What is summed, as multiples of a unit.
    pub(crate) fn terms(&mut self, value: &Scalar, at: Span) -> Analysing<Terms> {
        let table = self.table(value, "the summed value", at, limits::COMBINATIONS)?;
        let values = sorted(table.values);
        if let Some(value) = values.iter().find(|it| !it.number().is_finite()) {
            return Err(Box::new(errors::not_finite(at, "a term of this sum", value)));
        }
        Terms::new(&values, self.program.length as usize)
            .map_err(|value| Box::new(errors::inexact_sum(at, value)))
    }

    /// The table of a scalar, whose operands' values are found first.
    ///
    /// Combinations that cannot occur get the value that is most frequent otherwise.
    pub(crate) fn table(
        &mut self,
        scalar: &Scalar,
        what: &str,
        at: Span,
        most: usize,
    ) -> Analysing<Table> {
        let mut domains: BTreeMap<OpId, Vec<Value>> = BTreeMap::new();
        let reads = crate::program::reads(scalar);
        for (op, _) in &reads {
            domains.insert(*op, self.domain(*op)?);
        }
        let sizes: Vec<(OpId, usize)> =
            reads.iter().map(|(op, _)| (*op, domains[op].len())).collect();
        let count: f64 = sizes.iter().map(|it| it.1 as f64).product();
        if count > most as f64 {
            let program = &self.program;
            // One that is read at the query and at the key is shown once.
            let once: BTreeMap<OpId, usize> = sizes.into_iter().collect();
            let once: Vec<(OpId, usize)> = once.into_iter().collect();
            let error = errors::too_many_combinations(program, at, what, count, most, &once);
            return Err(Box::new(error));
        }
        let mut possible = Possible::default();
        if reads.len() > 1 {
            for (op, values) in &domains {
                let terms = self.terms_of(*op)?;
                possible.note(&self.program, *op, values, terms.as_ref());
            }
        }
        let values = |op: OpId| domains.get(&op).cloned().unwrap_or_default();
        let elem = |op: OpId| self.program.op(op).elem;
        let mut table = tabulate(scalar, &values, &elem)
            .map_err(|reason| Box::new(errors::no_table(at, reason)))?;
        forget_impossible(&mut table, &possible);
        Ok(table)
    }

    /// What a sum or a mean is of.
    fn terms_of(&mut self, id: OpId) -> Analysing<Option<Terms>> {
        let op = self.program.op(id);
        let (OpKind::Aggregate(aggregate), span) = (op.kind.clone(), op.span) else {
            return Ok(None);
        };
        match &aggregate.gather {
            Gather::Sum(value) | Gather::Mean(value) => self.terms(value, span).map(Some),
            Gather::Count | Gather::Choose { .. } => Ok(None),
        }
    }

    /// Bounds of a selector's width: proved from its tables, else 0 and the length.
    pub(crate) fn width(&mut self, selector: &Selector, at: Span) -> Analysing<Width> {
        let length = self.program.length as usize;
        let mut width = Width { least: 1, most: length };
        for condition in &selector.conditions {
            let what = "a condition of this selector";
            // A position that selects itself, whatever stands there, selects something.
            let own = self.table(&moved(condition, QUERY), what, at, limits::PAIRS)?;
            if own.values.iter().any(|it| *it != Value::Bool(true)) {
                width.least = 0;
            }
            let table = self.table(condition, what, at, limits::PAIRS)?;
            width.most = width.most.min(self.most_positions(&table));
        }
        width.least = width.least.min(width.most);
        Ok(width)
    }

    /// At how many positions keys can be that one query selects.
    fn most_positions(&self, table: &Table) -> usize {
        let length = self.program.length as usize;
        let is_position = |op: &OpId| self.program.op(*op).kind == OpKind::Position;
        let Some(place) = table.key.ops.iter().position(is_position) else { return length };
        let mut most = 0;
        for query in 0..table.query.len() {
            let mut selected = vec![false; length];
            for key in 0..table.key.len() {
                if table.at(query, key) == Value::Bool(true) {
                    selected[table.key.digit(key, place)] = true;
                }
            }
            most = most.max(selected.iter().filter(|it| **it).count());
        }
        most
    }

    /// `select(any, first, c)` with one selector as a `pick` with `else c`.
    fn with_otherwise(&mut self, scalar: &Scalar, at: Span) -> Scalar {
        let scalar = scalar.map_children(&mut |child| self.with_otherwise(child, at));
        let Scalar::Select { condition, then, otherwise } = &scalar else { return scalar };
        let aggregate = |read: &Scalar| match as_read(read) {
            Some((id, QUERY)) => match &self.program.op(id).kind {
                OpKind::Aggregate(aggregate) => Some((aggregate.clone(), self.program.op(id).elem)),
                _ => None,
            },
            _ => None,
        };
        let (Some((any, _)), Some((first, elem))) = (aggregate(condition), aggregate(then)) else {
            return scalar;
        };
        let is_any =
            matches!(&any.gather, Gather::Choose { order: None, value: Scalar::Bool(true), .. });
        let Some(literal) = folded(otherwise).filter(|_| is_any) else { return scalar };
        match first.gather {
            Gather::Choose { order: None, value, .. } if any.selector == first.selector => {
                let gather = Gather::Choose { order: None, value, otherwise: literal };
                let kind = OpKind::Aggregate(Aggregate { selector: first.selector, gather });
                read(self.program.intern(kind, elem, at), QUERY)
            }
            _ => scalar,
        }
    }

    /// `sum / width` of one selector that selects at least one position as a mean.
    fn with_means(&mut self, scalar: &Scalar, at: Span) -> Analysing<Scalar> {
        let mut failed = None;
        let scalar = scalar.map_children(&mut |child| match self.with_means(child, at) {
            Ok(child) => child,
            Err(error) => {
                failed = Some(error);
                child.clone()
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let Scalar::Binary(Binary::Div, sum, width) = &scalar else { return Ok(scalar) };
        let aggregate = |scalar: &Scalar| {
            let (id, _) = as_read(scalar)?;
            match &self.program.op(id).kind {
                OpKind::Aggregate(aggregate) => Some((aggregate.clone(), self.program.op(id).elem)),
                _ => None,
            }
        };
        let counted = match &**width {
            Scalar::Cast { value, .. } => aggregate(value),
            other => aggregate(other),
        };
        let (Some((sum, elem)), Some((count, _))) = (aggregate(sum), counted) else {
            return Ok(scalar);
        };
        let (Gather::Sum(value), Gather::Count) = (sum.gather, count.gather) else {
            return Ok(scalar);
        };
        if sum.selector != count.selector || self.width(&sum.selector, at)?.least == 0 {
            return Ok(scalar);
        }
        let gather = Gather::Mean(value);
        let kind = OpKind::Aggregate(Aggregate { selector: sum.selector, gather });
        Ok(read(self.program.intern(kind, elem, at), QUERY))
    }
}

fn forget_impossible(table: &mut Table, possible: &Possible) {
    if !possible.concerns(&table.query) && !possible.concerns(&table.key) {
        return;
    }
    let all = |grid: &Grid| -> Vec<bool> {
        (0..grid.len()).map(|combination| possible.holds(grid, combination)).collect()
    };
    let (queries, keys) = (all(&table.query), all(&table.key));
    let occurs = |at: usize| queries[at / keys.len()] && keys[at % keys.len()];
    let mut times: BTreeMap<Value, usize> = BTreeMap::new();
    for (_, value) in table.values.iter().enumerate().filter(|it| occurs(it.0)) {
        *times.entry(*value).or_default() += 1;
    }
    let Some((most, _)) = times.into_iter().max_by_key(|it| it.1) else { return };
    for (at, value) in table.values.iter_mut().enumerate() {
        if !occurs(at) {
            *value = most;
        }
    }
}

/// A literal, or the negative of one.
fn folded(scalar: &Scalar) -> Option<Scalar> {
    match scalar {
        Scalar::Bool(_) | Scalar::Int { .. } | Scalar::Float { .. } => Some(scalar.clone()),
        Scalar::Unary(nnc_graph::Unary::Neg, value) => match folded(value)? {
            Scalar::Int { elem, value } => Some(Scalar::Int { elem, value: -value }),
            Scalar::Float { elem, value } => Some(Scalar::Float { elem, value: -value }),
            _ => None,
        },
        _ => None,
    }
}

fn rename(aggregate: &Aggregate, renamed: &dyn Fn(&Scalar) -> Scalar) -> Aggregate {
    let conditions = aggregate.selector.conditions.iter().map(renamed).collect();
    let gather = match &aggregate.gather {
        Gather::Count => Gather::Count,
        Gather::Sum(value) => Gather::Sum(renamed(value)),
        Gather::Mean(value) => Gather::Mean(renamed(value)),
        Gather::Choose { order, value, otherwise } => Gather::Choose {
            order: order.as_ref().map(|order| crate::program::Order {
                by: renamed(&order.by),
                greatest: order.greatest,
            }),
            value: renamed(value),
            otherwise: otherwise.clone(),
        },
    };
    Aggregate { selector: Selector { conditions }, gather }
}

/// A scalar with each map that it reads put in, down to tokens, positions and aggregates;
/// `None` if that would be longer than makes sense.
pub(crate) fn expanded(program: &Program, scalar: &Scalar) -> Option<Scalar> {
    fn size(scalar: &Scalar) -> usize {
        1 + scalar.children().into_iter().map(size).sum::<usize>()
    }
    let mut too_long = false;
    let result = replace_reads(scalar, &mut |op, side| match &program.op(op).kind {
        OpKind::Map(value) if !too_long => match expanded(program, value) {
            Some(value) => moved(&value, side),
            None => {
                too_long = true;
                read(op, side)
            }
        },
        _ => read(op, side),
    });
    (!too_long && size(&result) <= limits::NODES).then_some(result)
}
