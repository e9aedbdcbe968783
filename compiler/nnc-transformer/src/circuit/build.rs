//! From a program to a circuit, on demand from its output.

use super::{
    Base, BaseId, Brings, Circuit, Code, Make, Match, Pattern, Ranked, Scores, Unit, View, units,
};
use crate::analysis::{Analysing, Analysis, expanded};
use crate::errors;
use crate::limits;
use crate::program::{
    Aggregate, Gather, KEY, OpId, OpKind, Order, QUERY, Selector, moved, read, reads_at,
    replace_reads,
};
use crate::sums::means;
use crate::table::{Grid, Table};
use crate::value::{Value, sorted};
use nnc_base::Span;
use nnc_graph::{Elem, Scalar, Var};
use std::collections::BTreeMap;

struct Builder<'a> {
    analysis: &'a mut Analysis,
    bases: Vec<Base>,
    /// Of operations, as far as they have been asked for.
    views: BTreeMap<OpId, View>,
}

/// The circuit of an analysed program.
pub(crate) fn build(analysis: &mut Analysis) -> Analysing<Circuit> {
    let output = analysis.program.output;
    let mut builder = Builder { analysis, bases: Vec::new(), views: BTreeMap::new() };
    let output = builder.view(output)?;
    let layers = builder.bases.iter().map(|base| base.ready.div_ceil(2)).max().unwrap_or(0);
    Ok(Circuit { bases: builder.bases, output, layers })
}

impl Builder<'_> {
    fn ready(&self, view: &View) -> usize {
        view.base.map_or(0, |base| self.bases[base].ready)
    }

    fn base(&mut self, base: Base) -> BaseId {
        // The same function of the same operands is there once.
        let same = |it: &Base| it.make == base.make && it.values == base.values;
        self.bases.iter().position(same).unwrap_or_else(|| {
            self.bases.push(base);
            self.bases.len() - 1
        })
    }

    /// All of a base, as it is.
    fn whole(&self, base: BaseId) -> View {
        let values = self.bases[base].values.clone();
        View { base: Some(base), index: (0..values.len()).collect(), values }
    }

    /// What an operation is read off; the view's values are the operation's.
    fn view(&mut self, id: OpId) -> Analysing<View> {
        if let Some(view) = self.views.get(&id) {
            return Ok(view.clone());
        }
        let op = self.analysis.program.op(id).clone();
        let view = match &op.kind {
            OpKind::Tokens | OpKind::Position => {
                let make = if op.kind == OpKind::Tokens { Make::Tokens } else { Make::Position };
                let values = self.analysis.domain(id)?;
                let code = Code::OneHot { default: None };
                let base = self.base(Base { make, values, code, ready: 0, span: op.span });
                self.whole(base)
            }
            OpKind::Map(value) => {
                let view = self.function(value, op.span)?;
                let domain = self.analysis.domain(id)?;
                // A value that is not among them does not occur.
                let place = |it: &usize| domain.binary_search(&view.values[*it]).unwrap_or(0);
                let index = view.index.iter().map(place).collect();
                View { base: view.base, index, values: domain }
            }
            OpKind::Aggregate(aggregate) => {
                let base = self.aggregate(aggregate, op.elem, op.span)?;
                self.whole(base)
            }
        };
        self.views.insert(id, view.clone());
        Ok(view)
    }

    /// A scalar at one position, all of whose reads are at [`QUERY`].
    ///
    /// Maps that it reads are put in first, so that it stands in an earlier layer; if that
    /// makes too many combinations, they stay functions of their own.
    fn function(&mut self, scalar: &Scalar, at: Span) -> Analysing<View> {
        let long = expanded(&self.analysis.program, scalar).filter(|it| it != scalar);
        let combinations = limits::COMBINATIONS;
        if let Some(long) = long
            && let Ok(table) = self.analysis.table(&long, "this function", at, combinations)
            && let Some(view) = self.tabled(&table, at)?
        {
            return Ok(view);
        }
        let table = self.analysis.table(scalar, "this function", at, combinations)?;
        match self.tabled(&table, at)? {
            Some(view) => Ok(view),
            None => {
                let mut sizes = Vec::new();
                for op in &table.query.ops {
                    sizes.push((*op, self.analysis.domain(*op)?.len()));
                }
                let count: f64 = sizes.iter().map(|it| it.1 as f64).product();
                let program = &self.analysis.program;
                Err(Box::new(errors::too_many_combinations(
                    program,
                    at,
                    "this function",
                    count,
                    limits::UNITS,
                    &sizes,
                )))
            }
        }
    }

    /// A table over operations at the query as a view; `None` if it needs too many units.
    fn tabled(&mut self, table: &Table, at: Span) -> Analysing<Option<View>> {
        let values = sorted(table.values.clone());
        if let Some(value) = values.iter().find(|it| it.number().is_nan()) {
            return Err(Box::new(errors::not_finite(at, "this", value)));
        }
        let results: Vec<usize> = (table.values.iter())
            .map(|value| values.binary_search(value).unwrap_or_default())
            .collect();
        self.joint(&table.query, results, values, at)
    }

    /// A function of the operations of a grid, by the index of its result.
    fn joint(
        &mut self,
        grid: &Grid,
        results: Vec<usize>,
        values: Vec<Value>,
        at: Span,
    ) -> Analysing<Option<View>> {
        let classes = units::classes(grid, &results);
        let matter: Vec<usize> =
            (0..classes.len()).filter(|place| units::count(&classes[*place]) > 1).collect();
        // A value of each class of the operands that matter; others are at their first.
        let reduced = Grid {
            ops: matter.iter().map(|place| grid.ops[*place]).collect(),
            sizes: matter.iter().map(|place| units::count(&classes[*place])).collect(),
        };
        let representative = |combination: usize| {
            let mut at = 0;
            for (place, of_place) in classes.iter().enumerate() {
                let digit = match matter.iter().position(|it| *it == place) {
                    Some(among) => {
                        let class = reduced.digit(combination, among);
                        of_place.iter().position(|it| *it == class).unwrap_or_default()
                    }
                    None => 0,
                };
                at = at * grid.sizes[place] + digit;
            }
            results[at]
        };
        let of_classes: Vec<usize> = (0..reduced.len()).map(representative).collect();
        let mut operands = Vec::new();
        for (among, place) in matter.iter().enumerate() {
            let view = self.view(reduced.ops[among])?;
            let index = view.index.iter().map(|value| classes[*place][*value]).collect();
            // What a class stands for does not matter.
            operands.push(View { base: view.base, index, values: Vec::new() });
        }
        match operands.as_slice() {
            [] => Ok(Some(View::constant(values[of_classes[0]]))),
            [only] => {
                let index = only.index.iter().map(|class| of_classes[*class]).collect();
                Ok(Some(View { base: only.base, index, values }))
            }
            _ => {
                let Some((units, default)) = units::units(&reduced, &of_classes, limits::UNITS)
                else {
                    return Ok(None);
                };
                Ok(Some(self.units(operands, units, default, values, at)))
            }
        }
    }

    fn units(
        &mut self,
        operands: Vec<View>,
        units: Vec<Unit>,
        default: usize,
        values: Vec<Value>,
        span: Span,
    ) -> View {
        let ready = operands.iter().map(|view| self.ready(view)).max().unwrap_or(0);
        let layer = ready / 2;
        let base = self.base(Base {
            make: Make::Units { layer, operands, units },
            values,
            code: Code::OneHot { default: Some(default) },
            ready: 2 * layer + 2,
            span,
        });
        self.whole(base)
    }

    fn aggregate(&mut self, aggregate: &Aggregate, elem: Elem, span: Span) -> Analysing<BaseId> {
        let conditions = self.conditions(&aggregate.selector, span)?;
        let (pattern, brings, values, code) = match &aggregate.gather {
            Gather::Count => {
                let width = self.analysis.width(&aggregate.selector, span)?;
                let values = (width.least..=width.most).map(|it| Value::Int(it as i64));
                (Pattern::WithStart, Brings::Width, values.collect(), Code::Thermometer)
            }
            Gather::Sum(value) => {
                let width = self.analysis.width(&aggregate.selector, span)?;
                let terms = self.analysis.terms(value, span)?;
                let of = self.function(&moved(value, QUERY), span)?;
                let steps = of.values.iter().map(|value| terms.steps(*value)).collect();
                let values = terms.sums(width.most, elem);
                (Pattern::WithStart, Brings::Sum { of, steps }, values, Code::Thermometer)
            }
            Gather::Mean(value) => {
                let width = self.analysis.width(&aggregate.selector, span)?;
                let terms = self.analysis.terms(value, span)?;
                let of = self.function(&moved(value, QUERY), span)?;
                let least = (terms.least / terms.step) as f64;
                let steps = of.values.iter().map(|value| terms.steps(*value) - least).collect();
                let means = means(&terms, width.most, elem);
                let values = means.iter().map(|it| it.value).collect();
                (Pattern::Evenly, Brings::Mean { of, steps, means }, values, Code::Thermometer)
            }
            Gather::Choose { order, value, otherwise } => {
                let of = self.function(&moved(value, QUERY), span)?;
                let rank = match order {
                    Some(order) => Some(self.ranked(order, span)?),
                    None => None,
                };
                let otherwise = Value::of_literal(otherwise).unwrap_or(Value::Int(0));
                let values = sorted(of.values.iter().copied().chain([otherwise]).collect());
                let place = |value: &Value| values.binary_search(value).unwrap_or_default();
                let default = Some(place(&otherwise));
                let value = of.values.iter().map(place).collect();
                let brings = Brings::Choice { of, value };
                (Pattern::First { rank }, brings, values, Code::OneHot { default })
            }
        };
        // Positions decide which selected key is the first.
        if matches!(pattern, Pattern::First { .. }) {
            self.view(1)?;
        }
        let scores = Scores { conditions, pattern };
        let ready = scores.conditions.iter().flat_map(|it| [&it.query, &it.key]);
        let ranked = match &scores.pattern {
            Pattern::First { rank: Some(rank) } => Some(&rank.by),
            _ => None,
        };
        let value = match &brings {
            Brings::Width => None,
            Brings::Sum { of, .. } | Brings::Mean { of, .. } | Brings::Choice { of, .. } => {
                Some(of)
            }
        };
        let ready = ready.chain(ranked).chain(value).map(|view| self.ready(view)).max();
        let layer = ready.unwrap_or(0).div_ceil(2);
        let copied = matches!(brings, Brings::Choice { .. });
        let ready = 2 * layer + if copied { 1 } else { 2 };
        let make = Make::Head { layer, scores, brings };
        Ok(self.base(Base { make, values, code, ready, span }))
    }

    fn ranked(&mut self, order: &Order, span: Span) -> Analysing<Ranked> {
        let by = self.function(&moved(&order.by, QUERY), span)?;
        let ranks = by.values.len();
        let rank = (0..ranks).map(|at| if order.greatest { ranks - 1 - at } else { at }).collect();
        Ok(Ranked { by, rank, ranks })
    }

    fn conditions(&mut self, selector: &Selector, at: Span) -> Analysing<Vec<Match>> {
        selector.conditions.iter().map(|condition| self.condition(condition, at)).collect()
    }

    /// A condition over one base at the query and one at the key; several at one side are
    /// combined by hidden units first.
    fn condition(&mut self, condition: &Scalar, at: Span) -> Analysing<Match> {
        let what = "a condition of this selector";
        let mut condition = condition.clone();
        for side in [QUERY, KEY] {
            if reads_at(&condition, side).len() > 1
                && let Some(long) = self.expanded_at(&condition, side)
                && self.analysis.table(&long, what, at, limits::PAIRS).is_ok()
            {
                condition = long;
            }
        }
        let table = self.analysis.table(&condition, what, at, limits::PAIRS)?;
        let (rows, columns) = (table.query.len(), table.key.len());
        let selected = |query: usize, key: usize| table.at(query, key) == Value::Bool(true);
        let row =
            |query: usize| -> Vec<bool> { (0..columns).map(|key| selected(query, key)).collect() };
        let column =
            |key: usize| -> Vec<bool> { (0..rows).map(|query| selected(query, key)).collect() };
        let (query_class, query_rows) = numbered((0..rows).map(row));
        let (key_class, _) = numbered((0..columns).map(column));
        let key_classes = units::count(&key_class);
        let of_class = |row: &Vec<bool>| -> Vec<bool> {
            let first = |class| key_class.iter().position(|it| *it == class).unwrap_or_default();
            (0..key_classes).map(|class| row[first(class)]).collect()
        };
        let selected = query_rows.iter().map(of_class).collect();
        let query = self.side(&table.query, query_class, at)?;
        let key = self.side(&table.key, key_class, at)?;
        Ok(Match { query, key, selected })
    }

    /// The class of a side's combination as a view of one base.
    fn side(&mut self, grid: &Grid, class: Vec<usize>, at: Span) -> Analysing<View> {
        let values = (0..units::count(&class)).map(|it| Value::Int(it as i64)).collect();
        match self.joint(grid, class, values, at)? {
            Some(view) => Ok(indexed(view)),
            None => {
                let sizes: Vec<(OpId, usize)> =
                    grid.ops.iter().copied().zip(grid.sizes.iter().copied()).collect();
                let program = &self.analysis.program;
                Err(Box::new(errors::too_many_combinations(
                    program,
                    at,
                    "one side of this selector",
                    grid.count(),
                    limits::UNITS,
                    &sizes,
                )))
            }
        }
    }

    /// The condition with the maps put in that it reads at one side.
    fn expanded_at(&self, condition: &Scalar, side: Var) -> Option<Scalar> {
        let program = &self.analysis.program;
        let mut failed = false;
        let long = replace_reads(condition, &mut |op, at| {
            let plain = read(op, at);
            if at != side {
                return plain;
            }
            match expanded(program, &read(op, QUERY)) {
                Some(value) => moved(&value, side),
                None => {
                    failed = true;
                    plain
                }
            }
        });
        (!failed && long != *condition).then_some(long)
    }
}

/// A view whose values are their own indices, for classes.
fn indexed(view: View) -> View {
    let class = |at: &usize| match view.values.get(*at) {
        Some(Value::Int(class)) => *class as usize,
        _ => *at,
    };
    View { index: view.index.iter().map(class).collect(), ..view.clone() }
}

/// Numbers equal items alike, in the order in which they first occur; and each item once.
fn numbered<T: Ord + Clone>(items: impl Iterator<Item = T>) -> (Vec<usize>, Vec<T>) {
    let mut seen: BTreeMap<T, usize> = BTreeMap::new();
    let mut first = Vec::new();
    let numbers = items
        .map(|item| {
            let next = seen.len();
            *seen.entry(item.clone()).or_insert_with(|| {
                first.push(item);
                next
            })
        })
        .collect();
    (numbers, first)
}
