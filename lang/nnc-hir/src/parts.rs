//! What an expression is made of, one step down: for whoever looks at all of a function.

use crate::{Arg, Block, Expr, ExprKind, Index, Scalar, ScalarArg, ScalarKind, Stmt};

/// An expression over whole tensors, or the value at a point of a nest.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    Expr(&'a Expr),
    Scalar(&'a Scalar),
}

/// The same, to be changed.
#[derive(Debug)]
pub enum PartMut<'a> {
    Expr(&'a mut Expr),
    Scalar(&'a mut Scalar),
}

/// The parts of an expression, a block and a scalar, in the order of the text.
macro_rules! parts {
    ($name:ident, $part:ident, $iter:ident $(, $mutable:tt)?) => {
        impl Expr {
            /// Calls `found` with each part of this, but not with the parts of those.
            pub fn $name<'a>(&'a $($mutable)? self, found: &mut dyn FnMut($part<'a>)) {
                match &$($mutable)? self.kind {
                    ExprKind::Local(_)
                    | ExprKind::Param(_)
                    | ExprKind::Layer(_)
                    | ExprKind::Dim(_)
                    | ExprKind::Config(_)
                    | ExprKind::Condition(_)
                    | ExprKind::Float(_)
                    | ExprKind::Int(_)
                    | ExprKind::Bool(_)
                    | ExprKind::Error => {}
                    ExprKind::List(items) | ExprKind::Tuple(items) => {
                        items.$iter().for_each(|it| found($part::Expr(it)));
                    }
                    ExprKind::Unary(_, value)
                    | ExprKind::Cast { value, .. }
                    | ExprKind::View { value, .. }
                    | ExprKind::Split { value, .. }
                    | ExprKind::Sort { value, .. }
                    | ExprKind::StructField { value, .. }
                    | ExprKind::Project { value, .. }
                    | ExprKind::SpaceHole { value, .. } => found($part::Expr(value)),
                    ExprKind::Binary(_, left, right) | ExprKind::Compare(_, left, right) => {
                        found($part::Expr(left));
                        found($part::Expr(right));
                    }
                    ExprKind::Call(call) => {
                        for arg in call.args.$iter() {
                            match arg {
                                Arg::Value(value) => found($part::Expr(value)),
                                Arg::Dim(_) | Arg::Absent | Arg::InOut { .. } => {}
                            }
                        }
                        call.replaced.$iter().for_each(|(_, it)| found($part::Expr(it)));
                    }
                    ExprKind::Nest(nest) => found($part::Scalar(&$($mutable)? nest.value)),
                    ExprKind::Concat { parts, .. } => {
                        parts.$iter().for_each(|it| found($part::Expr(&$($mutable)? it.value)));
                    }
                    ExprKind::Append { state, values, .. } => {
                        found($part::Expr(state));
                        values.$iter().for_each(|it| found($part::Expr(it)));
                    }
                    ExprKind::Fold(fold) => {
                        let fold = &$($mutable)? **fold;
                        let arrays = fold.arrays.$iter();
                        arrays.for_each(|it| found($part::Expr(&$($mutable)? it.array)));
                        found($part::Expr(&$($mutable)? fold.init));
                        found($part::Expr(&$($mutable)? fold.body));
                    }
                    ExprKind::IfSizes { then, otherwise, .. } => {
                        found($part::Expr(then));
                        found($part::Expr(otherwise));
                    }
                    ExprKind::If { condition, then, otherwise }
                    | ExprKind::Select { condition, then, otherwise } => {
                        found($part::Expr(condition));
                        found($part::Expr(then));
                        found($part::Expr(otherwise));
                    }
                    ExprKind::Block(block) => block.$name(found),
                    ExprKind::Hole(hole) => {
                        hole.args.$iter().for_each(|it| found($part::Expr(it)));
                    }
                    ExprKind::Closure(closure) => found($part::Expr(&$($mutable)? closure.body)),
                    ExprKind::Apply { args, .. } => {
                        args.$iter().for_each(|it| found($part::Expr(it)));
                    }
                }
            }
        }

        impl Block {
            /// Calls `found` with each expression of the statements, and with the value.
            pub fn $name<'a>(&'a $($mutable)? self, found: &mut dyn FnMut($part<'a>)) {
                self.stmts.$iter().for_each(|it| it.$name(found));
                found($part::Expr(&$($mutable)? self.value));
            }
        }

        impl Stmt {
            /// Calls `found` with each expression of this and of the statements in it.
            pub fn $name<'a>(&'a $($mutable)? self, found: &mut dyn FnMut($part<'a>)) {
                match self {
                    Stmt::Let(binding) => found($part::Expr(&$($mutable)? binding.value)),
                    Stmt::Scan(scan) => {
                        let carries = scan.carries.$iter();
                        carries.for_each(|it| found($part::Expr(&$($mutable)? it.init)));
                        scan.condition.$iter().for_each(|it| found($part::Expr(it)));
                        scan.body.$iter().for_each(|it| it.$name(found));
                    }
                    Stmt::Assert { value, .. } => found($part::Expr(value)),
                    Stmt::AssertSizes { .. } => {}
                }
            }
        }

        impl Scalar {
            /// Calls `found` with each part of this, but not with the parts of those.
            pub fn $name<'a>(&'a $($mutable)? self, found: &mut dyn FnMut($part<'a>)) {
                match &$($mutable)? self.kind {
                    ScalarKind::Float(_)
                    | ScalarKind::Int(_)
                    | ScalarKind::Bool(_)
                    | ScalarKind::Affine(_)
                    | ScalarKind::Config(_)
                    | ScalarKind::Error => {}
                    ScalarKind::Read { tensor, index, .. } => {
                        found($part::Expr(tensor));
                        for index in index.$iter() {
                            match index {
                                Index::Affine(_) => {}
                                Index::Data(position) => found($part::Scalar(position)),
                            }
                        }
                    }
                    ScalarKind::Unary(_, value) | ScalarKind::Cast(value) => {
                        found($part::Scalar(value));
                    }
                    ScalarKind::Binary(_, left, right) | ScalarKind::Compare(_, left, right) => {
                        found($part::Scalar(left));
                        found($part::Scalar(right));
                    }
                    ScalarKind::Select { condition, then, otherwise } => {
                        found($part::Scalar(condition));
                        found($part::Scalar(then));
                        found($part::Scalar(otherwise));
                    }
                    ScalarKind::Reduce(reduction) => {
                        let reduction = &$($mutable)? **reduction;
                        reduction.guard.$iter().for_each(|it| found($part::Scalar(it)));
                        found($part::Scalar(&$($mutable)? reduction.value));
                        reduction.otherwise.$iter().for_each(|it| found($part::Scalar(it)));
                    }
                    ScalarKind::Softmax { guard, value, .. } => {
                        guard.$iter().for_each(|it| found($part::Scalar(it)));
                        found($part::Scalar(value));
                    }
                    ScalarKind::Call { args, .. } => {
                        for arg in args.$iter() {
                            match arg {
                                ScalarArg::Value(value) => found($part::Scalar(value)),
                                ScalarArg::Dim(_) => {}
                            }
                        }
                    }
                }
            }
        }
    };
}

parts!(parts, Part, iter);
parts!(parts_mut, PartMut, iter_mut, mut);
