//! Reading back.

mod sizes;

use super::token::{Token, tokens};
use crate::{
    Axis, Binary, Call, Compare, Elem, Entry, EntryInput, EntryOutput, FormalParam, Graph, GraphId,
    Index, Literal, Module, Nest, NestKind, Node, NodeId, Op, ParamId, ParamOrigin, ReduceOp,
    Reduction, RunDim, Running, Scalar, ScanOp, StateUpdate, TensorType, Unary, Value, Var,
};
use nnc_base::{Id, Name, Span};
use nnc_shape::Dim;
use std::collections::BTreeMap;
use std::fmt;

/// Where text stops being a module, and what was met there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// From 1.
    pub line: u32,
    /// From 1, in bytes.
    pub column: u32,
    pub message: String,
}

impl ParseError {
    pub(super) fn at(text: &str, offset: usize, message: impl Into<String>) -> ParseError {
        let before = &text[..offset.min(text.len())];
        let start = before.rfind('\n').map_or(0, |it| it + 1);
        ParseError {
            line: before.matches('\n').count() as u32 + 1,
            column: (before.len() - start) as u32 + 1,
            message: message.into(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

/// Reads a module from the text that its `Display` writes.
///
/// What comes back may break the rules of [`crate::verify`].
pub fn parse(text: &str) -> Result<Module, ParseError> {
    let tokens = tokens(text)?;
    let mut parser =
        Parser { text, tokens, at: 0, module: Module::default(), graphs: BTreeMap::new() };
    while parser.peek() != &Token::End {
        if parser.eat_word("graph") {
            parser.graph()?;
        } else if parser.eat_word("entry") {
            parser.entry()?;
        } else {
            return parser.fail("expected `graph` or `entry`");
        }
    }
    Ok(parser.module)
}

type Result<T, E = ParseError> = std::result::Result<T, E>;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, usize)>,
    at: usize,
    module: Module,
    graphs: BTreeMap<String, GraphId>,
}

/// What names stand for inside a nest.
#[derive(Default)]
struct Scope {
    operands: Vec<Value>,
    vars: BTreeMap<String, Var>,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn next(&mut self) -> Token {
        let token = self.tokens[self.at].0.clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        let message = format!("{}, found {}", message.into(), self.peek());
        Err(ParseError::at(self.text, self.tokens[self.at].1, message))
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(it) if *it == symbol);
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.eat(symbol) { Ok(()) } else { self.fail(format!("expected `{symbol}`")) }
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(it) if it == word);
        if found {
            self.next();
        }
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<()> {
        if self.eat_word(word) { Ok(()) } else { self.fail(format!("expected `{word}`")) }
    }

    /// A name, which may have dots inside.
    fn word(&mut self) -> Result<String> {
        let Token::Word(mut word) = self.peek().clone() else {
            return self.fail("expected a name");
        };
        self.next();
        while matches!(self.peek(), Token::Symbol(".")) {
            self.next();
            match self.next() {
                Token::Word(part) => word = format!("{word}.{part}"),
                Token::Int(part) => word = format!("{word}.{part}"),
                _ => return self.fail("expected a name behind the dot"),
            }
        }
        Ok(word)
    }

    fn int(&mut self) -> Result<i64> {
        let negative = self.eat("-");
        match self.peek() {
            Token::Int(value) => {
                let value = *value;
                self.next();
                Ok(if negative { -value } else { value })
            }
            _ => self.fail("expected a whole number"),
        }
    }

    fn list<T>(
        &mut self,
        open: &str,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.expect(open)?;
        let mut items = Vec::new();
        while !self.eat(close) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn graph_name(&mut self) -> Result<GraphId> {
        let Token::Graph(name) = self.peek().clone() else {
            return self.fail("expected `@` and a graph's name");
        };
        let Some(&id) = self.graphs.get(&name) else {
            return self.fail("no graph of this name stands above");
        };
        self.next();
        Ok(id)
    }

    fn elem(&mut self) -> Result<Elem> {
        if let Token::Word(word) = self.peek()
            && let Some(elem) = Elem::from_name(word)
        {
            self.next();
            return Ok(elem);
        }
        self.fail("expected an element type")
    }

    fn ty(&mut self) -> Result<TensorType> {
        let elem = self.elem()?;
        let shape = self.list("[", "]", |it| it.dim())?;
        Ok(TensorType { elem, shape })
    }

    fn param_id(&mut self) -> Result<ParamId> {
        let raw = self.int()?;
        u32::try_from(raw).map(Id::from_raw).or_else(|_| self.fail("expected a parameter's number"))
    }

    // ---- items ----

    fn entry(&mut self) -> Result<()> {
        let name = Name::new(&self.word()?);
        self.expect("=")?;
        let graph = self.graph_name()?;
        self.expect("{")?;
        let (mut inputs, mut outputs, mut updates) = (Vec::new(), Vec::new(), Vec::new());
        while !self.eat("}") {
            if self.eat_word("input") {
                let name = Name::new(&self.word()?);
                let state = if self.eat_word("state") { Some(self.int()? as u32) } else { None };
                let index_bound = if self.eat_word("below") { Some(self.dim()?) } else { None };
                inputs.push(EntryInput { name, state, index_bound });
            } else if self.eat_word("output") {
                outputs.push(EntryOutput { name: Name::new(&self.word()?) });
            } else {
                self.expect_word("update")?;
                let dim = Name::new(&self.word()?);
                self.expect("=")?;
                updates.push(StateUpdate { dim, value: self.dim()? });
            }
        }
        self.module.entries.push(Entry { name, graph, inputs, outputs, updates });
        Ok(())
    }

    fn graph(&mut self) -> Result<()> {
        let Token::Graph(name) = self.peek().clone() else {
            return self.fail("expected `@` and a graph's name");
        };
        if self.graphs.contains_key(&name) {
            return self.fail("a graph of this name stands above");
        }
        self.next();
        let mut graph = Graph::new(name.clone());
        graph.dims = self.list("(", ")", |it| it.run_dim())?;
        if self.eat_word("where") {
            self.expect("{")?;
            while !self.eat("}") {
                self.fact(&mut graph)?;
                self.eat(",");
            }
        }
        self.expect("{")?;
        while self.eat_word("param") {
            let param = self.formal_param()?;
            graph.params.push(param);
        }
        while !self.eat_word("return") {
            self.node(&mut graph)?;
        }
        while self.peek() != &Token::Symbol("}") {
            if !graph.outputs.is_empty() {
                self.expect(",")?;
            }
            let value = self.value(&graph)?;
            graph.outputs.push(value);
        }
        self.expect("}")?;
        let id = self.module.graphs.push(graph);
        self.graphs.insert(name, id);
        Ok(())
    }

    fn run_dim(&mut self) -> Result<RunDim> {
        let name = Name::new(&self.word()?);
        self.expect_word("in")?;
        let min = self.int()?;
        let max = if self.eat("..=") {
            Some(self.int()?)
        } else {
            self.expect("..")?;
            None
        };
        Ok(RunDim { name, min, max })
    }

    fn fact(&mut self, graph: &mut Graph) -> Result<()> {
        let start = self.at;
        let left = self.dim()?;
        if self.eat(">=") {
            let right = self.dim()?;
            graph.facts.assume_at_least(&left, &right);
            return Ok(());
        }
        self.expect("==")?;
        let right = self.dim()?;
        if right == Dim::constant(0) {
            // `a % b == 0`, whose sides are read again.
            let end = self.at;
            self.at = start;
            let of = self.dim_factor()?;
            if self.eat("%") {
                let divisor = self.dim_factor()?;
                if self.eat("==") {
                    graph.facts.assume_divides(&divisor, &of);
                    self.at = end;
                    return Ok(());
                }
            }
            self.at = end;
        }
        graph.facts.assume_equal(&left, &right);
        Ok(())
    }

    fn formal_param(&mut self) -> Result<FormalParam> {
        self.int()?;
        let Token::Text(name) = self.next() else {
            return self.fail("expected the parameter's name in quotes");
        };
        let origin = if self.eat("=") {
            let graph = self.graph_name()?;
            ParamOrigin::Derived { graph, from: self.list("(", ")", |it| it.param_id())? }
        } else {
            ParamOrigin::Stored
        };
        self.expect(":")?;
        Ok(FormalParam { name, ty: self.ty()?, origin, span: Span::NONE })
    }

    fn value(&mut self, graph: &Graph) -> Result<Value> {
        let Token::Node(raw) = *self.peek() else { return self.fail("expected a value") };
        if raw as usize >= graph.len() {
            return self.fail("no such value stands above");
        }
        self.next();
        let result = if self.eat(".") { self.int()? as u32 } else { 0 };
        if result as usize >= graph.node(Id::from_raw(raw)).types.len() {
            return self.fail("the node above has fewer results");
        }
        Ok(Value { node: Id::from_raw(raw), result })
    }

    fn operands(&mut self, graph: &Graph) -> Result<Vec<Value>> {
        self.list("(", ")", |it| it.value(graph))
    }

    fn node(&mut self, graph: &mut Graph) -> Result<()> {
        let expected: NodeId = Id::from_raw(graph.len() as u32);
        if self.peek() != &Token::Node(expected.raw()) {
            return self.fail(format!("expected the node %{} or `return`", expected.raw()));
        }
        self.next();
        self.expect("=")?;
        let mut operands = Vec::new();
        let op = if self.eat_word("input") {
            Op::Input(graph.inputs.len() as u32)
        } else if self.eat_word("param") {
            Op::Param(self.param_id()?)
        } else if self.eat_word("const") {
            Op::Const(self.literal()?)
        } else if self.eat_word("nest") {
            operands = self.operands(graph)?;
            Op::Nest(self.nest(&operands)?)
        } else if self.eat_word("write") {
            operands = self.operands(graph)?;
            self.expect_word("at")?;
            Op::Write { offset: self.list("[", "]", |it| it.dim())? }
        } else if self.eat_word("sort") {
            operands = self.operands(graph)?;
            let descending = self.eat_word("descending");
            if !descending {
                self.expect_word("ascending")?;
            }
            self.expect_word("k")?;
            Op::Order { descending, k: self.dim()? }
        } else if self.eat_word("running") {
            let word = self.word()?;
            let op = self.reduce_op(&word)?;
            operands = self.operands(graph)?;
            self.expect_word("axis")?;
            let axis = self.int()? as u32;
            let backwards = self.eat_word("backwards");
            Op::Running(Running { op, axis, backwards, exclusive: self.eat_word("exclusive") })
        } else if self.eat_word("scatter") {
            let word = self.word()?;
            let op = self.reduce_op(&word)?;
            operands = self.operands(graph)?;
            self.expect_word("into")?;
            Op::Scatter { op, places: self.dim()? }
        } else if self.eat_word("reshape") {
            operands = self.operands(graph)?;
            Op::Reshape
        } else if self.eat_word("scan") {
            let body = self.graph_name()?;
            let variable = Name::new(&self.word()?);
            self.expect_word("in")?;
            let extent = self.dim()?;
            self.expect_word("carried")?;
            let carried = self.int()? as u32;
            let condition = if self.eat_word("while") { Some(self.int()? as u32) } else { None };
            operands = self.operands(graph)?;
            self.expect_word("params")?;
            let params = self.list("[", "]", |it| it.param_id())?;
            Op::Scan(ScanOp { body, variable, extent, carried, condition, params })
        } else {
            self.expect_word("call")?;
            let callee = self.graph_name()?;
            self.expect_word("dims")?;
            let dims = self.list("[", "]", |it| it.dim())?;
            operands = self.operands(graph)?;
            self.expect_word("params")?;
            Op::Call(Call { callee, dims, params: self.list("[", "]", |it| it.param_id())? })
        };
        self.expect(":")?;
        let mut types = Vec::new();
        while matches!(self.peek(), Token::Word(word) if Elem::from_name(word).is_some()) {
            types.push(self.ty()?);
            if !self.eat(",") {
                break;
            }
        }
        if types.is_empty() && !matches!(op, Op::Call(_) | Op::Scan(_)) {
            return self.fail("expected the type of the result");
        }
        if let Op::Input(_) = op {
            graph.inputs.extend(types.iter().cloned());
        }
        graph.push(Node { op, operands, types, span: Span::NONE });
        Ok(())
    }

    fn literal(&mut self) -> Result<Literal> {
        let word = self.word()?;
        Ok(match word.as_str() {
            "floats" => Literal::Floats(self.list("[", "]", |it| it.float())?),
            "ints" => Literal::Ints(self.list("[", "]", |it| it.int())?),
            "bools" => Literal::Bools(self.list("[", "]", |it| match it.word()?.as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => it.fail("expected `true` or `false`"),
            })?),
            _ => return self.fail("expected `floats`, `ints` or `bools`"),
        })
    }

    fn float(&mut self) -> Result<f64> {
        let negative = self.eat("-");
        let value = match self.next() {
            Token::Float(value) => value,
            Token::Int(value) => value as f64,
            Token::Word(word) if word == "inf" => f64::INFINITY,
            Token::Word(word) if word == "NaN" => f64::NAN,
            _ => return self.fail("expected a number"),
        };
        Ok(if negative { -value } else { value })
    }

    // ---- nests ----

    fn nest(&mut self, operands: &[Value]) -> Result<Nest> {
        let mut scope = Scope { operands: operands.to_vec(), vars: BTreeMap::new() };
        let mut axes = Vec::new();
        let groups = self.list("[", "]", |it| {
            if it.peek() == &Token::Symbol("(") {
                let group = it.list("(", ")", |it| it.axis())?;
                let count = group.len() as u32;
                axes.extend(group);
                Ok(count)
            } else {
                axes.push(it.axis()?);
                Ok(1)
            }
        })?;
        for (at, axis) in axes.iter().enumerate() {
            scope.vars.insert(axis.name.to_string(), Var(at as u32));
        }
        if self.peek() == &Token::Symbol("{") {
            let value = self.braced(&scope)?;
            let kind = NestKind::Map { value };
            return Nest { axes, groups, elem: Elem::F32, kind }.typed(self);
        }
        let word = self.word()?;
        if word == "softmax" {
            let name = self.word()?;
            let Some(&axis) = scope.vars.get(&name) else {
                return self.fail("softmax along an axis that the nest does not have");
            };
            let guard = self.guard(&scope)?;
            let value = self.braced(&scope)?;
            let kind = NestKind::Softmax { axis, guard, value };
            return Nest { axes, groups, elem: Elem::F32, kind }.typed(self);
        }
        let op = self.reduce_op(&word)?;
        let accumulator = self.elem()?;
        let reduced = self.list("[", "]", |it| it.axis())?;
        for (at, axis) in reduced.iter().enumerate() {
            scope.vars.insert(axis.name.to_string(), Var((axes.len() + at) as u32));
        }
        let guard = self.guard(&scope)?;
        let value = self.braced(&scope)?;
        let finish = if self.eat_word("finish") { self.braced(&scope)? } else { Scalar::Acc };
        let kind =
            NestKind::Reduce(Reduction { op, axes: reduced, guard, value, accumulator, finish });
        Nest { axes, groups, elem: Elem::F32, kind }.typed(self)
    }

    fn reduce_op(&self, word: &str) -> Result<ReduceOp> {
        let unknown = || self.fail(format!("`{word}` is no reduction"));
        ReduceOp::from_name(word).map_or_else(unknown, Ok)
    }

    fn axis(&mut self) -> Result<Axis> {
        let name = Name::new(&self.word()?);
        self.expect(":")?;
        Ok(Axis { name, extent: self.dim()? })
    }

    fn guard(&mut self, scope: &Scope) -> Result<Option<Scalar>> {
        if self.eat_word("if") { self.scalar(scope).map(Some) } else { Ok(None) }
    }

    fn braced(&mut self, scope: &Scope) -> Result<Scalar> {
        self.expect("{")?;
        let scalar = self.scalar(scope)?;
        self.expect("}")?;
        Ok(scalar)
    }

    fn scalar(&mut self, scope: &Scope) -> Result<Scalar> {
        match self.peek().clone() {
            Token::Node(_) => self.read(scope),
            Token::Symbol("(") => self.infix(scope),
            Token::Word(word) => {
                self.next();
                self.named(&word, scope)
            }
            _ => self.fail("expected a scalar expression"),
        }
    }

    fn read(&mut self, scope: &Scope) -> Result<Scalar> {
        let Token::Node(raw) = self.next() else { return self.fail("expected a value") };
        let result = if self.eat(".") { self.int()? as u32 } else { 0 };
        let value = Value { node: Id::from_raw(raw), result };
        let Some(operand) = scope.operands.iter().position(|it| *it == value) else {
            return self.fail("a read of what is not an operand of this nest");
        };
        let at = self.list("[", "]", |it| {
            if it.peek() == &Token::Symbol("{") {
                Ok(Index::Data(Box::new(it.braced(scope)?)))
            } else {
                Ok(Index::Affine(it.affine(scope)?))
            }
        })?;
        Ok(Scalar::read(operand as u32, at))
    }

    fn infix(&mut self, scope: &Scope) -> Result<Scalar> {
        self.expect("(")?;
        let left = self.scalar(scope)?;
        let Token::Symbol(symbol) = self.peek().clone() else {
            return self.fail("expected an operator");
        };
        let binary = Binary::ALL.into_iter().find(|it| it.symbol() == Some(symbol));
        let compare = Compare::ALL.into_iter().find(|it| it.symbol() == symbol);
        if binary.is_none() && compare.is_none() {
            return self.fail("expected an operator");
        }
        self.next();
        let right = self.scalar(scope)?;
        self.expect(")")?;
        Ok(match (binary, compare) {
            (Some(op), _) => Scalar::binary(op, left, right),
            (None, Some(op)) => Scalar::compare(op, left, right),
            (None, None) => return self.fail("expected an operator"),
        })
    }

    fn named(&mut self, word: &str, scope: &Scope) -> Result<Scalar> {
        match word {
            "acc" => return Ok(Scalar::Acc),
            "true" => return Ok(Scalar::Bool(true)),
            "false" => return Ok(Scalar::Bool(false)),
            "cast" => {
                let to = self.elem()?;
                return Ok(Scalar::cast(to, self.arguments::<1>(scope)?[0].clone()));
            }
            "select" => {
                let [condition, then, otherwise] = self.arguments::<3>(scope)?;
                return Ok(Scalar::select(condition, then, otherwise));
            }
            _ => {}
        }
        if let Some(elem) = Elem::from_name(word) {
            if self.eat("[") {
                let value = self.affine(scope)?;
                self.expect("]")?;
                return Ok(Scalar::Index { elem, value });
            }
            self.expect("(")?;
            let scalar = if elem.is_float() {
                Scalar::Float { elem, value: self.float()? }
            } else {
                Scalar::Int { elem, value: self.int()? }
            };
            self.expect(")")?;
            return Ok(scalar);
        }
        if let Some(op) = Unary::ALL.into_iter().find(|it| it.name() == word) {
            let [value] = self.arguments::<1>(scope)?;
            return Ok(Scalar::unary(op, value));
        }
        if let Some(op) =
            Binary::ALL.into_iter().find(|it| it.symbol().is_none() && it.name() == word)
        {
            let [left, right] = self.arguments::<2>(scope)?;
            return Ok(Scalar::binary(op, left, right));
        }
        self.fail(format!("`{word}` is no scalar operation"))
    }

    fn arguments<const N: usize>(&mut self, scope: &Scope) -> Result<[Scalar; N]> {
        let arguments = self.list("(", ")", |it| it.scalar(scope))?;
        match <[Scalar; N]>::try_from(arguments) {
            Ok(arguments) => Ok(arguments),
            Err(_) => self.fail(format!("expected {N} arguments")),
        }
    }
}

impl Nest {
    /// The nest with the element type that stands behind it in the text.
    fn typed(mut self, parser: &Parser<'_>) -> Result<Nest> {
        // `: f32[…]` follows, and is read again as the node's type.
        if let Some((Token::Word(word), _)) = parser.tokens.get(parser.at + 1)
            && let Some(elem) = Elem::from_name(word)
        {
            self.elem = elem;
            return Ok(self);
        }
        parser.fail("expected the type of the result")
    }
}
