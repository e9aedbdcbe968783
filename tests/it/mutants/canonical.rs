//! Programs that compute the same in one form, so that their texts are the same.

use nnc_base::{Name, Table};
use nnc_hir::{
    Affine, Block, Expr, ExprKind, Function, FunctionId, Index, IndexVar, IndexVarId, NestAxis,
    Part, PartMut, Program, ReduceOp, Scalar, ScalarKind, Stmt, Type,
};
use std::collections::{BTreeMap, BTreeSet};

/// Writes what functions do in one of the ways of writing it:
///
/// - a cast to what the value is stored as already is left out: it changes what the numbers
///   are for;
/// - a reduction to which the order of its axes is nothing has them in the order in which its
///   value reads along them;
/// - indices have no names, and are numbered as they come.
pub(super) fn canonical(program: &mut Program) {
    for id in program.functions.ids().collect::<Vec<_>>() {
        let function = &mut program.functions[id];
        let mut body = std::mem::replace(
            &mut function.body,
            Block { stmts: Vec::new(), value: Expr::error(function.span) },
        );
        body.parts_mut(&mut simplify);
        let mut numbering = Numbering { function, numbers: BTreeMap::new(), vars: Table::new() };
        numbering.stmts(&mut body.stmts);
        numbering.part(PartMut::Expr(&mut body.value));
        let vars = numbering.vars;
        let function = &mut program.functions[id];
        (function.body, function.index_vars) = (body, vars);
    }
}

fn simplify(mut part: PartMut<'_>) {
    match &mut part {
        PartMut::Expr(expr) => {
            expr.parts_mut(&mut |part| simplify(part));
            if let ExprKind::Cast { to, value } = &mut expr.kind
                && let Type::Tensor(from) = &value.ty
                && from.elem.base == to.base
            {
                let value = std::mem::replace(&mut **value, Expr::error(expr.span));
                **expr = value;
            }
        }
        PartMut::Scalar(scalar) => {
            scalar.parts_mut(&mut |part| simplify(part));
            match &mut scalar.kind {
                ScalarKind::Cast(value) if value.elem.base == scalar.elem.base => {
                    let kind = std::mem::replace(&mut value.kind, ScalarKind::Error);
                    scalar.kind = kind;
                }
                ScalarKind::Reduce(reduction) if in_any_order(reduction.op) => {
                    let mut seen = Vec::new();
                    let values = reduction.guard.iter().chain([&reduction.value]);
                    values.for_each(|it| vars_of(Part::Scalar(it), &mut seen));
                    let place = |axis: &NestAxis| seen.iter().position(|it| *it == axis.var);
                    reduction.axes.sort_by_key(|it| place(it).unwrap_or(usize::MAX));
                }
                _ => {}
            }
        }
    }
}

/// Whether the order of the points is nothing to it. The first that is picked is that of the
/// first axis' first place.
fn in_any_order(op: ReduceOp) -> bool {
    match op {
        ReduceOp::Sum | ReduceOp::Product | ReduceOp::Mean | ReduceOp::Count => true,
        ReduceOp::Max | ReduceOp::Min | ReduceOp::Any | ReduceOp::All => true,
        ReduceOp::Pick | ReduceOp::ArgMax | ReduceOp::ArgMin => false,
    }
}

/// The index variables of what is read, in the order of the text.
fn vars_of(part: Part<'_>, seen: &mut Vec<IndexVarId>) {
    let mut affine = |it: &Affine| seen.extend(it.terms.iter().map(|it| it.0));
    match part {
        Part::Expr(expr) => expr.parts(&mut |it| vars_of(it, seen)),
        Part::Scalar(scalar) => {
            if let ScalarKind::Affine(it) = &scalar.kind {
                affine(it);
            }
            if let ScalarKind::Read { tensor, index, .. } = &scalar.kind {
                vars_of(Part::Expr(tensor), seen);
                for index in index {
                    match index {
                        Index::Affine(it) => seen.extend(it.terms.iter().map(|it| it.0)),
                        Index::Data(it) => vars_of(Part::Scalar(it), seen),
                    }
                }
            } else {
                scalar.parts(&mut |it| vars_of(it, seen));
            }
        }
    }
}

/// Numbers the index variables of a function as they come.
struct Numbering<'a> {
    function: &'a Function,
    numbers: BTreeMap<IndexVarId, IndexVarId>,
    vars: Table<IndexVar>,
}

impl Numbering<'_> {
    fn var(&mut self, var: &mut IndexVarId) {
        let (vars, span) = (&mut self.vars, self.function.span);
        let new = || vars.push(IndexVar { name: Name::new("i"), span });
        *var = *self.numbers.entry(*var).or_insert_with(new);
    }

    fn axes(&mut self, axes: &mut [NestAxis]) {
        axes.iter_mut().for_each(|it| self.var(&mut it.var));
    }

    fn affine(&mut self, affine: &mut Affine) {
        affine.terms.iter_mut().for_each(|it| self.var(&mut it.0));
        affine.terms.sort_by_key(|it| it.0);
    }

    fn stmts(&mut self, stmts: &mut [Stmt]) {
        for stmt in stmts {
            if let Stmt::Scan(scan) = stmt {
                self.var(&mut scan.var);
                scan.carries.iter_mut().for_each(|it| self.part(PartMut::Expr(&mut it.init)));
                scan.condition.iter_mut().for_each(|it| self.part(PartMut::Expr(it)));
                self.stmts(&mut scan.body);
            } else {
                stmt.parts_mut(&mut |it| self.part(it));
            }
        }
    }

    fn part(&mut self, part: PartMut<'_>) {
        match part {
            PartMut::Expr(expr) => match &mut expr.kind {
                ExprKind::Block(block) => {
                    self.stmts(&mut block.stmts);
                    self.part(PartMut::Expr(&mut block.value));
                }
                kind => {
                    if let ExprKind::Nest(nest) = kind {
                        self.axes(&mut nest.axes);
                    }
                    expr.parts_mut(&mut |it| self.part(it));
                }
            },
            PartMut::Scalar(scalar) => self.scalar(scalar),
        }
    }

    fn scalar(&mut self, scalar: &mut Scalar) {
        match &mut scalar.kind {
            ScalarKind::Affine(affine) => self.affine(affine),
            ScalarKind::Reduce(reduction) => self.axes(&mut reduction.axes),
            ScalarKind::Softmax { var, .. } => self.var(var),
            ScalarKind::Read { index, .. } => {
                for index in index {
                    if let Index::Affine(affine) = index {
                        self.affine(affine);
                    }
                }
            }
            _ => {}
        }
        scalar.parts_mut(&mut |it| self.part(it));
    }
}

/// Leaves out the sizes that nothing of a function depends on, such as the `V` of a parameter
/// `Token<V>[T]` if no read relies on it.
pub(super) fn without_idle_sizes(program: &mut Program) {
    loop {
        let idle: BTreeMap<FunctionId, BTreeSet<usize>> = (program.functions.ids())
            .map(|id| (id, idle_sizes(program, id)))
            .filter(|(_, idle)| !idle.is_empty())
            .collect();
        if idle.is_empty() {
            return;
        }
        for id in program.functions.ids().collect::<Vec<_>>() {
            let function = &mut program.functions[id];
            if let Some(idle) = idle.get(&id) {
                remove(&mut function.dims, idle);
            }
            function.body.parts_mut(&mut |it| remove_in_calls(it, &idle));
        }
    }
}

/// The places of such sizes among a function's.
fn idle_sizes(program: &Program, id: FunctionId) -> BTreeSet<usize> {
    let mut function = program.functions[id].clone();
    let dims = std::mem::take(&mut function.dims);
    if dims.is_empty() {
        return BTreeSet::new();
    }
    let text = program.show(&function).to_string();
    let part = |it: char| !(it.is_alphanumeric() || it == '_' || it == '.');
    let words: BTreeSet<&str> = text.split(part).collect();
    let idle = dims.iter().enumerate().filter(|(_, it)| !words.contains(it.name.as_str()));
    idle.map(|it| it.0).collect()
}

fn remove<T>(items: &mut Vec<T>, places: &BTreeSet<usize>) {
    let mut at = 0;
    items.retain(|_| {
        at += 1;
        !places.contains(&(at - 1))
    });
}

fn remove_in_calls(mut part: PartMut<'_>, idle: &BTreeMap<FunctionId, BTreeSet<usize>>) {
    match &mut part {
        PartMut::Expr(expr) => {
            if let ExprKind::Call(call) = &mut expr.kind
                && let Some(idle) = idle.get(&call.function)
            {
                remove(&mut call.dims, idle);
            }
            expr.parts_mut(&mut |it| remove_in_calls(it, idle));
        }
        PartMut::Scalar(scalar) => {
            if let ScalarKind::Call { function, dims, .. } = &mut scalar.kind
                && let Some(idle) = idle.get(function)
            {
                remove(dims, idle);
            }
            scalar.parts_mut(&mut |it| remove_in_calls(it, idle));
        }
    }
}
