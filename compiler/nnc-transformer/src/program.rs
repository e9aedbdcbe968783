//! Select-aggregate programs: operations on sequences, as in RASP.

use nnc_base::Span;
use nnc_graph::{Affine, Elem, Index, Scalar, Var};
use std::fmt;

/// The place of an operation in [`Program::ops`].
pub type OpId = u32;

/// The position that asks, in expressions of a selector.
pub const QUERY: Var = Var(0);
/// The position that may be selected.
pub const KEY: Var = Var(1);

/// A function from a sequence of tokens to a sequence of values.
///
/// Weiss, Goldberg and Yahav, Thinking Like Transformers, 2021, section 3.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    /// Tokens are 0, 1, …, `vocab` - 1.
    pub vocab: i64,
    /// The greatest length.
    pub length: i64,
    /// What the only input is called.
    pub input: String,
    pub output: OpId,
    /// What the output is called.
    pub output_name: String,
    /// Operations stand before their users. The first two are [`OpKind::Tokens`] and
    /// [`OpKind::Position`].
    pub ops: Vec<Op>,
}

/// One value for each position.
#[derive(Clone, PartialEq, Debug)]
pub struct Op {
    pub kind: OpKind,
    pub elem: Elem,
    /// Where in the program it comes from.
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum OpKind {
    Tokens,
    Position,
    /// A function of other operations at the same position, which are read at [`QUERY`].
    Map(Scalar),
    Aggregate(Aggregate),
}

/// What a position gets from the positions that it selects.
#[derive(Clone, PartialEq, Debug)]
pub struct Aggregate {
    pub selector: Selector,
    pub gather: Gather,
}

/// Selected are the keys for which all conditions hold, each a bool over operations at
/// [`QUERY`] and at [`KEY`]; without conditions, all keys.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Selector {
    pub conditions: Vec<Scalar>,
}

/// Values are expressions over operations at [`KEY`].
#[derive(Clone, PartialEq, Debug)]
pub enum Gather {
    /// How many are selected: the selector's width.
    Count,
    Sum(Scalar),
    /// Only where at least one position is selected.
    Mean(Scalar),
    /// The value of one selected position: of the first, or of the first where `order` is
    /// greatest or least. `otherwise` if none is selected.
    Choose {
        order: Option<Order>,
        value: Scalar,
        otherwise: Scalar,
    },
}

#[derive(Clone, PartialEq, Debug)]
pub struct Order {
    pub by: Scalar,
    pub greatest: bool,
}

impl Program {
    pub fn op(&self, id: OpId) -> &Op {
        &self.ops[id as usize]
    }

    /// Appends an operation, or finds the one that is the same.
    pub(crate) fn intern(&mut self, kind: OpKind, elem: Elem, span: Span) -> OpId {
        let same = |op: &Op| op.kind == kind && op.elem == elem;
        let at = self.ops.iter().position(same).unwrap_or_else(|| {
            self.ops.push(Op { kind, elem, span });
            self.ops.len() - 1
        });
        at as OpId
    }
}

/// An operation's value at a position.
pub(crate) fn read(op: OpId, at: Var) -> Scalar {
    Scalar::read(op, vec![Index::var(at)])
}

/// The operation and the position that a scalar reads, if it is nothing but that.
pub(crate) fn as_read(scalar: &Scalar) -> Option<(OpId, Var)> {
    match scalar {
        Scalar::Read { operand, at } => match at.as_slice() {
            [Index::Affine(affine)] => affine.as_var().map(|var| (*operand, var)),
            _ => None,
        },
        _ => None,
    }
}

/// All reads in a scalar, each once, in the order in which they occur.
pub(crate) fn reads(scalar: &Scalar) -> Vec<(OpId, Var)> {
    let mut found = Vec::new();
    scalar.visit(&mut |it| {
        if let Some(read) = as_read(it)
            && !found.contains(&read)
        {
            found.push(read);
        }
    });
    found
}

/// The operations that a scalar reads at a position.
pub(crate) fn reads_at(scalar: &Scalar, at: Var) -> Vec<OpId> {
    reads(scalar).into_iter().filter(|it| it.1 == at).map(|it| it.0).collect()
}

/// A scalar with something in place of each read.
pub(crate) fn replace_reads(scalar: &Scalar, with: &mut dyn FnMut(OpId, Var) -> Scalar) -> Scalar {
    match as_read(scalar) {
        Some((op, var)) => with(op, var),
        None => scalar.map_children(&mut |child| replace_reads(child, with)),
    }
}

/// A scalar with all its reads at one position.
pub(crate) fn moved(scalar: &Scalar, to: Var) -> Scalar {
    replace_reads(scalar, &mut |op, _| read(op, to))
}

impl Aggregate {
    /// All expressions in it.
    pub(crate) fn scalars(&self) -> Vec<&Scalar> {
        let mut all: Vec<&Scalar> = self.selector.conditions.iter().collect();
        match &self.gather {
            Gather::Count => {}
            Gather::Sum(value) | Gather::Mean(value) => all.push(value),
            Gather::Choose { order, value, .. } => {
                all.extend(order.iter().map(|it| &it.by));
                all.push(value);
            }
        }
        all
    }
}

impl Op {
    /// The operations that it reads, each once.
    pub fn operands(&self) -> Vec<OpId> {
        let scalars = match &self.kind {
            OpKind::Tokens | OpKind::Position => Vec::new(),
            OpKind::Map(value) => vec![value],
            OpKind::Aggregate(aggregate) => aggregate.scalars(),
        };
        let mut found = Vec::new();
        for (op, _) in scalars.into_iter().flat_map(reads) {
            if !found.contains(&op) {
                found.push(op);
            }
        }
        found
    }

    /// What it is, for messages that show where.
    pub(crate) fn noun(&self) -> String {
        match self.kind {
            OpKind::Tokens | OpKind::Position => format!("the {}", self.word()),
            OpKind::Map(_) => "this function".to_owned(),
            OpKind::Aggregate(_) => format!("this {}", self.word()),
        }
    }

    /// What it is, in a word.
    pub fn word(&self) -> &'static str {
        match &self.kind {
            OpKind::Tokens => "tokens",
            OpKind::Position => "positions",
            OpKind::Map(_) => "map",
            OpKind::Aggregate(aggregate) => match &aggregate.gather {
                Gather::Count => "count",
                Gather::Sum(_) => "sum",
                Gather::Mean(_) => "mean",
                Gather::Choose { order: None, .. } => "pick",
                Gather::Choose { order: Some(order), .. } if order.greatest => "max",
                Gather::Choose { .. } => "min",
            },
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "program {}(tokens < {}, length <= {})", self.name, self.vocab, self.length)?;
        for (id, op) in self.ops.iter().enumerate() {
            write!(f, "  %{id}: {} = {}", op.elem, op.word())?;
            match &op.kind {
                OpKind::Tokens | OpKind::Position => {}
                OpKind::Map(value) => write!(f, " {}", Shown(value))?,
                OpKind::Aggregate(aggregate) => {
                    write!(f, "[k")?;
                    for (at, condition) in aggregate.selector.conditions.iter().enumerate() {
                        let sign = if at == 0 { " |" } else { " &&" };
                        write!(f, "{sign} {}", Shown(condition))?;
                    }
                    write!(f, "]")?;
                    match &aggregate.gather {
                        Gather::Count => {}
                        Gather::Sum(value) | Gather::Mean(value) => write!(f, " {}", Shown(value))?,
                        Gather::Choose { order, value, otherwise } => {
                            if let Some(order) = order {
                                write!(f, " by {}", Shown(&order.by))?;
                            }
                            write!(f, " {} else {}", Shown(value), Shown(otherwise))?;
                        }
                    }
                }
            }
            writeln!(f)?;
        }
        writeln!(f, "  return %{}", self.output)
    }
}

/// A scalar with `q` and `k` for the two positions.
struct Shown<'a>(&'a Scalar);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((op, var)) = as_read(self.0) {
            return write!(f, "%{op}[{}]", if var == KEY { "k" } else { "q" });
        }
        match self.0 {
            Scalar::Read { operand, .. } => write!(f, "%{operand}[…]"),
            Scalar::Acc => write!(f, "acc"),
            Scalar::Float { value, .. } => write!(f, "{value:?}"),
            Scalar::Int { value, .. } => write!(f, "{value}"),
            Scalar::Bool(value) => write!(f, "{value}"),
            Scalar::Index { value, .. } => match value.as_dim() {
                Some(dim) => write!(f, "{dim}"),
                None => write!(f, "index"),
            },
            Scalar::Unary(op, value) => write!(f, "{}({})", op.name(), Shown(value)),
            Scalar::Binary(op, left, right) => match op.symbol() {
                Some(symbol) => write!(f, "({} {symbol} {})", Shown(left), Shown(right)),
                None => write!(f, "{}({}, {})", op.name(), Shown(left), Shown(right)),
            },
            Scalar::Compare(op, left, right) => {
                write!(f, "({} {} {})", Shown(left), op.symbol(), Shown(right))
            }
            Scalar::Select { condition, then, otherwise } => {
                write!(f, "select({}, {}, {})", Shown(condition), Shown(then), Shown(otherwise))
            }
            Scalar::Cast { to, value } => write!(f, "cast {to}({})", Shown(value)),
        }
    }
}

/// `coefficient · variable` for the variable of an index expression that has one.
pub(crate) fn terms(affine: &Affine) -> Option<Vec<(Var, i64)>> {
    affine.terms.iter().map(|(var, factor)| Some((*var, factor.as_constant()?))).collect()
}
