//! Printing.

use crate::{
    Affine, Axis, Binary, Compare, Entry, Graph, Index, Literal, Module, Nest, NestKind, Node, Op,
    ParamOrigin, Scalar, TensorType, Unary, Value,
};
use nnc_base::Name;
use nnc_shape::Dim;
use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for graph in self.graphs.values() {
            print_graph(f, graph, self)?;
        }
        self.entries.iter().try_for_each(|entry| print_entry(f, entry, self))
    }
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(", ")
}

fn value_text(graph: &Graph, value: Value) -> String {
    if graph.node(value.node).types.len() == 1 {
        format!("%{}", value.node.raw())
    } else {
        format!("%{}.{}", value.node.raw(), value.result)
    }
}

fn print_entry(f: &mut Formatter<'_>, entry: &Entry, module: &Module) -> fmt::Result {
    writeln!(f, "entry {} = @{} {{", entry.name, module.graphs[entry.graph].name)?;
    for input in &entry.inputs {
        write!(f, "  input {}", input.name)?;
        if let Some(state) = input.state {
            write!(f, " state {state}")?;
        }
        if let Some(bound) = &input.index_bound {
            write!(f, " below {bound}")?;
        }
        writeln!(f)?;
    }
    for output in &entry.outputs {
        writeln!(f, "  output {}", output.name)?;
    }
    for update in &entry.updates {
        writeln!(f, "  update {} = {}", update.dim, update.value)?;
    }
    writeln!(f, "}}")
}

fn print_graph(f: &mut Formatter<'_>, graph: &Graph, module: &Module) -> fmt::Result {
    let dims = graph.dims.iter().map(|dim| match dim.max {
        Some(max) => format!("{} in {}..={max}", dim.name, dim.min),
        None => format!("{} in {}..", dim.name, dim.min),
    });
    write!(f, "graph @{}({})", graph.name, list(dims))?;
    let facts = list(graph.facts.iter());
    if !facts.is_empty() {
        write!(f, " where {{ {facts} }}")?;
    }
    writeln!(f, " {{")?;
    for (id, param) in graph.params.iter() {
        write!(f, "  param {} {:?}", id.raw(), param.name)?;
        if let ParamOrigin::Derived { graph: how, from } = &param.origin {
            let from = list(from.iter().map(|it| it.raw()));
            write!(f, " = @{}({from})", module.graphs[*how].name)?;
        }
        writeln!(f, " : {}", param.ty)?;
    }
    for (id, node) in graph.nodes() {
        let text = NodeText { graph, node, module };
        writeln!(f, "  %{} = {text} : {}", id.raw(), list(&node.types))?;
    }
    writeln!(f, "  return {}", list(graph.outputs.iter().map(|it| value_text(graph, *it))))?;
    writeln!(f, "}}")
}

impl Display for TensorType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.elem, list(&self.shape))
    }
}

struct NodeText<'a> {
    graph: &'a Graph,
    node: &'a Node,
    module: &'a Module,
}

impl Display for NodeText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let operands = list(self.node.operands.iter().map(|it| value_text(self.graph, *it)));
        match &self.node.op {
            Op::Input(_) => write!(f, "input"),
            Op::Param(param) => write!(f, "param {}", param.raw()),
            Op::Const(literal) => write!(f, "const {}", LiteralText(literal)),
            Op::Nest(nest) => {
                let names: Vec<String> =
                    self.node.operands.iter().map(|it| value_text(self.graph, *it)).collect();
                write!(f, "nest ({operands}) {}", NestText::new(nest, &names, self.graph))
            }
            Op::Write { offset } => write!(f, "write ({operands}) at [{}]", list(offset)),
            Op::Order { descending, k } => {
                let order = if *descending { "descending" } else { "ascending" };
                write!(f, "sort ({operands}) {order} k {k}")
            }
            Op::Running(it) => {
                write!(f, "running {} ({operands}) axis {}", it.op.name(), it.axis)?;
                let backwards = if it.backwards { " backwards" } else { "" };
                let exclusive = if it.exclusive { " exclusive" } else { "" };
                write!(f, "{backwards}{exclusive}")
            }
            Op::Scatter { op, places } => {
                write!(f, "scatter {} ({operands}) into {places}", op.name())
            }
            Op::Reshape => write!(f, "reshape ({operands})"),
            Op::Scan(scan) => write!(
                f,
                "scan @{} {} in {} carried {}{} ({operands}) params [{}]",
                self.module.graphs[scan.body].name,
                scan.variable,
                scan.extent,
                scan.carried,
                scan.condition.map(|at| format!(" while {at}")).unwrap_or_default(),
                list(scan.params.iter().map(|it| it.raw())),
            ),
            Op::Call(call) => write!(
                f,
                "call @{} dims [{}] ({operands}) params [{}]",
                self.module.graphs[call.callee].name,
                list(&call.dims),
                list(call.params.iter().map(|it| it.raw())),
            ),
        }
    }
}

struct LiteralText<'a>(&'a Literal);

impl Display for LiteralText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Literal::Floats(items) => {
                write!(f, "floats [{}]", list(items.iter().map(|it| format!("{it:?}"))))
            }
            Literal::Ints(items) => write!(f, "ints [{}]", list(items)),
            Literal::Bools(items) => write!(f, "bools [{}]", list(items)),
        }
    }
}

/// A nest with distinct names for its variables.
struct NestText<'a> {
    nest: &'a Nest,
    operands: &'a [String],
    names: Vec<String>,
}

impl<'a> NestText<'a> {
    fn new(nest: &'a Nest, operands: &'a [String], graph: &Graph) -> NestText<'a> {
        let mut taken: BTreeSet<String> =
            graph.dims.iter().map(|dim| dim.name.to_string()).collect();
        let words = super::token::KEYWORDS.iter().map(|it| (*it).to_owned());
        taken.extend(words);
        let names = nest
            .axes
            .iter()
            .chain(nest.reduction_axes())
            .map(|axis| distinct(axis.name, &mut taken))
            .collect();
        NestText { nest, operands, names }
    }

    fn axis(&self, at: usize, axis: &Axis) -> String {
        format!("{}: {}", self.names[at], axis.extent)
    }

    fn scalar(&self, scalar: &'a Scalar) -> ScalarText<'_> {
        ScalarText { scalar, operands: self.operands, names: &self.names }
    }
}

/// A name that nothing else has: letters, digits and underscores, a number added if needed.
fn distinct(name: Name, taken: &mut BTreeSet<String>) -> String {
    let word: String = name
        .as_str()
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() || it == '_' { it } else { '_' })
        .collect();
    let word = if word.starts_with(|it: char| it.is_ascii_alphabetic()) {
        word
    } else {
        format!("i{word}")
    };
    let mut candidate = word.clone();
    let mut number = 1;
    while !taken.insert(candidate.clone()) {
        number += 1;
        candidate = format!("{word}_{number}");
    }
    candidate
}

impl Display for NestText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let nest = self.nest;
        let mut at = 0;
        let mut groups = Vec::new();
        for &count in &nest.groups {
            let axes: Vec<String> =
                (at..at + count as usize).map(|at| self.axis(at, &nest.axes[at])).collect();
            groups.push(if count == 1 { axes.join("") } else { format!("({})", axes.join(", ")) });
            at += count as usize;
        }
        write!(f, "[{}]", groups.join(", "))?;
        match &nest.kind {
            NestKind::Map { value } => write!(f, " {{ {} }}", self.scalar(value)),
            NestKind::Softmax { axis, guard, value } => {
                write!(f, " softmax {}", self.names[axis.0 as usize])?;
                if let Some(guard) = guard {
                    write!(f, " if {}", self.scalar(guard))?;
                }
                write!(f, " {{ {} }}", self.scalar(value))
            }
            NestKind::Reduce(reduction) => {
                let axes = reduction
                    .axes
                    .iter()
                    .enumerate()
                    .map(|(at, axis)| self.axis(nest.axes.len() + at, axis));
                write!(f, " {} {} [{}]", reduction.op.name(), reduction.accumulator, list(axes))?;
                if let Some(guard) = &reduction.guard {
                    write!(f, " if {}", self.scalar(guard))?;
                }
                write!(f, " {{ {} }}", self.scalar(&reduction.value))?;
                if reduction.finish != Scalar::Acc {
                    write!(f, " finish {{ {} }}", self.scalar(&reduction.finish))?;
                }
                Ok(())
            }
        }
    }
}

struct ScalarText<'a> {
    scalar: &'a Scalar,
    operands: &'a [String],
    names: &'a [String],
}

impl ScalarText<'_> {
    fn of<'b>(&'b self, scalar: &'b Scalar) -> ScalarText<'b> {
        ScalarText { scalar, operands: self.operands, names: self.names }
    }

    fn affine(&self, affine: &Affine) -> String {
        let mut text = String::new();
        for (var, coefficient) in &affine.terms {
            let name = self.names.get(var.0 as usize).map_or("?", String::as_str);
            if !text.is_empty() {
                text.push_str(" + ");
            }
            if *coefficient == Dim::constant(1) {
                text.push_str(name);
            } else {
                text.push_str(&format!("({coefficient})*{name}"));
            }
        }
        match affine.offset.as_constant() {
            Some(0) if !text.is_empty() => {}
            Some(offset) if offset < 0 && !text.is_empty() => {
                text.push_str(&format!(" - {}", offset.unsigned_abs()));
            }
            Some(_) | None if text.is_empty() => text = affine.offset.to_string(),
            Some(_) | None => text.push_str(&format!(" + {}", affine.offset)),
        }
        text
    }
}

impl Display for ScalarText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.scalar {
            Scalar::Read { operand, at } => {
                let at = at.iter().map(|index| match index {
                    Index::Affine(affine) => self.affine(affine),
                    Index::Data(scalar) => format!("{{{}}}", self.of(scalar)),
                });
                let operand = self.operands.get(*operand as usize).map_or("%?", String::as_str);
                write!(f, "{operand}[{}]", list(at))
            }
            Scalar::Acc => f.write_str("acc"),
            Scalar::Float { elem, value } => write!(f, "{elem}({value:?})"),
            Scalar::Int { elem, value } => write!(f, "{elem}({value})"),
            Scalar::Bool(value) => write!(f, "{value}"),
            Scalar::Index { elem, value } => write!(f, "{elem}[{}]", self.affine(value)),
            Scalar::Unary(op, value) => write!(f, "{}({})", op.name(), self.of(value)),
            Scalar::Binary(op, left, right) => match op.symbol() {
                Some(symbol) => write!(f, "({} {symbol} {})", self.of(left), self.of(right)),
                None => write!(f, "{}({}, {})", op.name(), self.of(left), self.of(right)),
            },
            Scalar::Compare(op, left, right) => {
                write!(f, "({} {} {})", self.of(left), op.symbol(), self.of(right))
            }
            Scalar::Select { condition, then, otherwise } => write!(
                f,
                "select({}, {}, {})",
                self.of(condition),
                self.of(then),
                self.of(otherwise)
            ),
            Scalar::Cast { to, value } => write!(f, "cast {to}({})", self.of(value)),
        }
    }
}

impl Unary {
    pub const ALL: [Unary; 15] = [
        Unary::Neg,
        Unary::Not,
        Unary::Exp,
        Unary::Log,
        Unary::Sqrt,
        Unary::Rsqrt,
        Unary::Tanh,
        Unary::Sin,
        Unary::Cos,
        Unary::Erf,
        Unary::Abs,
        Unary::Floor,
        Unary::Ceil,
        Unary::Round,
        Unary::Sign,
    ];

    /// As written in IR text.
    pub fn name(self) -> &'static str {
        match self {
            Unary::Neg => "neg",
            Unary::Not => "not",
            Unary::Exp => "exp",
            Unary::Log => "log",
            Unary::Sqrt => "sqrt",
            Unary::Rsqrt => "rsqrt",
            Unary::Tanh => "tanh",
            Unary::Sin => "sin",
            Unary::Cos => "cos",
            Unary::Erf => "erf",
            Unary::Abs => "abs",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Round => "round",
            Unary::Sign => "sign",
        }
    }
}

impl Binary {
    pub const ALL: [Binary; 16] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::FloorDiv,
        Binary::Rem,
        Binary::Pow,
        Binary::Max,
        Binary::Min,
        Binary::And,
        Binary::Or,
        Binary::BitAnd,
        Binary::BitOr,
        Binary::BitXor,
        Binary::ShiftLeft,
        Binary::ShiftRight,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::FloorDiv => "floordiv",
            Binary::Rem => "rem",
            Binary::Pow => "pow",
            Binary::Max => "max",
            Binary::Min => "min",
            Binary::And => "and",
            Binary::Or => "or",
            Binary::BitAnd => "bit_and",
            Binary::BitOr => "bit_or",
            Binary::BitXor => "bit_xor",
            Binary::ShiftLeft => "shift_left",
            Binary::ShiftRight => "shift_right",
        }
    }

    /// As written between operands in IR text; `None` for those written as calls.
    pub fn symbol(self) -> Option<&'static str> {
        match self {
            Binary::Add => Some("+"),
            Binary::Sub => Some("-"),
            Binary::Mul => Some("*"),
            Binary::Div => Some("/"),
            Binary::FloorDiv => Some("//"),
            Binary::Rem => Some("%%"),
            Binary::And => Some("&&"),
            Binary::Or => Some("||"),
            Binary::Pow
            | Binary::Max
            | Binary::Min
            | Binary::BitAnd
            | Binary::BitOr
            | Binary::BitXor
            | Binary::ShiftLeft
            | Binary::ShiftRight => None,
        }
    }
}

impl Compare {
    pub const ALL: [Compare; 6] =
        [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge];

    pub fn symbol(self) -> &'static str {
        match self {
            Compare::Eq => "==",
            Compare::Ne => "!=",
            Compare::Lt => "<",
            Compare::Le => "<=",
            Compare::Gt => ">",
            Compare::Ge => ">=",
        }
    }
}
