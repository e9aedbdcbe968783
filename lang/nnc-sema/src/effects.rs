//! What each operation does to elements and to the kinds of axes: one table.
//!
//! [`effect`] is the table. Bodies ask it what an operation takes and what its result
//! means; `spec/effects.md` prints it, and a test holds both against what the checker
//! answers for a program with each operation.

use nnc_hir::{Base, BinaryOp, CompareOp, Elem, MeaningId, MeaningUse, Program, ReduceOp, UnaryOp};

use crate::scope::Builtins;

/// An operation of the language: of whole tensors, of single values, or of both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Operation {
    Unary(UnaryOp),
    Binary(BinaryOp),
    Compare(CompareOp),
    Reduce(ReduceOp),
    Softmax,
    /// `x as E`.
    Cast,
    /// `x[b, t]`, `x[b, t + 1]`, `x[b, (n:N d)]`.
    Read,
    /// `table[ids[t], d]`.
    Gather,
    /// `x[_, d]`, `x[0, d]` outside of index notation.
    View,
    /// `if`, `else`, and the branches of a choice by sizes.
    If,
    /// `[a, b]`.
    List,
    Split,
    Concat,
    TopK,
    Sort,
    Tokens,
    Fold,
    Scan,
    Append,
    Given,
    Reveal,
}

/// What an operation takes and gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effect {
    pub(crate) takes: Takes,
    /// Said where an element is refused.
    pub(crate) why: &'static str,
    pub(crate) gives: Gives,
    pub(crate) axes: Axes,
}

/// The elements that an operation takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Takes {
    Any,
    /// All but bool.
    Numbers,
    Floats,
    Integers,
    Bools,
    /// A position: `Token` or `Index`.
    Positions,
    /// Text in quotes.
    Text,
}

/// What the result means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gives {
    /// Plain numbers of the operand's storage.
    Plain,
    /// What the operand means.
    Same,
    /// What both operands mean, if it is one of these; plain numbers otherwise.
    Closed(&'static [Meant]),
    /// What the one operand that means something means.
    Either,
    /// The second of a pair for an operand that means the first; plain otherwise.
    Turns(&'static [(Meant, Meant)]),
    /// Probabilities; probabilities and their logarithms are refused.
    Normalised,
    /// The nearest meaning that all operands are.
    Joined,
    Bool,
    /// A position in the axis.
    Position,
    /// The operand's meaning, and a position in the axis.
    WithPosition,
    Token,
    /// What is written.
    Written,
    /// What entered; the body must give the same.
    Carried,
    Nothing,
}

/// What becomes of the axes and their kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Axes {
    /// The operand's.
    Same,
    /// The operands', which are identical; a scalar and `_` fit any.
    Identical,
    /// Those that are not bound by it.
    Reduced,
    /// Of the kinds of the axes that its indices range over, in the order of the left side.
    Indexed,
    /// The kept ones; `_` has no kind, a position has no axis.
    Viewed,
    /// Identical but along one, which is cut into sizes of their own kinds.
    Cut,
    /// Identical but along one, whose sizes add up and whose kind stays.
    Summed,
    /// The last one gets the size and kind of `k`.
    Chosen,
    /// A first one without a kind, then the items', which are identical.
    Listed,
    /// One without a kind.
    Counted,
    /// The ones that entered.
    Carried,
    /// The state's.
    State,
    Nothing,
}

/// A built-in meaning that an operation knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Meant {
    Logits,
    Prob,
    LogProb,
    Mask,
    PadMask,
}

use Meant::{LogProb, Logits, Mask, PadMask, Prob};

const FLOATS: &str = "it takes floats; write `x as f32`";
const NUMBERS: &str = "it takes numbers";
pub(crate) const ARITHMETIC: &str = "arithmetic takes numbers; write `x as f32` or `x as int`";

/// The effect of an operation: the row of the table.
pub(crate) const fn effect(operation: Operation) -> Effect {
    match operation {
        Operation::Unary(op) => match op {
            UnaryOp::Neg | UnaryOp::Abs | UnaryOp::Sign => {
                row(Takes::Numbers, NUMBERS, Gives::Plain, Axes::Same)
            }
            UnaryOp::Not => row(
                Takes::Bools,
                "`!` takes bool",
                Gives::Turns(&[(Mask, PadMask), (PadMask, Mask)]),
                Axes::Same,
            ),
            UnaryOp::Exp => {
                row(Takes::Floats, FLOATS, Gives::Turns(&[(LogProb, Prob)]), Axes::Same)
            }
            UnaryOp::Log => {
                row(Takes::Floats, FLOATS, Gives::Turns(&[(Prob, LogProb)]), Axes::Same)
            }
            UnaryOp::Sqrt
            | UnaryOp::Rsqrt
            | UnaryOp::Tanh
            | UnaryOp::Sin
            | UnaryOp::Cos
            | UnaryOp::Erf
            | UnaryOp::Floor
            | UnaryOp::Ceil
            | UnaryOp::Round => row(Takes::Floats, FLOATS, Gives::Plain, Axes::Same),
        },
        Operation::Binary(op) => match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Max | BinaryOp::Min => {
                row(Takes::Numbers, ARITHMETIC, Gives::Closed(&[Logits]), Axes::Identical)
            }
            BinaryOp::Mul => row(Takes::Numbers, ARITHMETIC, Gives::Plain, Axes::Identical),
            BinaryOp::Pow => row(Takes::Floats, FLOATS, Gives::Plain, Axes::Identical),
            BinaryOp::BitAnd
            | BinaryOp::BitOr
            | BinaryOp::BitXor
            | BinaryOp::ShiftLeft
            | BinaryOp::ShiftRight => {
                row(Takes::Integers, "bits are those of integers", Gives::Plain, Axes::Identical)
            }
            BinaryOp::Div => row(
                Takes::Floats,
                "`/` divides floats; write `//` for integers",
                Gives::Plain,
                Axes::Identical,
            ),
            BinaryOp::FloorDiv | BinaryOp::Rem => {
                row(Takes::Integers, "`//` and `%` take integers", Gives::Plain, Axes::Identical)
            }
            BinaryOp::And | BinaryOp::Or => {
                row(Takes::Bools, "`&&` and `||` take bool", Gives::Either, Axes::Identical)
            }
        },
        Operation::Compare(
            CompareOp::Eq
            | CompareOp::Ne
            | CompareOp::Lt
            | CompareOp::Le
            | CompareOp::Gt
            | CompareOp::Ge,
        ) => row(Takes::Any, "", Gives::Bool, Axes::Identical),
        Operation::Reduce(op) => match op {
            ReduceOp::Sum | ReduceOp::Product | ReduceOp::Count => row(
                Takes::Numbers,
                "it adds numbers; count points with `count[i | …] 1`",
                Gives::Plain,
                Axes::Reduced,
            ),
            ReduceOp::Mean => row(Takes::Floats, FLOATS, Gives::Plain, Axes::Reduced),
            ReduceOp::Max | ReduceOp::Min => {
                row(Takes::Numbers, "it compares numbers", Gives::Same, Axes::Reduced)
            }
            ReduceOp::ArgMax | ReduceOp::ArgMin => {
                row(Takes::Numbers, "it compares numbers", Gives::Position, Axes::Reduced)
            }
            ReduceOp::Any | ReduceOp::All => {
                row(Takes::Bools, "it takes bool", Gives::Bool, Axes::Reduced)
            }
            ReduceOp::Pick => row(Takes::Any, "", Gives::Same, Axes::Reduced),
        },
        Operation::Softmax => row(Takes::Floats, FLOATS, Gives::Normalised, Axes::Same),
        Operation::Cast => row(Takes::Any, "", Gives::Written, Axes::Same),
        Operation::Read => row(Takes::Any, "", Gives::Same, Axes::Indexed),
        Operation::Gather => row(Takes::Positions, "", Gives::Same, Axes::Indexed),
        Operation::View => row(Takes::Any, "", Gives::Same, Axes::Viewed),
        Operation::If => row(Takes::Any, "", Gives::Joined, Axes::Identical),
        Operation::List => row(Takes::Any, "", Gives::Joined, Axes::Listed),
        Operation::Split => row(Takes::Any, "", Gives::Same, Axes::Cut),
        Operation::Concat => row(Takes::Any, "", Gives::Joined, Axes::Summed),
        Operation::TopK | Operation::Sort => row(Takes::Any, "", Gives::WithPosition, Axes::Chosen),
        Operation::Tokens => row(Takes::Text, "", Gives::Token, Axes::Counted),
        Operation::Fold | Operation::Scan => row(Takes::Any, "", Gives::Carried, Axes::Carried),
        Operation::Append => row(Takes::Any, "", Gives::Same, Axes::State),
        Operation::Given => row(Takes::Any, "", Gives::Bool, Axes::Nothing),
        Operation::Reveal => row(Takes::Any, "", Gives::Nothing, Axes::Nothing),
    }
}

const fn row(takes: Takes, why: &'static str, gives: Gives, axes: Axes) -> Effect {
    Effect { takes, why, gives, axes }
}

impl Operation {
    /// All operations, in the order of the table.
    pub(crate) fn all() -> Vec<Operation> {
        use Operation as Op;
        let ops = UnaryOp::ALL.into_iter().map(Op::Unary);
        let ops = ops.chain(BinaryOp::ALL.into_iter().map(Op::Binary));
        let ops = ops.chain(CompareOp::ALL.into_iter().map(Op::Compare));
        let ops = ops.chain(ReduceOp::ALL.into_iter().map(Op::Reduce));
        let others = [
            Op::Softmax,
            Op::Cast,
            Op::Read,
            Op::Gather,
            Op::View,
            Op::If,
            Op::List,
            Op::Split,
            Op::Concat,
            Op::TopK,
            Op::Sort,
            Op::Tokens,
            Op::Fold,
            Op::Scan,
            Op::Append,
            Op::Given,
            Op::Reveal,
        ];
        ops.chain(others).collect()
    }

    /// As messages call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::Unary(op) => op.name(),
            Operation::Binary(op) => op.name(),
            Operation::Compare(op) => op.symbol(),
            Operation::Reduce(op) => op.name(),
            Operation::Softmax => "softmax",
            Operation::Cast => "as",
            Operation::Read | Operation::Gather | Operation::View => "[…]",
            Operation::If => "if",
            Operation::List => "list",
            Operation::Split => "split",
            Operation::Concat => "concat",
            Operation::TopK => "top_k",
            Operation::Sort => "sort",
            Operation::Tokens => "tokens",
            Operation::Fold => "fold",
            Operation::Scan => "scan",
            Operation::Append => "append",
            Operation::Given => "given",
            Operation::Reveal => "reveal",
        }
    }

    /// As a program writes it.
    pub(crate) fn written(self) -> String {
        match self {
            Operation::Unary(op @ (UnaryOp::Neg | UnaryOp::Not)) => format!("{}x", op.name()),
            Operation::Unary(op) => format!("{}(x)", op.name()),
            Operation::Binary(op) if op.is_function() => {
                format!("{}(x, y)", op.name())
            }
            Operation::Binary(op) => format!("x {} y", op.name()),
            Operation::Compare(op) => format!("x {} y", op.symbol()),
            Operation::Reduce(op) => format!("{}[t] x[t]", op.name()),
            Operation::Softmax => "softmax[t] x[t]".to_owned(),
            Operation::Cast => "x as E".to_owned(),
            Operation::Read => "x[t]".to_owned(),
            Operation::Gather => "x[i[t]]".to_owned(),
            Operation::View => "x[_, 0]".to_owned(),
            Operation::If => "if c { x } else { y }".to_owned(),
            Operation::List => "[x, y]".to_owned(),
            Operation::Split => "split(x, n)".to_owned(),
            Operation::Concat => "concat(x, y)".to_owned(),
            Operation::TopK => "top_k(x, k)".to_owned(),
            Operation::Sort => "sort(x)".to_owned(),
            Operation::Tokens => "tokens(\"…\")".to_owned(),
            Operation::Fold => "fold(a, x, f)".to_owned(),
            Operation::Scan => "scan".to_owned(),
            Operation::Append => "x.append(y)".to_owned(),
            Operation::Given => "given(x)".to_owned(),
            Operation::Reveal => "reveal(x)".to_owned(),
        }
    }
}

impl Takes {
    pub(crate) fn takes(self, base: &Base) -> bool {
        match self {
            Takes::Any => true,
            Takes::Numbers => *base != Base::Bool,
            Takes::Floats => base.is_float(),
            Takes::Integers | Takes::Positions => base.is_int(),
            Takes::Bools => *base == Base::Bool,
            Takes::Text => false,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Takes::Any => "any",
            Takes::Numbers => "numbers",
            Takes::Floats => "floats",
            Takes::Integers => "integers",
            Takes::Bools => "bool",
            Takes::Positions => "`Token`, `Index`",
            Takes::Text => "text",
        }
    }
}

impl Meant {
    fn id(self, builtins: Builtins) -> MeaningId {
        match self {
            Meant::Logits => builtins.logits,
            Meant::Prob => builtins.prob,
            Meant::LogProb => builtins.log_prob,
            Meant::Mask => builtins.mask,
            Meant::PadMask => builtins.pad_mask,
        }
    }
}

impl Gives {
    /// The meaning of a result whose operands mean `left` and, where there is a second,
    /// `right`. What needs more than meanings (a position, what is written) is up to the
    /// operation.
    pub(crate) fn meaning(
        self,
        program: &Program,
        builtins: Builtins,
        left: &Elem,
        right: Option<&Elem>,
    ) -> Option<MeaningUse> {
        let plain = |id| MeaningUse { id, args: Vec::new() };
        let is = |elem: &Elem, meant: Meant| {
            let seen = elem.meaning.as_ref().and_then(|it| program.seen_as(it, meant.id(builtins)));
            seen.is_some()
        };
        match self {
            Gives::Same => left.meaning.clone(),
            Gives::Closed(closed) => {
                let both = |meant: &&Meant| {
                    is(left, **meant) && right.is_none_or(|right| is(right, **meant))
                };
                closed.iter().find(both).map(|meant| plain(meant.id(builtins)))
            }
            Gives::Either => {
                left.meaning.clone().or_else(|| right.and_then(|it| it.meaning.clone()))
            }
            Gives::Turns(pairs) => {
                let found = pairs.iter().find(|(from, _)| is(left, *from));
                found.map(|(_, to)| plain(to.id(builtins)))
            }
            Gives::Normalised => Some(plain(builtins.prob)),
            Gives::Plain
            | Gives::Joined
            | Gives::Bool
            | Gives::Position
            | Gives::WithPosition
            | Gives::Token
            | Gives::Written
            | Gives::Carried
            | Gives::Nothing => None,
        }
    }

    pub(crate) fn words(self) -> String {
        let list = |items: Vec<String>| items.join(", ");
        match self {
            Gives::Plain => "plain numbers".to_owned(),
            Gives::Same => "the operand's meaning".to_owned(),
            Gives::Closed(kept) => {
                let kept = kept.iter().map(|it| format!("`{it:?}` if both are")).collect();
                format!("{}, else plain numbers", list(kept))
            }
            Gives::Either => "the meaning of either; two must be one".to_owned(),
            Gives::Turns(pairs) => {
                let pairs = pairs.iter().map(|(from, to)| format!("`{to:?}` of `{from:?}`"));
                format!("{}, else plain", list(pairs.collect()))
            }
            Gives::Normalised => "`Prob`; none of `Prob` and `LogProb`".to_owned(),
            Gives::Joined => "the nearest meaning that all are".to_owned(),
            Gives::Bool => "`bool`".to_owned(),
            Gives::Position => "`Index` of the axis".to_owned(),
            Gives::WithPosition => "the operand's meaning, and `Index` of the axis".to_owned(),
            Gives::Token => "`Token<256>`".to_owned(),
            Gives::Written => "what is written".to_owned(),
            Gives::Carried => "what entered".to_owned(),
            Gives::Nothing => "nothing".to_owned(),
        }
    }
}

impl Axes {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Axes::Same => "the operand's",
            Axes::Identical => "identical, or a scalar",
            Axes::Reduced => "those not bound",
            Axes::Indexed => "those of the indices",
            Axes::Viewed => "those kept",
            Axes::Cut => "one is cut; its kind is the size's",
            Axes::Summed => "identical but one, which adds up",
            Axes::Chosen => "the last is of size `k`, if one is given",
            Axes::Listed => "a first without a kind, then identical",
            Axes::Counted => "one without a kind",
            Axes::Carried => "what entered",
            Axes::State => "the state's",
            Axes::Nothing => "none",
        }
    }
}

/// The table of all operations, as the reference prints it.
pub fn effects() -> String {
    let mut page = String::from(
        "| operation | takes | the result means | its axes |\n| --- | --- | --- | --- |\n",
    );
    for operation in Operation::all() {
        let it = effect(operation);
        let written = operation.written().replace('|', "\\|");
        page.push_str(&format!(
            "| `{written}` | {} | {} | {} |\n",
            it.takes.words(),
            it.gives.words(),
            it.axes.words()
        ));
    }
    page
}
