//! The text form of the tree, for `--emit=ast` and for tests: one node a line,
//! children two columns further in.

use crate::ast::*;
use std::fmt::{self, Display, Formatter};

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut dump = Dump { out: f, depth: 0 };
        dump.line("module")?;
        dump.inside(|dump| self.items.iter().try_for_each(|item| dump.item(item)))
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Dump { out: f, depth: 0 }.expr(self)
    }
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Dump { out: f, depth: 0 }.ty(self)
    }
}

impl Display for Ident {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

struct Dump<'out, 'text> {
    out: &'out mut Formatter<'text>,
    depth: usize,
}

impl Dump<'_, '_> {
    fn line(&mut self, text: impl Display) -> fmt::Result {
        writeln!(self.out, "{:indent$}{text}", "", indent = self.depth * 2)
    }

    fn inside(&mut self, write: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        self.depth += 1;
        let result = write(self);
        self.depth -= 1;
        result
    }

    fn rewrite_arg(&mut self, arg: &RewriteArg) -> fmt::Result {
        let inside = |dump: &mut Self, args: &[RewriteArg]| {
            dump.inside(|dump| args.iter().try_for_each(|it| dump.rewrite_arg(it)))
        };
        match &arg.kind {
            RewriteArgKind::Int(value) => self.line(value),
            RewriteArgKind::Float(value) => self.line(value),
            RewriteArgKind::Range(from, to) => self.line(format!("{from}..{to}")),
            RewriteArgKind::Word(word) => self.line(word),
            RewriteArgKind::List(args) => {
                self.line("list")?;
                inside(self, args)
            }
            RewriteArgKind::Side(args) => {
                self.line("side")?;
                inside(self, args)
            }
            RewriteArgKind::Times(arg, times) => {
                self.line(format!("times {times}"))?;
                inside(self, std::slice::from_ref(arg))
            }
        }
    }

    /// A line with children below it.
    fn node(
        &mut self,
        text: impl Display,
        write: impl FnOnce(&mut Self) -> fmt::Result,
    ) -> fmt::Result {
        self.line(text)?;
        self.inside(write)
    }

    fn docs(&mut self, docs: &Option<String>) -> fmt::Result {
        match docs {
            Some(docs) => docs.lines().try_for_each(|line| self.line(format!("## {line}"))),
            None => Ok(()),
        }
    }

    // ---- declarations -----------------------------------------------------------

    fn item(&mut self, item: &Item) -> fmt::Result {
        self.docs(&item.docs)?;
        let public = if item.public { "pub " } else { "" };
        match &item.kind {
            ItemKind::Use(it) => {
                let path = it.path.iter().map(Ident::as_str).collect::<Vec<_>>().join(".");
                match &it.names {
                    Some(names) => self.line(format!("{public}use {path} {{{}}}", join(names))),
                    None => self.line(format!("{public}use {path}")),
                }
            }
            ItemKind::Dims(dims) => self.node(format!("{public}dims"), |dump| dump.dims(dims)),
            ItemKind::Kinds(names) => self.line(format!("{public}kind {}", join(names))),
            ItemKind::Elem(it) => self.node(format!("{public}elem {}", it.name), |dump| {
                dump.dims(&it.params)?;
                match &it.parent {
                    Some(parent) => dump.named_type("of", parent),
                    None => Ok(()),
                }
            }),
            ItemKind::Type(it) => self.node(format!("{public}type {}", it.name), |dump| {
                dump.dims(&it.params)?;
                dump.ty(&it.ty)
            }),
            ItemKind::Const(it) => self.constant(public, it),
            ItemKind::Fn(it) => self.function(public, it),
            ItemKind::Struct(it) => self.node(format!("{public}struct {}", it.name), |dump| {
                dump.dims(&it.params)?;
                dump.facts(&it.facts)?;
                for field in &it.fields {
                    dump.docs(&field.docs)?;
                    let names = join(&field.names);
                    dump.node(format!("field {names}"), |dump| dump.ty(&field.ty))?;
                }
                Ok(())
            }),
            ItemKind::Layer(it) => self.node(format!("{public}layer {}", it.name), |dump| {
                dump.dims(&it.params)?;
                for config in &it.configs {
                    dump.node(format!("config {}", config.name), |dump| {
                        dump.ty(&config.ty)?;
                        dump.optional("default", &config.default)
                    })?;
                }
                dump.facts(&it.facts)?;
                dump.members(&it.members)
            }),
            ItemKind::Space(it) => self.node(format!("{public}space {}", it.name), |dump| {
                dump.dims(&it.params)?;
                dump.facts(&it.facts)?;
                dump.members(&it.members)
            }),
            ItemKind::Checkpoint(it) => self
                .node(format!("{public}checkpoint {} for {}", it.name, it.layer), |dump| {
                    it.rows.iter().try_for_each(|row| dump.row(row))
                }),
            ItemKind::Export(it) => {
                let mut head = format!("{public}export {}", it.target);
                if let Some(function) = it.function {
                    head.push_str(&format!(".{function}"));
                }
                if let Some(name) = it.name {
                    head.push_str(&format!(" as {name}"));
                }
                self.node(head, |dump| dump.facts(&it.facts))
            }
            ItemKind::Model(it) => self.node(format!("{public}model {}", it.name), |dump| {
                dump.layer_use(&it.layer)?;
                for name in &it.weights {
                    dump.line(format!("weights {name}"))?;
                }
                for choose in &it.chosen {
                    dump.node(format!("choose {}", choose.hole), |dump| {
                        choose.chain.iter().try_for_each(|layer| dump.layer_use(layer))
                    })?;
                }
                for rewrite in &it.rewrites {
                    let place = &rewrite.place.value;
                    dump.node(format!("rewrite {place:?} {}", rewrite.name), |dump| {
                        rewrite.args.iter().try_for_each(|it| dump.rewrite_arg(it))
                    })?;
                }
                for entry in &it.entries {
                    dump.docs(&entry.docs)?;
                    let head = match entry.function {
                        Some(function) => format!("entry {} = {function}", entry.name),
                        None => format!("entry {}", entry.name),
                    };
                    dump.node(head, |dump| dump.facts(&entry.facts))?;
                }
                Ok(())
            }),
            ItemKind::Test(it) => self.node(format!("{public}test {:?}", it.name.value), |dump| {
                dump.members(&it.layers)?;
                dump.block(&it.body)
            }),
            ItemKind::Error => self.line("error"),
        }
    }

    fn dims(&mut self, dims: &[DimDecl]) -> fmt::Result {
        for dim in dims {
            let head = match dim.kind {
                Some(kind) => format!("dim {}: {kind}", dim.name),
                None => format!("dim {}", dim.name),
            };
            self.node(head, |dump| {
                dump.optional("rate", &dim.rate)?;
                dump.optional("at-least", &dim.at_least)
            })?;
        }
        Ok(())
    }

    fn optional(&mut self, head: &str, expr: &Option<Expr>) -> fmt::Result {
        match expr {
            Some(expr) => self.node(head, |dump| dump.expr(expr)),
            None => Ok(()),
        }
    }

    fn facts(&mut self, facts: &[Expr]) -> fmt::Result {
        facts.iter().try_for_each(|fact| self.node("fact", |dump| dump.expr(fact)))
    }

    fn constant(&mut self, public: &str, it: &Const) -> fmt::Result {
        let head = match it.kind {
            Some(kind) => format!("{public}const {}: {kind}", it.name),
            None => format!("{public}const {}", it.name),
        };
        self.node(head, |dump| dump.expr(&it.value))
    }

    fn function(&mut self, public: &str, it: &Fn) -> fmt::Result {
        let head = match it.name {
            Some(name) => format!("{public}fn {name}"),
            None => format!("{public}fn"),
        };
        self.node(head, |dump| {
            for param in &it.params {
                let inout = if param.inout { "inout " } else { "" };
                let optional = if param.optional { "optional " } else { "" };
                let head = format!("{inout}{optional}param {}", param.name);
                dump.node(head, |dump| dump.ty(&param.ty))?;
            }
            if let Some(result) = &it.result {
                dump.node("result", |dump| dump.ty(result))?;
            }
            dump.facts(&it.facts)?;
            match &it.body {
                FnBody::Block(block) => dump.block(block),
                FnBody::Expr(expr) => dump.node("body", |dump| dump.expr(expr)),
                FnBody::Error(_) => dump.line("error"),
            }
        })
    }

    fn members(&mut self, members: &[Member]) -> fmt::Result {
        for member in members {
            self.docs(&member.docs)?;
            match &member.kind {
                MemberKind::Const(it) => self.constant("", it)?,
                MemberKind::Fn(it) => self.function("", it)?,
                MemberKind::Field(it) => {
                    let head = format!("field {}", join(&it.names));
                    self.node(head, |dump| dump.field_value(&it.value))?;
                }
                MemberKind::Hole(it) => self.node(format!("hole {}", it.name), |dump| {
                    dump.node("input", |dump| dump.ty(&it.input))?;
                    dump.node("output", |dump| dump.ty(&it.output))?;
                    it.candidates.iter().try_for_each(|candidate| dump.candidate(candidate))
                })?,
                MemberKind::Error => self.line("error")?,
            }
        }
        Ok(())
    }

    fn candidate(&mut self, candidate: &Candidate) -> fmt::Result {
        self.node("candidate", |dump| {
            candidate.chain.iter().try_for_each(|layer| dump.layer_use(layer))?;
            candidate.choices.iter().try_for_each(|choice| {
                dump.node(format!("for {}", choice.name), |dump| dump.expr(&choice.values))
            })
        })
    }

    fn field_value(&mut self, value: &FieldValue) -> fmt::Result {
        match &value.kind {
            FieldKind::Param { ty, init } => self.node("param", |dump| {
                dump.ty(ty)?;
                dump.optional("init", init)
            }),
            FieldKind::State { ty, init } => self.node("state", |dump| {
                dump.ty(ty)?;
                dump.optional("init", init)
            }),
            FieldKind::Layer(layer) => self.layer_use(layer),
            FieldKind::With { layer, replaced } => self.node("with", |dump| {
                dump.layer_use(layer)?;
                replaced.iter().try_for_each(|it| dump.replacement(it))
            }),
            FieldKind::Array { element, index, count } => self.node("array", |dump| {
                dump.field_value(element)?;
                if let Some(index) = index {
                    dump.line(format!("place {}", index.as_str()))?;
                }
                dump.node("count", |dump| dump.expr(count))
            }),
            FieldKind::If { condition, then, otherwise } => self.node("if", |dump| {
                dump.expr(condition)?;
                dump.node("then", |dump| dump.field_value(then))?;
                match otherwise {
                    Some(value) => dump.node("else", |dump| dump.field_value(value)),
                    None => Ok(()),
                }
            }),
            FieldKind::Error => self.line("error"),
        }
    }

    fn layer_use(&mut self, layer: &LayerUse) -> fmt::Result {
        self.node(format!("layer {}", layer.name), |dump| {
            dump.static_args(&layer.args)?;
            dump.args("config", &layer.configs)?;
            for given in &layer.layers {
                dump.node(format!("given {}", given.name), |dump| dump.field_value(&given.value))?;
            }
            Ok(())
        })
    }

    fn replacement(&mut self, it: &Replacement) -> fmt::Result {
        self.node(format!("replaced {}", it.path), |dump| dump.expr(&it.value))
    }

    fn row(&mut self, row: &CheckpointRow) -> fmt::Result {
        self.node(format!("row {:?}", row.stored.value), |dump| {
            if let Some(rows) = &row.rows {
                dump.node("from", |dump| dump.expr(&rows.from))?;
                dump.node("to", |dump| dump.expr(&rows.to))?;
            }
            dump.row_target(&row.target)
        })
    }

    fn row_target(&mut self, target: &RowTarget) -> fmt::Result {
        match target {
            RowTarget::Below { path, cast } => {
                self.line(format!("below {path}"))?;
                match cast {
                    Some(cast) => self.named_type("as", cast),
                    None => Ok(()),
                }
            }
            RowTarget::Ignore => self.line("ignore"),
            RowTarget::Params { paths, cast, axes } => {
                for path in paths {
                    self.line(format!("path {path}"))?;
                }
                if let Some(cast) = cast {
                    self.named_type("as", cast)?;
                }
                match axes {
                    Some(axes) => self.node("axes", |dump| {
                        dump.node("from", |dump| dump.axis_groups(&axes.from))?;
                        dump.node("to", |dump| dump.axis_groups(&axes.to))
                    }),
                    None => Ok(()),
                }
            }
            RowTarget::Error => self.line("error"),
        }
    }

    fn axis_groups(&mut self, groups: &[AxisGroup]) -> fmt::Result {
        for group in groups {
            match group {
                AxisGroup::One(name) => self.line(name)?,
                AxisGroup::Merged(parts, _) => self.node("merged", |dump| dump.split(parts))?,
            }
        }
        Ok(())
    }

    fn split(&mut self, parts: &[SplitPart]) -> fmt::Result {
        for part in parts {
            self.line(part.name)?;
            if let Some(size) = &part.size {
                self.inside(|dump| dump.expr(size))?;
            }
        }
        Ok(())
    }

    // ---- types --------------------------------------------------------------------

    fn ty(&mut self, ty: &Type) -> fmt::Result {
        match &ty.kind {
            TypeKind::Named(named) => self.named_type("type", named),
            TypeKind::Tensor { element, axes } => self.node("tensor", |dump| {
                dump.named_type("element", element)?;
                axes.iter().try_for_each(|axis| match &axis.kind {
                    AxisKind::Rest => dump.line("axis .."),
                    AxisKind::Broadcast => dump.line("axis _"),
                    AxisKind::Dim { size, rate } => dump.node("axis", |dump| {
                        dump.expr(size)?;
                        dump.optional("rate", rate)
                    }),
                })
            }),
            TypeKind::Dim { bound } => match bound {
                Some(bound) => {
                    let head = format!("dim {}", bound.op.as_str());
                    self.node(head, |dump| dump.expr(&bound.value))
                }
                None => self.line("dim"),
            },
            TypeKind::Tuple(fields) => self.node("tuple", |dump| {
                for field in fields {
                    match field.name {
                        Some(name) => dump.node(name, |dump| dump.ty(&field.ty))?,
                        None => dump.ty(&field.ty)?,
                    }
                }
                Ok(())
            }),
            TypeKind::Array { element, count } => self.node("array", |dump| {
                dump.ty(element)?;
                dump.node("count", |dump| dump.expr(count))
            }),
            TypeKind::Arrow { inputs, output } => self.node("arrow", |dump| {
                for input in inputs {
                    dump.ty(input)?;
                }
                dump.node("output", |dump| dump.ty(output))
            }),
            TypeKind::Error => self.line("error"),
        }
    }

    fn named_type(&mut self, head: &str, named: &NamedType) -> fmt::Result {
        self.node(format!("{head} {}", named.name), |dump| dump.static_args(&named.args))
    }

    fn static_args(&mut self, args: &[StaticArg]) -> fmt::Result {
        for arg in args {
            let head = match arg.name {
                Some(name) => format!("static {name} ="),
                None => "static".to_owned(),
            };
            self.node(head, |dump| match &arg.value {
                StaticValue::Expr(expr) => dump.expr(expr),
                StaticValue::Type(named) => dump.named_type("type", named),
            })?;
        }
        Ok(())
    }

    // ---- statements ---------------------------------------------------------------

    fn block(&mut self, block: &Block) -> fmt::Result {
        self.node("block", |dump| {
            block.stmts.iter().try_for_each(|stmt| dump.stmt(stmt))?;
            match &block.value {
                Some(value) => dump.node("value", |dump| dump.expr(value)),
                None => Ok(()),
            }
        })
    }

    fn stmt(&mut self, stmt: &Stmt) -> fmt::Result {
        match &stmt.kind {
            StmtKind::Let { pattern, ty, value } => self.node("let", |dump| {
                match &pattern.kind {
                    PatternKind::Name(name) => dump.line(name)?,
                    PatternKind::Indexed { name, indices } => {
                        dump.node(name, |dump| dump.indices(indices))?;
                    }
                    PatternKind::Tuple(names) => dump.line(format!("({})", join(names)))?,
                    PatternKind::Error => dump.line("error")?,
                }
                if let Some(ty) = ty {
                    dump.ty(ty)?;
                }
                dump.expr(value)
            }),
            StmtKind::Layer { name, value } => {
                self.node(format!("layer {name}"), |dump| dump.field_value(value))
            }
            StmtKind::Update { target, indices, value } => {
                self.node(format!("update {target}"), |dump| {
                    dump.indices(indices)?;
                    dump.expr(value)
                })
            }
            StmtKind::Assert(fact) => self.node("assert", |dump| dump.expr(fact)),
            StmtKind::Scan(scan) => self.node(format!("scan {}", scan.index), |dump| {
                dump.node("in", |dump| dump.expr(&scan.extent))?;
                dump.optional("while", &scan.condition)?;
                for carry in &scan.carries {
                    dump.node(format!("carry {}", carry.name), |dump| {
                        dump.indices(&carry.indices)?;
                        dump.expr(&carry.init)
                    })?;
                }
                scan.body.iter().try_for_each(|stmt| dump.stmt(stmt))
            }),
            StmtKind::Yield { target, indices, value } => {
                self.node(format!("yield {target}"), |dump| {
                    dump.indices(indices)?;
                    dump.expr(value)
                })
            }
            StmtKind::Expr(expr) => self.node("do", |dump| dump.expr(expr)),
            StmtKind::Error => self.line("error"),
        }
    }

    // ---- expressions ----------------------------------------------------------------

    fn expr(&mut self, expr: &Expr) -> fmt::Result {
        match &expr.kind {
            ExprKind::Name(name) => self.line(name),
            ExprKind::Int(value) => self.line(value),
            ExprKind::Float(value) => self.line(format!("{value:?}")),
            ExprKind::Bool(value) => self.line(value),
            ExprKind::Text(text) => self.line(format!("{text:?}")),
            ExprKind::Quantity { value, unit } => self.line(format!("{value}{}", unit.as_str())),
            ExprKind::Unary { op, operand } => self.node(op.as_str(), |dump| dump.expr(operand)),
            ExprKind::Binary { op, left, right, op_span: _ } => self.node(op.as_str(), |dump| {
                dump.expr(left)?;
                dump.expr(right)
            }),
            ExprKind::Pipe { value, function } => self.node("|>", |dump| {
                dump.expr(value)?;
                dump.expr(function)
            }),
            ExprKind::Cast { value, to } => self.node("cast", |dump| {
                dump.expr(value)?;
                dump.named_type("as", to)
            }),
            ExprKind::Field { base, name } => {
                let head = match name {
                    Some(name) => format!("field {name}"),
                    None => "field missing".to_owned(),
                };
                self.node(head, |dump| dump.expr(base))
            }
            ExprKind::Call { function, args } => self.node("call", |dump| {
                dump.expr(function)?;
                dump.args("arg", args)
            }),
            ExprKind::Index { base, indices } => self.node("index", |dump| {
                dump.expr(base)?;
                dump.indices(indices)
            }),
            ExprKind::Tuple(items) => self.exprs("tuple", items),
            ExprKind::List(items) => self.exprs("list", items),
            ExprKind::If { condition, then, otherwise } => self.node("if", |dump| {
                dump.expr(condition)?;
                dump.block(then)?;
                dump.node("else", |dump| dump.expr(otherwise))
            }),
            ExprKind::Block(block) => self.block(block),
            ExprKind::Lambda { params, body } => {
                let names: Vec<Ident> = params.iter().map(|it| it.name).collect();
                self.node(format!("lambda {}", join(&names)), |dump| {
                    for param in params {
                        if let Some(ty) = &param.ty {
                            dump.node(format!("type {}", param.name.as_str()), |dump| dump.ty(ty))?;
                        }
                    }
                    dump.expr(body)
                })
            }
            ExprKind::Reduce(reduce) => self.reduce(reduce),
            ExprKind::With { layer, replaced } => self.node("with", |dump| {
                dump.expr(layer)?;
                replaced.iter().try_for_each(|it| dump.replacement(it))
            }),
            ExprKind::Hole => self.line("?"),
            ExprKind::Error => self.line("error"),
        }
    }

    fn exprs(&mut self, head: &str, items: &[Expr]) -> fmt::Result {
        self.node(head, |dump| items.iter().try_for_each(|item| dump.expr(item)))
    }

    fn args(&mut self, head: &str, args: &[Arg]) -> fmt::Result {
        for arg in args {
            let head = match arg.name {
                Some(name) => format!("{head} {name} ="),
                None => head.to_owned(),
            };
            self.node(head, |dump| dump.expr(&arg.value))?;
        }
        Ok(())
    }

    fn reduce(&mut self, reduce: &Reduce) -> fmt::Result {
        self.node(reduce.op.as_str(), |dump| {
            if let Some(accumulator) = &reduce.accumulator {
                dump.named_type("accumulator", accumulator)?;
            }
            for binder in &reduce.binders {
                dump.node(format!("over {}", binder.name), |dump| match &binder.extent {
                    Some(extent) => dump.expr(extent),
                    None => Ok(()),
                })?;
            }
            if let Some(guard) = &reduce.guard {
                dump.node("guard", |dump| dump.expr(guard))?;
            }
            dump.expr(&reduce.body)?;
            match &reduce.otherwise {
                Some(value) => dump.node("else", |dump| dump.expr(value)),
                None => Ok(()),
            }
        })
    }

    fn indices(&mut self, indices: &[Index]) -> fmt::Result {
        for index in indices {
            match &index.kind {
                IndexKind::Expr(expr) => self.node("at", |dump| dump.expr(expr))?,
                IndexKind::Rest => self.line("at ..")?,
                IndexKind::Broadcast => self.line("at _")?,
                IndexKind::Split(parts) => self.node("split", |dump| dump.split(parts))?,
                IndexKind::Extent { name, extent } => {
                    self.node(format!("at {name}:"), |dump| dump.expr(extent))?;
                }
            }
        }
        Ok(())
    }
}

fn join(names: &[Ident]) -> String {
    names.iter().map(Ident::as_str).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for ParamPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                PathStep::Field(name) if at == 0 => f.write_str(name.as_str())?,
                PathStep::Field(name) => write!(f, ".{}", name.as_str())?,
                PathStep::Index(name) => write!(f, "[{}]", name.as_str())?,
                PathStep::At(index, _) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
