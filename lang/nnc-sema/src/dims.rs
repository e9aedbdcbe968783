//! Sizes and conditions: from syntax to expressions over variables.

use nnc_base::{Name, Span};
use nnc_hir::{CompareOp, Condition, Rate};
use nnc_shape::{Dim, Fact, Facts, Remainder};
use nnc_syntax::ast;

use crate::cx::{Cx, Scope, Size};
use crate::errors::names::{self as name_errors, Endless};
use crate::errors::sizes as errors;
use crate::scope::{Symbol, nearest};

/// Calls of dim functions in one another beyond this depth are a recursion.
const MOST_DEPTH: usize = 64;

impl Cx<'_> {
    /// The size that an expression stands for; `None` if that was reported.
    pub(crate) fn dim(&mut self, scope: &Scope, expr: &ast::Expr) -> Option<Size> {
        match &expr.kind {
            ast::ExprKind::Name(ident) => self.named_dim(scope, ident),
            ast::ExprKind::Int(value) => Some(plain(Dim::constant(*value))),
            ast::ExprKind::Unary { op: ast::UnaryOp::Negate, operand } => {
                let size = self.dim(scope, operand)?;
                Some(scope.size(-&size.dim))
            }
            ast::ExprKind::Binary { op, left, right, .. } => {
                let left_size = self.dim(scope, left);
                let right_size = self.dim(scope, right)?;
                let dim =
                    self.dim_arithmetic(scope, *op, left_size?.dim, right_size.dim, expr.span)?;
                Some(scope.size(dim))
            }
            ast::ExprKind::Field { base, name: Some(name) } => {
                let joined = joined(base, name)?;
                match scope.names.get(&joined) {
                    Some(size) => Some(size.clone()),
                    None => {
                        self.report(errors::not_a_size(expr.span, "this field is not a size"));
                        None
                    }
                }
            }
            ast::ExprKind::Call { function, args } => {
                self.dim_call(scope, function, args, expr.span)
            }
            ast::ExprKind::Block(ast::Block { stmts, value: Some(value), .. })
                if stmts.is_empty() =>
            {
                self.dim(scope, value)
            }
            ast::ExprKind::If { condition, then, otherwise } => {
                let condition = self.condition(scope, condition)?;
                let then = then.value.as_deref().filter(|_| then.stmts.is_empty());
                let Some(then) = then else {
                    self.report(errors::not_a_size(expr.span, "a branch has no value"));
                    return None;
                };
                match prove(scope, &condition) {
                    Some(true) => self.dim(scope, then),
                    Some(false) => self.dim(scope, otherwise),
                    None => {
                        self.report(errors::undecided_size(expr.span, &condition));
                        None
                    }
                }
            }
            ast::ExprKind::Error => None,
            _ => {
                self.report(errors::not_a_size(expr.span, "sizes are made of dims and integers"));
                None
            }
        }
    }

    fn named_dim(&mut self, scope: &Scope, ident: &ast::Ident) -> Option<Size> {
        if let Some(size) = scope.names.get(&ident.name) {
            return Some(size.clone());
        }
        match self.symbol(scope.module, ident.name) {
            Some(Symbol::Const(module, item)) => return self.constant(module, item, ident.span),
            Some(Symbol::Alias(usize::MAX, _)) => return None,
            Some(_) => {
                self.report(errors::not_a_size(ident.span, "this name stands for something else"));
                return None;
            }
            None => {}
        }
        if scope.configs.contains_key(&ident.name) {
            self.report(errors::not_a_size(ident.span, "this config is not a `dim`"));
            return None;
        }
        let declared = self.modules[scope.module].dims.get(&ident.name).map(|it| it.span);
        if !self.unknown_dims.insert((scope.module, ident.name)) {
            return None;
        }
        let known = scope.names.keys().chain(self.modules[scope.module].dims.keys());
        let near = nearest(ident.as_str(), known.map(|it| it.as_str()));
        self.report(match declared {
            Some(span) => name_errors::unbound_dim(ident, span, self.header),
            None => name_errors::unknown_dim(ident, near),
        });
        None
    }

    /// The value of a module's `const`.
    pub(crate) fn constant(&mut self, module: usize, item: usize, at: Span) -> Option<Size> {
        if self.constants_open.contains(&(module, item)) {
            self.report(name_errors::recursion(at, Endless::Constant));
            return None;
        }
        let ast::ItemKind::Const(constant) = &self.modules[module].ast.items[item].kind else {
            return None;
        };
        self.constants_open.push((module, item));
        let size = self.dim(&Scope::new(module), &constant.value);
        self.constants_open.pop();
        Some(Size { kind: constant.kind.map(|it| it.name), ..size? })
    }

    /// One operation on sizes; `/` must be exact.
    pub(crate) fn dim_arithmetic(
        &mut self,
        scope: &Scope,
        op: ast::BinaryOp,
        left: Dim,
        right: Dim,
        span: Span,
    ) -> Option<Dim> {
        use ast::BinaryOp;
        match op {
            BinaryOp::Add => Some(&left + &right),
            BinaryOp::Subtract => Some(&left - &right),
            BinaryOp::Multiply => Some(&left * &right),
            BinaryOp::Divide | BinaryOp::FloorDivide | BinaryOp::Remainder => {
                let positive = Fact::AtLeast(right.clone(), Dim::constant(1));
                if !scope.facts.proves(&positive) {
                    self.report(errors::divisor_not_positive(span, scope, &right));
                    return None;
                }
                match op {
                    BinaryOp::FloorDivide => Some(left.floor_div(&right)),
                    BinaryOp::Remainder => Some(left.rem(&right)),
                    _ => match scope.facts.exact_div(&left, &right) {
                        Ok(quotient) => Some(quotient),
                        Err(answer) => {
                            self.report(errors::inexact(span, scope, &left, &right, &answer));
                            // The best answer, so that one mistake gives one message.
                            Some(left.floor_div(&right))
                        }
                    },
                }
            }
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
            | BinaryOp::And
            | BinaryOp::Or => {
                self.report(errors::not_a_size(span, "a condition is not a size"));
                None
            }
        }
    }

    fn dim_call(
        &mut self,
        scope: &Scope,
        function: &ast::Expr,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Size> {
        let ast::ExprKind::Name(name) = &function.kind else {
            self.report(errors::not_a_size(span, "only a named function can be called here"));
            return None;
        };
        let mut given = Vec::new();
        for arg in args {
            given.push((arg.name, self.dim(scope, &arg.value)));
        }
        let given: Option<Vec<_>> =
            given.into_iter().map(|(name, size)| Some((name, size?))).collect();
        self.dim_function(scope, name, given?, span)
    }

    /// Applies a function of sizes, `min` or `max`.
    pub(crate) fn dim_function(
        &mut self,
        scope: &Scope,
        name: &ast::Ident,
        given: Vec<(Option<ast::Ident>, Size)>,
        span: Span,
    ) -> Option<Size> {
        let Some(symbol) = self.symbol(scope.module, name.name) else {
            if let ("min" | "max", [(_, left), (_, right)]) = (name.as_str(), given.as_slice()) {
                let dim = match name.as_str() {
                    "min" => Dim::min(&left.dim, &right.dim),
                    _ => Dim::max(&left.dim, &right.dim),
                };
                return Some(scope.size(dim));
            }
            let functions: Vec<&str> = self.modules[scope.module]
                .symbols
                .iter()
                .filter(|(_, (symbol, _))| matches!(symbol, Symbol::Function(_)))
                .map(|(name, _)| name.as_str())
                .collect();
            let near = nearest(name.as_str(), functions);
            let module = self.exported(name.name);
            self.report(name_errors::unknown_name(name, near, module));
            return None;
        };
        let Symbol::Function(id) = symbol else {
            if symbol != Symbol::Alias(usize::MAX, 0) {
                self.report(errors::not_a_size(name.span, "this is not a function of sizes"));
            }
            return None;
        };
        if self.functions_open.contains(&id) || self.functions_open.len() > MOST_DEPTH {
            self.report(name_errors::recursion(name.span, Endless::Size));
            return None;
        }
        let place = self.function_places[id.index()];
        let item = &self.modules[place.module].ast.items[place.item];
        let ast::ItemKind::Fn(declared) = &item.kind else {
            self.report(errors::not_a_size(name.span, "this is not a function of sizes"));
            return None;
        };
        if !is_dim_function(declared) {
            self.report(errors::not_a_size(name.span, "this function does not give a `dim`"));
            return None;
        }
        let mut inner = Scope::new(place.module);
        inner.facts = scope.facts.clone();
        inner.vars = scope.vars.clone();
        let params: Vec<ast::Ident> = declared.params.iter().map(|it| it.name).collect();
        let bound = self.match_args(&params, &given, name.span)?;
        for (param, index) in params.iter().zip(bound) {
            let Some(index) = index else {
                self.report(name_errors::missing_argument(
                    span,
                    &format!("`{}`", name.as_str()),
                    param,
                ));
                return None;
            };
            inner.names.insert(param.name, given[index].1.clone());
        }
        self.functions_open.push(id);
        let size = match &declared.body {
            ast::FnBody::Expr(value) => self.dim(&inner, value),
            ast::FnBody::Block(block) => match &block.value {
                Some(value) if block.stmts.is_empty() => self.dim(&inner, value),
                _ => {
                    self.report(errors::not_a_size(block.span, "write it as one expression"));
                    None
                }
            },
            ast::FnBody::Error(_) => None,
        };
        self.functions_open.pop();
        let dim = size?.dim;
        Some(scope.size(dim))
    }

    /// Which argument each parameter gets: by name, or else by place.
    pub(crate) fn match_args<T>(
        &mut self,
        params: &[ast::Ident],
        given: &[(Option<ast::Ident>, T)],
        callee: Span,
    ) -> Option<Vec<Option<usize>>> {
        let mut bound: Vec<Option<usize>> = vec![None; params.len()];
        let mut ok = true;
        let mut place = 0;
        for (index, (name, _)) in given.iter().enumerate() {
            match name {
                None => {
                    if place >= params.len() {
                        self.report(name_errors::too_many_arguments(callee, params, given.len()));
                        return None;
                    }
                    bound[place] = Some(index);
                    place += 1;
                }
                Some(name) => match params.iter().position(|it| it.name == name.name) {
                    Some(at) if bound[at].is_none() => bound[at] = Some(index),
                    Some(at) => {
                        self.report(name_errors::argument_twice(name, params[at].span));
                        ok = false;
                    }
                    None => {
                        self.report(name_errors::unknown_argument(name, params));
                        ok = false;
                    }
                },
            }
        }
        ok.then_some(bound)
    }

    /// A condition on sizes and bool configs; `None` if a mistake was reported.
    pub(crate) fn condition(&mut self, scope: &Scope, expr: &ast::Expr) -> Option<Condition> {
        match &expr.kind {
            ast::ExprKind::Bool(value) => Some(Condition::Const(*value)),
            ast::ExprKind::Name(name)
                if scope.configs.get(&name.name) == Some(&nnc_hir::ConfigKind::Bool) =>
            {
                Some(Condition::Config(name.name))
            }
            ast::ExprKind::Call { function, args } if self.asks_given(scope, function) => {
                self.given(scope, args, expr.span)
            }
            ast::ExprKind::Unary { op: ast::UnaryOp::Not, operand } => {
                Some(Condition::Not(Box::new(self.condition(scope, operand)?)))
            }
            ast::ExprKind::Binary { op: ast::BinaryOp::And, left, right, .. } => {
                let left = self.condition(scope, left);
                let right = self.condition(scope, right);
                Some(Condition::And(Box::new(left?), Box::new(right?)))
            }
            ast::ExprKind::Binary { op: ast::BinaryOp::Or, left, right, .. } => {
                let left = self.condition(scope, left);
                let right = self.condition(scope, right);
                Some(Condition::Or(Box::new(left?), Box::new(right?)))
            }
            ast::ExprKind::Binary { op, left, right, .. } if op.is_comparison() => {
                let left = self.dim(scope, left);
                let right = self.dim(scope, right);
                Some(Condition::Compare(compare_op(*op)?, left?.dim, right?.dim))
            }
            ast::ExprKind::Block(ast::Block { stmts, value: Some(value), .. })
                if stmts.is_empty() =>
            {
                self.condition(scope, value)
            }
            ast::ExprKind::Error => None,
            _ => {
                self.report(errors::not_a_condition(expr.span));
                None
            }
        }
    }

    /// The rate that `16kHz` stands for; `None` for one that is a variable.
    pub(crate) fn rate(&mut self, expr: &ast::Expr) -> Option<Rate> {
        let ast::ExprKind::Quantity { value, unit } = &expr.kind else { return None };
        let factor = match unit {
            ast::Unit::Hertz => 1.0,
            ast::Unit::Kilohertz => 1000.0,
            ast::Unit::Milliseconds | ast::Unit::Seconds | ast::Unit::Pixels => {
                self.report(errors::not_a_rate(expr.span));
                return None;
            }
        };
        let thousandths = (value * factor * 1000.0).round();
        Rate::new(thousandths as u64, 1000)
    }
}

pub(crate) fn plain(dim: Dim) -> Size {
    Size { dim, kind: None, rate: None }
}

/// Whether a function takes sizes and gives one, so that it may stand in sizes.
pub(crate) fn is_dim_function(function: &ast::Fn) -> bool {
    let is_dim = |ty: &ast::Type| matches!(ty.kind, ast::TypeKind::Dim { .. });
    function.result.as_ref().is_some_and(is_dim) && function.params.iter().all(|it| is_dim(&it.ty))
}

/// `cache.len` as one name.
pub(crate) fn joined(base: &ast::Expr, field: &ast::Ident) -> Option<Name> {
    match &base.kind {
        ast::ExprKind::Name(base) => Some(Name::new(&format!(
            "{base}.{field}",
            base = base.as_str(),
            field = field.as_str()
        ))),
        _ => None,
    }
}

pub(crate) fn compare_op(op: ast::BinaryOp) -> Option<CompareOp> {
    Some(match op {
        ast::BinaryOp::Equal => CompareOp::Eq,
        ast::BinaryOp::NotEqual => CompareOp::Ne,
        ast::BinaryOp::Less => CompareOp::Lt,
        ast::BinaryOp::LessEqual => CompareOp::Le,
        ast::BinaryOp::Greater => CompareOp::Gt,
        ast::BinaryOp::GreaterEqual => CompareOp::Ge,
        ast::BinaryOp::Add
        | ast::BinaryOp::Subtract
        | ast::BinaryOp::Multiply
        | ast::BinaryOp::Divide
        | ast::BinaryOp::FloorDivide
        | ast::BinaryOp::Remainder
        | ast::BinaryOp::And
        | ast::BinaryOp::Or => return None,
    })
}

/// Takes a condition (or its negation) as given.
pub(crate) fn assume(scope: &mut Scope, condition: &Condition, holds: bool) {
    match condition {
        Condition::Const(_) => {}
        Condition::Config(name) => scope.known_configs.push((*name, holds)),
        Condition::Given(name) => scope.known_given.push((*name, holds)),
        Condition::Not(inner) => assume(scope, inner, !holds),
        Condition::And(left, right) => {
            if holds {
                assume(scope, left, true);
                assume(scope, right, true);
            } else if prove(scope, left) == Some(true) {
                assume(scope, right, false);
            } else if prove(scope, right) == Some(true) {
                assume(scope, left, false);
            } else {
                assume_either(scope, left, right, false);
            }
        }
        Condition::Or(left, right) => {
            if !holds {
                assume(scope, left, false);
                assume(scope, right, false);
            } else if prove(scope, left) == Some(false) {
                assume(scope, right, true);
            } else if prove(scope, right) == Some(false) {
                assume(scope, left, true);
            } else {
                assume_either(scope, left, right, true);
            }
        }
        Condition::Compare(op, left, right) => {
            let op = if holds { *op } else { op.negated() };
            assume_comparison(&mut scope.facts, op, left, right);
        }
    }
}

/// Takes it as given that one of two conditions (or of their negations) holds.
fn assume_either(scope: &mut Scope, left: &Condition, right: &Condition, holds: bool) {
    let cases = [left, right].map(|condition| {
        let mut case = scope.clone();
        assume(&mut case, condition, holds);
        case.facts
    });
    scope.facts.assume_either(&cases);
}

pub(crate) fn assume_comparison(facts: &mut Facts, op: CompareOp, left: &Dim, right: &Dim) {
    let one = Dim::constant(1);
    match op {
        CompareOp::Eq => facts.assume_equal(left, right),
        CompareOp::Le => facts.assume_at_least(right, left),
        CompareOp::Ge => facts.assume_at_least(left, right),
        CompareOp::Lt => facts.assume_at_least(right, &(left + &one)),
        CompareOp::Gt => facts.assume_at_least(left, &(right + &one)),
        // Integers that are not equal are one apart, if it is known which is greater.
        CompareOp::Ne => {
            // What is not even is odd.
            let parity = (left - right).as_remainder();
            if let Some(Remainder { dividend, divisor, remainder }) = parity
                && divisor.as_constant() == Some(2)
            {
                facts.assume_divides(&divisor, &(dividend - (1 - remainder)));
            } else if facts.proves(&Fact::AtLeast(left.clone(), right.clone())) {
                facts.assume_at_least(left, &(right + &one));
            } else if facts.proves(&Fact::AtLeast(right.clone(), left.clone())) {
                facts.assume_at_least(right, &(left + &one));
            } else {
                let cases = [(left, right), (right, left)].map(|(more, less)| {
                    let mut case = facts.clone();
                    case.assume_at_least(more, &(less + &one));
                    case
                });
                facts.assume_either(&cases);
            }
        }
    }
}

/// What a comparison asks of the solver; `None` for one that is not one question.
pub(crate) fn question(op: CompareOp, left: &Dim, right: &Dim) -> Option<Fact> {
    let one = Dim::constant(1);
    Some(match op {
        CompareOp::Eq => Fact::Equal(left.clone(), right.clone()),
        CompareOp::Le => Fact::AtLeast(right.clone(), left.clone()),
        CompareOp::Ge => Fact::AtLeast(left.clone(), right.clone()),
        CompareOp::Lt => Fact::AtLeast(right.clone(), left + &one),
        CompareOp::Gt => Fact::AtLeast(left.clone(), right + &one),
        CompareOp::Ne => return None,
    })
}

/// Whether `consequence` holds wherever `fact` does, and the facts: proved, or by ruling out
/// that it does not.
pub(crate) fn follows(facts: &Facts, fact: &Fact, consequence: &Fact) -> bool {
    /// Divisors with more remainders than these are not gone through.
    const MOST_REMAINDERS: i64 = 16;
    let mut known = facts.clone();
    known.assume(fact.clone());
    if known.proves(consequence) {
        return true;
    }
    let one = Dim::constant(1);
    let otherwise: Vec<Fact> = match consequence {
        Fact::AtLeast(left, right) => vec![Fact::AtLeast(right - &one, left.clone())],
        Fact::Equal(left, right) => vec![
            Fact::AtLeast(right - &one, left.clone()),
            Fact::AtLeast(left - &one, right.clone()),
        ],
        Fact::Divides { divisor, of } => match divisor.as_constant() {
            Some(value) if value <= MOST_REMAINDERS => (1..value)
                .map(|rest| Fact::Divides { divisor: divisor.clone(), of: of - rest })
                .collect(),
            _ => return false,
        },
    };
    otherwise.into_iter().all(|it| {
        let mut known = facts.clone();
        known.assume(it);
        known.contradictory() || known.refutes(fact)
    })
}

/// A fact that says the same as a condition in fewer words, if there is one.
pub(crate) fn shorter(facts: &Facts, condition: &Condition) -> Option<Fact> {
    let Condition::Compare(op, left, right) = condition else { return None };
    let question = question(*op, left, right)?;
    let answer = facts.ask(&question);
    let nnc_shape::Answer::Unproven { guard: Some(guard), .. } = answer else { return None };
    follows(facts, &question, &guard).then_some(guard)
}

/// Takes a condition as given, and what it means in fewer words, which says more to the
/// solver: `H//2 >= 2` is `H >= 4`.
pub(crate) fn know(scope: &mut Scope, condition: &Condition) {
    let short = shorter(&scope.facts, condition);
    assume(scope, condition, true);
    if let Some(short) = short {
        scope.facts.assume(short);
    }
}

/// Whether a condition is known to hold nowhere.
pub(crate) fn refuted(scope: &Scope, condition: &Condition) -> bool {
    match condition {
        Condition::Compare(op, left, right) if question(*op, left, right).is_some() => {
            question(*op, left, right).is_some_and(|it| scope.facts.refutes(&it))
        }
        condition => prove(scope, condition) == Some(false),
    }
}

/// Whether a condition is known to hold or not to hold.
pub(crate) fn prove(scope: &Scope, condition: &Condition) -> Option<bool> {
    match condition {
        Condition::Const(value) => Some(*value),
        Condition::Config(name) => {
            scope.known_configs.iter().rev().find(|(it, _)| it == name).map(|(_, value)| *value)
        }
        Condition::Given(name) => {
            scope.known_given.iter().rev().find(|(it, _)| it == name).map(|(_, value)| *value)
        }
        Condition::Not(inner) => prove(scope, inner).map(|it| !it),
        Condition::And(left, right) => match (prove(scope, left), prove(scope, right)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Condition::Or(left, right) => match (prove(scope, left), prove(scope, right)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Condition::Compare(op, left, right) => {
            if proves_comparison(&scope.facts, *op, left, right) {
                Some(true)
            } else if proves_comparison(&scope.facts, op.negated(), left, right) {
                Some(false)
            } else {
                None
            }
        }
    }
}

pub(crate) fn proves_comparison(facts: &Facts, op: CompareOp, left: &Dim, right: &Dim) -> bool {
    match question(op, left, right) {
        Some(question) => facts.proves(&question),
        // Which is the greater one need not be known.
        None => facts.refutes(&Fact::Equal(left.clone(), right.clone())),
    }
}
