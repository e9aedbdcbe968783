//! What the actions of the grammar share: making spans and nodes, and taking
//! down mistakes.

use crate::ast::*;
use crate::errors;
use crate::lexer::{Comment, unescape};
use crate::token::{Tok, Token};
use lalrpop_util::{ErrorRecovery, ParseError};
use nnc_base::{Diagnostic, FileId, Name, Span, StoredIndex};
use std::convert::Infallible;

/// A recovery of the generated parser.
pub(crate) type Recovery<'text> = ErrorRecovery<u32, Tok<'text>, Infallible>;

/// A syntax error together with what the parser skipped to get over it.
pub(crate) struct Mistake<'text> {
    pub error: ParseError<u32, Tok<'text>, Infallible>,
    pub dropped: Vec<(u32, Tok<'text>, u32)>,
}

pub(crate) struct Context<'text> {
    file: FileId,
    source: &'text str,
    docs: Vec<(u32, String)>,
    pub mistakes: Vec<Mistake<'text>>,
    /// What the actions themselves found wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// The front of a reduction, up to its `]`.
pub(crate) struct ReduceHead {
    pub op: ReduceOp,
    pub op_span: Span,
    pub accumulator: Option<NamedType>,
    pub binders: Vec<Binder>,
    pub guard: Option<Expr>,
}

/// What stands in the braces of a `model`.
pub(crate) enum ModelMember {
    Weights(Ident),
    Choose(Choose),
    Rewrite(Rewrite),
    Entry(Entry),
    Error,
}

/// What a layer is given.
pub(crate) enum LayerArg {
    Value(Arg),
    Layer(GivenLayer),
}

/// The element types that every program knows and that are lower-case.
const ELEMENTS: [&str; 17] = [
    "f64", "f32", "f16", "bf16", "f8", "i64", "i32", "i16", "i8", "u64", "u32", "u16", "u8", "int",
    "float", "bool", "fix",
];

impl<'text> Context<'text> {
    pub(crate) fn new(
        file: FileId,
        source: &'text str,
        tokens: &[Token<'text>],
        comments: &[Comment],
    ) -> Context<'text> {
        let docs = attach_docs(source, tokens, comments);
        Context { file, source, docs, mistakes: Vec::new(), diagnostics: Vec::new() }
    }

    pub(crate) fn span(&self, start: u32, end: u32) -> Span {
        // The place of an empty rule lies between its neighbours, blanks and all.
        Span::new(self.file, start, end.max(start))
    }

    /// The text at a place.
    fn written(&self, span: Span) -> &'text str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    pub(crate) fn recovered(&mut self, recovery: Recovery<'text>) {
        self.mistakes.push(Mistake { error: recovery.error, dropped: recovery.dropped_tokens });
    }

    pub(crate) fn ident(&self, start: u32, text: &str, end: u32) -> Ident {
        Ident { name: Name::new(text), span: self.span(start, end) }
    }

    pub(crate) fn text(&self, start: u32, text: &str, end: u32) -> Text {
        // A wrong escape has been reported by the lexer; the text stays as written.
        let value = unescape(text).unwrap_or_else(|_| text.to_owned());
        Text { value, span: self.span(start, end) }
    }

    /// The doc comment in front of what starts here.
    pub(crate) fn docs(&mut self, start: u32) -> Option<String> {
        let at = self.docs.binary_search_by_key(&start, |(start, _)| *start).ok()?;
        let docs = std::mem::take(&mut self.docs[at].1);
        (!docs.is_empty()).then_some(docs)
    }

    pub(crate) fn item(&mut self, start: u32, public: bool, kind: ItemKind, end: u32) -> Item {
        Item { docs: self.docs(start), public, kind, span: self.span(start, end) }
    }

    pub(crate) fn member(&mut self, start: u32, kind: MemberKind, end: u32) -> Member {
        Member { docs: self.docs(start), kind, span: self.span(start, end) }
    }

    pub(crate) fn model(
        &mut self,
        name: Ident,
        layer: LayerUse,
        members: Option<Vec<ModelMember>>,
    ) -> Model {
        let (weights, chosen, entries) = (Vec::new(), Vec::new(), Vec::new());
        let rewrites = Vec::new();
        let mut model = Model { name, layer, weights, chosen, rewrites, entries };
        for member in members.unwrap_or_default() {
            match member {
                ModelMember::Weights(name) => model.weights.push(name),
                ModelMember::Choose(choose) => model.chosen.push(choose),
                ModelMember::Rewrite(rewrite) => model.rewrites.push(rewrite),
                ModelMember::Entry(entry) => model.entries.push(entry),
                ModelMember::Error => {}
            }
        }
        model
    }

    pub(crate) fn layer_use(
        &mut self,
        start: u32,
        name: Ident,
        args: Option<Vec<StaticArg>>,
        given: Option<Vec<LayerArg>>,
        end: u32,
    ) -> LayerUse {
        let (mut configs, mut layers) = (Vec::new(), Vec::new());
        for it in given.unwrap_or_default() {
            match it {
                LayerArg::Value(arg) => configs.push(arg),
                LayerArg::Layer(layer) => layers.push(layer),
            }
        }
        let args = args.unwrap_or_default();
        LayerUse { name, args, configs, layers, span: self.span(start, end) }
    }

    /// Demands a name of a function outside a layer.
    pub(crate) fn named(&mut self, function: &Fn) {
        if function.name.is_none() {
            self.diagnostics.push(errors::unnamed_function(function.signature_span));
        }
    }

    pub(crate) fn no_holes(&mut self, members: &[Member]) {
        for member in members {
            if let MemberKind::Hole(hole) = &member.kind {
                self.diagnostics.push(errors::hole_in_layer(hole.name));
            }
        }
    }

    pub(crate) fn row(
        &mut self,
        start: u32,
        stored: Text,
        rows: Option<RowSlice>,
        target: RowTarget,
        end: u32,
    ) -> CheckpointRow {
        let pattern = self.pattern(&stored);
        CheckpointRow { stored, pattern, rows, target, span: self.span(start, end) }
    }

    /// The pieces of a stored name.
    fn pattern(&mut self, stored: &Text) -> Vec<PatternPart> {
        let mut parts = Vec::new();
        let mut rest = stored.value.as_str();
        while let Some(open) = rest.find('{') {
            let inside = &rest[open + 1..];
            let close = inside.find('}').unwrap_or(inside.len());
            let name = &inside[..close];
            let index = StoredIndex::parse(name).filter(|_| close < inside.len());
            let Some(index) = index else {
                self.diagnostics.push(errors::bad_stored_name(stored.span, name));
                break;
            };
            if open > 0 {
                parts.push(PatternPart::Text(rest[..open].to_owned()));
            }
            // With an escape in the text the offset would not be exact, so the
            // index then has the place of the whole string.
            let offset = (stored.value.len() - rest.len() + open + 2) as u32;
            let escaped = (stored.span.end - stored.span.start) as usize != stored.value.len() + 2;
            let start = stored.span.start + offset;
            let span = Span::new(stored.span.file, start, start + name.len() as u32);
            let span = if escaped { stored.span } else { span };
            let (times, plus) = (index.times, index.plus);
            let name = Ident { name: Name::new(index.name), span };
            parts.push(PatternPart::Index { name, times, plus });
            rest = &inside[close + 1..];
        }
        let (rest, open) = match rest.strip_suffix('*') {
            Some(front) if front.is_empty() && parts.is_empty() => (front, true),
            Some(front) if front.ends_with('.') => (front, true),
            _ => (rest, false),
        };
        if !rest.is_empty() {
            parts.push(PatternPart::Text(rest.to_owned()));
        }
        if open {
            parts.push(PatternPart::Rest);
        }
        parts
    }

    pub(crate) fn row_target(
        &mut self,
        paths: Vec<ParamPath>,
        cast: Option<NamedType>,
        axes: Option<AxisMap>,
    ) -> RowTarget {
        let ignores = match paths.as_slice() {
            [path] => match path.steps.as_slice() {
                [PathStep::Field(name)] => name.as_str() == "ignore",
                _ => false,
            },
            _ => false,
        };
        if ignores && cast.is_none() && axes.is_none() {
            return RowTarget::Ignore;
        }
        RowTarget::Params { paths, cast, axes }
    }

    /// Tells a built-in element type from a dim.
    pub(crate) fn static_value(&mut self, expr: Expr) -> StaticValue {
        match expr.kind {
            ExprKind::Name(name) if ELEMENTS.contains(&name.as_str()) => {
                StaticValue::Type(NamedType { name, args: Vec::new(), span: expr.span })
            }
            _ => StaticValue::Expr(expr),
        }
    }

    pub(crate) fn expr(&self, start: u32, kind: ExprKind, end: u32) -> Expr {
        Expr { kind, span: self.span(start, end) }
    }

    pub(crate) fn unary(&self, start: u32, op: UnaryOp, operand: Expr, end: u32) -> Expr {
        self.expr(start, ExprKind::Unary { op, operand: Box::new(operand) }, end)
    }

    pub(crate) fn binary(
        &self,
        left: Expr,
        op_start: u32,
        op: BinaryOp,
        op_end: u32,
        right: Expr,
    ) -> Expr {
        let span = left.span.to(right.span);
        let op_span = self.span(op_start, op_end);
        let (left, right) = (Box::new(left), Box::new(right));
        Expr { kind: ExprKind::Binary { op, op_span, left, right }, span }
    }

    /// `a < b < c`: reported, and read as `a < b && b < c`, which it must mean.
    pub(crate) fn chained(
        &mut self,
        pair: Expr,
        op_start: u32,
        op: BinaryOp,
        op_end: u32,
        right: Expr,
    ) -> Expr {
        let first = match &pair.kind {
            // A third comparison: the first two have been reported and joined.
            ExprKind::Binary { op: BinaryOp::And, right, .. } => right,
            _ => &pair,
        };
        let middle = match &first.kind {
            ExprKind::Binary { right, .. } => (**right).clone(),
            // A comparison is a `Binary`, whatever its operands are.
            _ => first.clone(),
        };
        if pair.span == first.span {
            let repair = format!(
                "{} && {} {} {}",
                self.written(pair.span),
                self.written(middle.span),
                op.as_str(),
                self.written(right.span)
            );
            let at = self.span(op_start, op_end);
            self.diagnostics.push(errors::chained_comparison(at, pair.span, &repair));
        }
        let second = self.binary(middle, op_start, op, op_end, right);
        self.binary(pair, op_start, BinaryOp::And, op_end, second)
    }

    pub(crate) fn reduce(
        &self,
        start: u32,
        head: ReduceHead,
        body: Expr,
        otherwise: Option<Expr>,
        end: u32,
    ) -> Expr {
        let reduce = Reduce {
            op: head.op,
            op_span: head.op_span,
            accumulator: head.accumulator,
            binders: head.binders,
            guard: head.guard.map(Box::new),
            body: Box::new(body),
            otherwise: otherwise.map(Box::new),
        };
        self.expr(start, ExprKind::Reduce(reduce), end)
    }

    /// `A -> B`, or `(A, B) -> C`.
    pub(crate) fn arrow(&mut self, left: u32, input: Type, output: Type, right: u32) -> Type {
        let inputs = match input.kind {
            TypeKind::Tuple(fields) => fields.into_iter().map(|field| field.ty).collect(),
            _ => vec![input],
        };
        let kind = TypeKind::Arrow { inputs, output: Box::new(output) };
        Type { kind, span: self.span(left, right) }
    }

    pub(crate) fn let_statement(
        &mut self,
        pattern: Pattern,
        ty: Option<Type>,
        value: Expr,
    ) -> StmtKind {
        if let Some(ty) = &ty {
            match pattern.kind {
                PatternKind::Name(_) | PatternKind::Error => {}
                PatternKind::Indexed { .. } | PatternKind::Tuple(_) => {
                    self.diagnostics.push(errors::type_of_pattern(ty.span, pattern.span));
                }
            }
        }
        StmtKind::Let { pattern, ty, value }
    }

    /// `let norm = layer LayerNorm<4>;`
    pub(crate) fn layer_statement(
        &mut self,
        pattern: Pattern,
        ty: Option<Type>,
        value: FieldValue,
    ) -> StmtKind {
        match (pattern.kind, ty) {
            (PatternKind::Name(name), None) => return StmtKind::Layer { name, value },
            (PatternKind::Error, _) => {}
            (_, _) => self.diagnostics.push(errors::layer_pattern(pattern.span)),
        }
        StmtKind::Error
    }

    /// A test, whose layers are its fields.
    pub(crate) fn test(&mut self, name: Text, mut body: Block) -> Test {
        let mut layers = Vec::new();
        let mut stmts = Vec::new();
        for stmt in body.stmts {
            match stmt.kind {
                StmtKind::Layer { name, value } => {
                    let kind = MemberKind::Field(Field { names: vec![name], value });
                    layers.push(Member { docs: None, kind, span: stmt.span });
                }
                kind => stmts.push(Stmt { kind, ..stmt }),
            }
        }
        body.stmts = stmts;
        Test { name, layers, body }
    }

    /// `target = value;`
    pub(crate) fn update(&mut self, target: Expr, value: Expr) -> StmtKind {
        let span = target.span;
        let written = self.written(span);
        match target.kind {
            ExprKind::Index { base, indices } => match base.kind {
                ExprKind::Name(target) => return StmtKind::Update { target, indices, value },
                ExprKind::Error => {}
                _ => self.diagnostics.push(errors::bad_update(span, written)),
            },
            ExprKind::Name(name) => self.diagnostics.push(errors::assignment(name)),
            ExprKind::Error => {}
            _ => self.diagnostics.push(errors::bad_update(span, written)),
        }
        StmtKind::Error
    }
}

/// The doc comments, each with the start of the token it stands in front of.
fn attach_docs(source: &str, tokens: &[Token], comments: &[Comment]) -> Vec<(u32, String)> {
    let mut docs: Vec<(u32, String)> = Vec::new();
    let mut next = 0;
    for comment in comments.iter().filter(|comment| comment.doc && comment.starts_line) {
        while tokens.get(next).is_some_and(|token| token.span.start < comment.span.start) {
            next += 1;
        }
        let Some(token) = tokens.get(next) else { break };
        let text = &source[comment.span.start as usize..comment.span.end as usize];
        let text = text.trim_start_matches('#');
        let text = text.strip_prefix(' ').unwrap_or(text);
        match docs.last_mut() {
            Some((start, joined)) if *start == token.span.start => {
                joined.push('\n');
                joined.push_str(text);
            }
            _ => docs.push((token.span.start, text.to_owned())),
        }
    }
    docs
}
