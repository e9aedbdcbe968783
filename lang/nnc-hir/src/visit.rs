//! Which locals an expression reads.

use crate::{Arg, Expr, ExprKind, LocalId, Part, Path, PathRoot};

impl Expr {
    /// Calls `each` with every local that is named in it.
    pub fn locals(&self, each: &mut dyn FnMut(LocalId)) {
        match &self.kind {
            ExprKind::Local(local) | ExprKind::Apply { function: local, .. } => each(*local),
            ExprKind::Param(path) | ExprKind::Layer(path) | ExprKind::SpaceHole { path, .. } => {
                root(path, each)
            }
            ExprKind::Call(call) => {
                call.receiver.iter().for_each(|it| root(it, each));
                for arg in &call.args {
                    if let Arg::InOut { before, .. } = arg {
                        each(*before);
                    }
                }
            }
            _ => {}
        }
        self.parts(&mut |part| inside(part, each));
    }
}

fn root(path: &Path, each: &mut dyn FnMut(LocalId)) {
    if let PathRoot::Local(local) = path.root {
        each(local);
    }
}

fn inside(part: Part<'_>, each: &mut dyn FnMut(LocalId)) {
    match part {
        Part::Expr(expr) => expr.locals(each),
        Part::Scalar(scalar) => scalar.parts(&mut |part| inside(part, each)),
    }
}
