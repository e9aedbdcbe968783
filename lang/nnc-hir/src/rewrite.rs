//! Changes of a model's network that leave its layers' text as it is.

use std::fmt::{self, Display};

use nnc_base::Span;

/// `rewrite "blocks.*.attn": heads [0, 2]`: one change, at all places that a pattern stands
/// for.
#[derive(Clone, PartialEq, Debug)]
pub struct Rewrite {
    pub span: Span,
    /// Field paths such as `blocks.3.attn`, with `*` for any text.
    pub place: String,
    pub place_span: Span,
    pub kind: RewriteKind,
    /// Where the list or number that it is given stands.
    pub args_span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum RewriteKind {
    /// What a fold over the array runs, in this order.
    Order { steps: Vec<Step>, joined: Joined },
    /// A fold over the array passes over these items.
    Drop(Vec<i64>),
    /// A fold over the array runs the items `from..to` this many times.
    Loop { from: i64, to: i64, times: i64 },
    /// Item `i` of the array has the parameters of item `tie[i]`.
    Tie(Vec<i64>),
    /// Each step of a fold over the array gets a weighted sum of all values before it, by new
    /// parameters or by these numbers.
    Average(Option<Vec<Vec<f64>>>),
    /// Sums over earlier values by these parameters take the last value alone.
    AverageOff,
    /// The residual branches of the layer all read what the first of them reads.
    Parallel,
    /// A matrix as the product of two thin ones.
    Rank(i64),
    /// The attention keeps these heads.
    Heads(Vec<i64>),
    /// All heads of queries read one head of keys and values.
    OneWriteHead,
}

/// What a fold runs.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// An item of the array.
    Item(i64),
    /// Each of these on what entered the step.
    Side(Vec<Vec<Step>>),
}

/// What is made of the values that steps side by side give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joined {
    Mean,
    /// What entered, and all that the steps have added to it.
    Sum,
    /// The same branch by branch: first what the first residual branches of all of them add,
    /// then what the second ones add to that.
    Branches,
}

/// What a rewrite is called, what it takes and what it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RewriteName {
    pub name: &'static str,
    /// As written after the name.
    pub takes: &'static str,
    pub about: &'static str,
}

/// All rewrites, in the order in which the reference has them.
pub const REWRITES: [RewriteName; 9] = [
    RewriteName {
        name: "order",
        takes: "[0, 2, (3, 4), 1]",
        about: "run the items of an array in this order, `(3, 4)` side by side",
    },
    RewriteName { name: "drop", takes: "[3, 5]", about: "pass over items of an array" },
    RewriteName {
        name: "loop",
        takes: "[4..8] * 3",
        about: "run a range of an array several times",
    },
    RewriteName {
        name: "tie",
        takes: "[0, 0, 2, 2]",
        about: "let items of an array share parameters",
    },
    RewriteName {
        name: "average",
        takes: "[[0, 1], [0, 0.5, 0.5]]",
        about: "give each step a weighted sum of all before it; `off` takes such sums away",
    },
    RewriteName {
        name: "parallel",
        takes: "",
        about: "let the residual branches of a layer read one value",
    },
    RewriteName {
        name: "rank",
        takes: "32",
        about: "replace a matrix by the product of two thin ones",
    },
    RewriteName { name: "heads", takes: "[0, 2, 5]", about: "keep these heads of an attention" },
    RewriteName {
        name: "write_heads",
        takes: "1",
        about: "let all heads of an attention read one head of keys and values",
    },
];

impl RewriteKind {
    /// What it is called, as one of [`REWRITES`].
    pub fn name(&self) -> &'static str {
        match self {
            RewriteKind::Order { .. } => "order",
            RewriteKind::Drop(_) => "drop",
            RewriteKind::Loop { .. } => "loop",
            RewriteKind::Tie(_) => "tie",
            RewriteKind::Average(_) | RewriteKind::AverageOff => "average",
            RewriteKind::Parallel => "parallel",
            RewriteKind::Rank(_) => "rank",
            RewriteKind::Heads(_) => "heads",
            RewriteKind::OneWriteHead => "write_heads",
        }
    }
}

impl Display for Rewrite {
    /// As it is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rewrite {:?}: {}", self.place, self.kind.name())?;
        match &self.kind {
            RewriteKind::Order { steps, joined } => {
                write!(f, " [{}]", joined_by(steps, ", "))?;
                match joined {
                    Joined::Mean => Ok(()),
                    Joined::Sum => f.write_str(" sum"),
                    Joined::Branches => f.write_str(" branches"),
                }
            }
            RewriteKind::Drop(items) | RewriteKind::Tie(items) | RewriteKind::Heads(items) => {
                write!(f, " [{}]", joined_by(items, ", "))
            }
            RewriteKind::Loop { from, to, times } => write!(f, " [{from}..{to}] * {times}"),
            RewriteKind::Average(None) | RewriteKind::Parallel => Ok(()),
            RewriteKind::Average(Some(rows)) => {
                let rows: Vec<String> =
                    rows.iter().map(|row| format!("[{}]", joined_by(row, ", "))).collect();
                write!(f, " [{}]", rows.join(", "))
            }
            RewriteKind::AverageOff => f.write_str(" off"),
            RewriteKind::Rank(rank) => write!(f, " {rank}"),
            RewriteKind::OneWriteHead => f.write_str(" 1"),
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Item(at) => write!(f, "{at}"),
            Step::Side(ways) => {
                let ways: Vec<String> = ways
                    .iter()
                    .map(|way| match way.as_slice() {
                        [step] => step.to_string(),
                        steps => format!("[{}]", joined_by(steps, ", ")),
                    })
                    .collect();
                write!(f, "({})", ways.join(", "))
            }
        }
    }
}

fn joined_by(items: &[impl Display], between: &str) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(between)
}
