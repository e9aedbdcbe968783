//! The text of a program, for people: `--emit=hir`.
//!
//! Types print as in a program where the parts of a type suffice for that; a type
//! with a meaning or a struct in it needs the [`Program`] for the names, see
//! [`Program::show`].

use std::fmt::{self, Display, Write};

use nnc_base::Name;
use nnc_shape::Dim;

use crate::{
    Affine, Arg, Axis, AxisSize, Base, Binding, Block, Call, Condition, ConfigValue, DimParam,
    Elem, Expr, ExprKind, FieldValue, Function, Index, Layer, LayerUse, NestAxis, PackBinding,
    Path, PathRoot, PathStep, Places, Program, Rate, Scalar, ScalarArg, ScalarKind, Stmt,
    TensorType, Type, ViewAxis,
};

/// Something with the program that its ids point into.
#[derive(Clone, Copy)]
pub struct Shown<'a, T: ?Sized> {
    program: &'a Program,
    what: &'a T,
}

impl Program {
    /// `what`, to be printed with the names of this program.
    pub fn show<'a, T: ?Sized>(&'a self, what: &'a T) -> Shown<'a, T> {
        Shown { program: self, what }
    }
}

/// Prints items with a separator in between.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    mut print: impl FnMut(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        print(f, item)?;
    }
    Ok(())
}

impl Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilo = self.numerator >= 1000 * self.denominator;
        let (numerator, unit) = if kilo { (self.numerator, "kHz") } else { (self.numerator, "Hz") };
        let denominator = self.denominator * if kilo { 1000 } else { 1 };
        if numerator.is_multiple_of(denominator) {
            write!(f, "{}{unit}", numerator / denominator)
        } else {
            let value = numerator as f64 / denominator as f64;
            write!(f, "{}{unit}", (value * 1000.0).round() / 1000.0)
        }
    }
}

impl Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Base::F64 => "f64",
            Base::F32 => "f32",
            Base::F16 => "f16",
            Base::BF16 => "bf16",
            Base::F8 => "f8",
            Base::I64 => "i64",
            Base::I32 => "int",
            Base::I8 => "i8",
            Base::U8 => "u8",
            Base::Bool => "bool",
            Base::Float => "float",
            Base::Quantised { bits, groups } => return write!(f, "q{bits}<{groups}>"),
            Base::Fixed { bits, integer } => return write!(f, "fix<{bits}, {integer}>"),
        })
    }
}

impl Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.size {
            AxisSize::Dim(dim) => write!(f, "{dim}"),
            AxisSize::Broadcast => f.write_str("_"),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Const(value) => write!(f, "{value}"),
            Condition::Config(name) => write!(f, "{name}"),
            Condition::Given(name) => write!(f, "given({name})"),
            Condition::Compare(op, left, right) => write!(f, "{left} {} {right}", op.symbol()),
            Condition::Not(inner) => write!(f, "!({inner})"),
            Condition::And(left, right) => {
                let side = |side: &Condition| match side {
                    Condition::Or(..) => format!("({side})"),
                    _ => side.to_string(),
                };
                write!(f, "{} && {}", side(left), side(right))
            }
            Condition::Or(left, right) => write!(f, "{left} || {right}"),
        }
    }
}

impl Display for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigValue::Dim(dim) => write!(f, "{dim}"),
            ConfigValue::Float(value) => write!(f, "{value:?}"),
            ConfigValue::Bool(condition) => write!(f, "{condition}"),
            ConfigValue::Config(name) => write!(f, "{name}"),
        }
    }
}

impl Display for Shown<'_, Elem> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(meaning) = &self.what.meaning else {
            return write!(f, "{}", self.what.base);
        };
        let Some(declared) = self.program.meanings.get(meaning.id) else {
            return f.write_str("?");
        };
        write!(f, "{}", declared.name)?;
        let base = (declared.base.base != self.what.base).then(|| self.what.base.to_string());
        let shown = declared
            .params
            .iter()
            .zip(&meaning.args)
            .map(|(param, arg)| shown_parameter(param, arg));
        let args = base.into_iter().chain(shown);
        let args: Vec<String> = args.collect();
        if args.is_empty() { Ok(()) } else { write!(f, "<{}>", args.join(", ")) }
    }
}

/// A parameter of a meaning as a program writes it: `16kHz` for 16000 of kind `rate`.
pub fn shown_parameter(param: &DimParam, value: &Dim) -> String {
    let hertz = value.as_constant().filter(|_| param.is_rate());
    let rate = hertz.and_then(|it| Rate::new(u64::try_from(it).ok()?, 1));
    rate.map_or_else(|| value.to_string(), |rate| rate.to_string())
}

impl Display for Shown<'_, TensorType> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ty = self.what;
        write!(f, "{}", self.program.show(&ty.elem))?;
        if ty.is_scalar() {
            return Ok(());
        }
        let pack = ty.pack.then(|| "..".to_owned());
        let axes: Vec<String> =
            pack.into_iter().chain(ty.axes.iter().map(|axis| axis.to_string())).collect();
        write!(f, "[{}]", axes.join(", "))
    }
}

impl Display for Shown<'_, Type> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            Type::Tensor(tensor) => write!(f, "{}", self.program.show(tensor)),
            Type::Dim(dim) => write!(f, "dim {dim}"),
            Type::Tuple(parts) => {
                f.write_char('(')?;
                list(f, parts, |f, part| write!(f, "{}", self.program.show(part)))?;
                f.write_char(')')
            }
            Type::Struct { id, dims, lens } => {
                match self.program.structs.get(*id) {
                    Some(it) => write!(f, "{}", it.name)?,
                    None => f.write_char('?')?,
                }
                f.write_char('<')?;
                list(f, dims, |f, dim| write!(f, "{dim}"))?;
                f.write_char('>')?;
                if !lens.is_empty() {
                    f.write_str(" at ")?;
                    list(f, lens, |f, len| write!(f, "{len}"))?;
                }
                Ok(())
            }
            Type::Array(item, places) => write!(f, "[{}; {places}]", self.program.show(&**item)),
            Type::Layer(layer) => write!(f, "{}", self.program.show(layer)),
            Type::Error => f.write_char('?'),
        }
    }
}

impl Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name {
            write!(f, "{name} in ")?;
        }
        write!(f, "{}", self.count)
    }
}

impl Display for Shown<'_, LayerUse> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(layer) = self.program.layers.get(self.what.layer) else {
            return f.write_char('?');
        };
        write!(f, "{}", layer.name)?;
        if !self.what.dims.is_empty() {
            f.write_char('<')?;
            list(f, &self.what.dims, |f, dim| write!(f, "{dim}"))?;
            f.write_char('>')?;
        }
        if !self.what.configs.is_empty() {
            f.write_char('(')?;
            list(f, layer.configs.iter().zip(&self.what.configs), |f, (config, value)| {
                write!(f, "{}={value}", config.name)
            })?;
            f.write_char(')')?;
        }
        Ok(())
    }
}

impl Display for Shown<'_, FieldValue> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value| self.program.show(value);
        match self.what {
            FieldValue::Param { ty, init } => {
                write!(f, "param {} = {}", self.program.show(ty), init.name)?;
                if init.args.is_empty() {
                    return Ok(());
                }
                f.write_char('(')?;
                list(f, &init.args, |f, arg| write!(f, "{arg:?}"))?;
                f.write_char(')')
            }
            FieldValue::Layer(layer) => write!(f, "{}", self.program.show(layer)),
            FieldValue::Array(item, places) => {
                let item: &FieldValue = item;
                write!(f, "[{}; {places}]", self.program.show(item))
            }
            FieldValue::If { condition, then, otherwise } => {
                let (then, otherwise): (&FieldValue, &FieldValue) = (then, otherwise);
                write!(f, "if {condition} {{ {} }} else {{ {} }}", show(then), show(otherwise))
            }
            FieldValue::Absent => f.write_str("absent"),
            FieldValue::Error => f.write_str("<error>"),
            FieldValue::Hole(hole) => {
                write!(
                    f,
                    "hole {} -> {} in {{ ",
                    self.program.show(&hole.input),
                    self.program.show(&hole.output)
                )?;
                list(f, &hole.candidates, |f, candidate| f.write_str(&candidate.text))?;
                f.write_str(" }")
            }
        }
    }
}

impl Display for Shown<'_, Layer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = self.what;
        let word = if layer.space { "space" } else { "layer" };
        write!(f, "{word} {}.{}", layer.module, layer.name)?;
        if !layer.params.is_empty() {
            f.write_char('<')?;
            list(f, &layer.params, |f, param| write!(f, "{}", param.name))?;
            f.write_char('>')?;
        }
        if !layer.configs.is_empty() {
            f.write_char('(')?;
            list(f, &layer.configs, |f, config| {
                write!(f, "{}", config.name)?;
                match &config.default {
                    Some(value) => write!(f, " = {value}"),
                    None => Ok(()),
                }
            })?;
            f.write_char(')')?;
        }
        facts(f, &layer.facts)?;
        f.write_str(" {\n")?;
        for alias in &layer.aliases {
            writeln!(f, "    const {} = {}", alias.name, alias.value)?;
        }
        for field in &layer.fields {
            writeln!(f, "    {}: {}", field.name, self.program.show(&field.value))?;
        }
        for &function in &layer.functions {
            let text = self.program.show(&self.program.functions[function]).to_string();
            for line in text.lines() {
                writeln!(f, "    {line}")?;
            }
        }
        f.write_str("}\n")
    }
}

fn facts(f: &mut fmt::Formatter<'_>, facts: &[Condition]) -> fmt::Result {
    if facts.is_empty() {
        return Ok(());
    }
    f.write_str(" where ")?;
    list(f, facts, |f, fact| write!(f, "{fact}"))
}

impl Display for Shown<'_, Function> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self.what;
        f.write_str("fn")?;
        if let Some(name) = function.name {
            write!(f, " {name}")?;
        }
        if !function.dims.is_empty() {
            f.write_char('<')?;
            list(f, &function.dims, |f, dim| write!(f, "{}", dim.name))?;
            f.write_char('>')?;
        }
        f.write_char('(')?;
        list(f, &function.params, |f, param| {
            let inout = if param.inout.is_some() { "inout " } else { "" };
            let optional = if param.optional { "?" } else { "" };
            write!(f, "{}: {inout}{}{optional}", param.name, self.program.show(&param.ty))
        })?;
        write!(f, ") -> {}", self.program.show(&function.result))?;
        facts(f, &function.facts)?;
        f.write_str(" {\n")?;
        let mut printer = Printer { program: self.program, function, out: String::new(), depth: 1 };
        printer.block(&function.body);
        f.write_str(&printer.out)?;
        f.write_str("}\n")
    }
}

impl Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (_, layer) in self.layers.iter() {
            writeln!(f, "{}", self.show(layer))?;
        }
        for (_, function) in self.functions.iter() {
            if function.owner.is_none() {
                writeln!(f, "# {}\n{}", function.module, self.show(function))?;
            }
        }
        for model in &self.models {
            writeln!(f, "model {} = {} {{", model.name, self.show(&model.layer))?;
            for entry in &model.entries {
                write!(f, "    entry {} with {{ ", entry.name)?;
                list(f, &entry.facts, |f, fact| write!(f, "{fact}"))?;
                f.write_str(" }\n")?;
            }
            f.write_str("}\n")?;
        }
        Ok(())
    }
}

/// Prints bodies, a statement a line.
struct Printer<'a> {
    program: &'a Program,
    function: &'a Function,
    out: String,
    depth: usize,
}

impl Printer<'_> {
    fn line(&mut self, text: &str) {
        for _ in 0..self.depth {
            self.out.push_str("    ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn local(&self, id: crate::LocalId) -> String {
        match self.function.locals.get(id) {
            Some(local) => format!("{}.{}", local.name, id.raw()),
            None => "?".to_owned(),
        }
    }

    fn var(&self, id: crate::IndexVarId) -> String {
        match self.function.index_vars.get(id) {
            Some(var) => format!("{}'{}", var.name, id.raw()),
            None => "?".to_owned(),
        }
    }

    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
        let value = self.expr(&block.value);
        self.line(&value);
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let(Binding { locals, tuple, value }) => {
                let names: Vec<String> = locals.iter().map(|&it| self.local(it)).collect();
                let names = names.join(", ");
                let names = if *tuple { format!("({names})") } else { names };
                let text = self.expr(value);
                let ty = self.program.show(&value.ty).to_string();
                self.line(&format!("let {names}: {ty} = {text};"));
            }
            Stmt::Scan(scan) => {
                let carries: Vec<String> = scan
                    .carries
                    .iter()
                    .map(|carry| {
                        let init = self.expr(&carry.init);
                        let before = self.local(carry.before);
                        let (after, last) = (self.local(carry.after), self.local(carry.last));
                        format!("{before} = {init} -> {after} -> {last}")
                    })
                    .collect();
                let var = self.var(scan.var);
                let extent = &scan.extent;
                self.line(&format!("scan {var} in {extent} with {} {{", carries.join(", ")));
                self.depth += 1;
                for stmt in &scan.body {
                    self.stmt(stmt);
                }
                for it in &scan.yields {
                    let (step, all) = (self.local(it.step), self.local(it.all));
                    self.line(&format!("yield {all} = {step} at axis {};", it.axis));
                }
                self.depth -= 1;
                self.line("}");
            }
            Stmt::Assert { value, .. } => {
                let value = self.expr(value);
                self.line(&format!("assert {value};"));
            }
            Stmt::AssertSizes { condition, .. } => self.line(&format!("assert {condition};")),
        }
    }

    /// An inner block, indented, as the text of an expression.
    fn nested(&mut self, block: &Block) -> String {
        let outer = std::mem::take(&mut self.out);
        self.depth += 1;
        self.block(block);
        self.depth -= 1;
        let inner = std::mem::replace(&mut self.out, outer);
        format!("{{\n{inner}{}}}", "    ".repeat(self.depth))
    }

    fn exprs(&mut self, exprs: &[Expr]) -> String {
        let texts: Vec<String> = exprs.iter().map(|it| self.expr(it)).collect();
        texts.join(", ")
    }

    fn expr(&mut self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Local(id) => self.local(*id),
            ExprKind::Param(path) | ExprKind::Layer(path) => self.path(path),
            ExprKind::Dim(dim) => format!("({dim})"),
            ExprKind::Config(name) => format!("config {name}"),
            ExprKind::Condition(condition) => format!("({condition})"),
            ExprKind::Float(value) => format!("{value:?}"),
            ExprKind::Int(value) => value.to_string(),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::List(items) => format!("[{}]", self.exprs(items)),
            ExprKind::Unary(op, value) => format!("{}({})", op.name(), self.expr(value)),
            ExprKind::Binary(op, left, right) => {
                format!("({} {} {})", self.expr(left), op.name(), self.expr(right))
            }
            ExprKind::Compare(op, left, right) => {
                format!("({} {} {})", self.expr(left), op.symbol(), self.expr(right))
            }
            ExprKind::Cast { to, value } => {
                format!("({} as {})", self.expr(value), self.program.show(to))
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Nest(nest) => {
                let axes = self.axes(&nest.axes);
                let pack = if nest.pack { "..; " } else { "" };
                let grouped = nest.groups.iter().any(|&it| it != 1);
                let groups =
                    if grouped { format!(" groups {:?}", nest.groups) } else { String::new() };
                let value = self.scalar(&nest.value);
                format!("nest [{pack}{axes}]{groups} {value}")
            }
            ExprKind::View { value, axes } => {
                let axes: Vec<String> = axes
                    .iter()
                    .map(|axis| match axis {
                        ViewAxis::Keep => ":".to_owned(),
                        ViewAxis::Broadcast => "_".to_owned(),
                        ViewAxis::At(dim) => dim.to_string(),
                    })
                    .collect();
                format!("view {}[{}]", self.expr(value), axes.join(", "))
            }
            ExprKind::Split { value, axis, sizes } => {
                let sizes: Vec<String> = sizes.iter().map(|it| it.to_string()).collect();
                format!("split({}, [{}], axis={axis})", self.expr(value), sizes.join(", "))
            }
            ExprKind::Concat { parts, axis } => {
                let parts: Vec<String> = parts.iter().map(|it| self.expr(&it.value)).collect();
                format!("concat({}, axis={axis})", parts.join(", "))
            }
            ExprKind::TopK { value, k } => format!("top_k({}, k={k})", self.expr(value)),
            ExprKind::Append { state, values, at, count, .. } => {
                let values = self.exprs(values);
                format!("append({}, {values}, at={at}, count={count})", self.expr(state))
            }
            ExprKind::StructField { value, field } => format!("{}.{field}", self.expr(value)),
            ExprKind::Fold(fold) => {
                let mut arrays = Vec::new();
                for item in &fold.arrays {
                    let array = self.expr(&item.array);
                    let name = self.local(item.item);
                    let updated = match item.updated {
                        Some((one, all)) => {
                            format!(" -> {} -> {}", self.local(one), self.local(all))
                        }
                        None => String::new(),
                    };
                    arrays.push(format!("{name} in {array}{updated}"));
                }
                let (arrays, count) = (arrays.join(", "), &fold.count);
                let (init, carry) = (self.expr(&fold.init), self.local(fold.carry));
                let body = self.expr(&fold.body);
                let place = fold.place.map(|it| format!("{it} in ")).unwrap_or_default();
                format!("fold [{arrays}; {place}{count}] {carry} = {init} => {body}")
            }
            ExprKind::IfSizes { condition, then, otherwise } => {
                format!(
                    "if {condition} {{ {} }} else {{ {} }}",
                    self.expr(then),
                    self.expr(otherwise)
                )
            }
            ExprKind::If { condition, then, otherwise } => format!(
                "if {} {{ {} }} else {{ {} }}",
                self.expr(condition),
                self.expr(then),
                self.expr(otherwise)
            ),
            ExprKind::Select { condition, then, otherwise } => format!(
                "select({}, {}, {})",
                self.expr(condition),
                self.expr(then),
                self.expr(otherwise)
            ),
            ExprKind::Block(block) => self.nested(block),
            ExprKind::Tuple(parts) => format!("({})", self.exprs(parts)),
            ExprKind::Project { value, index } => format!("{}.{index}", self.expr(value)),
            ExprKind::Hole(hole) => format!("?({})", self.exprs(&hole.args)),
            ExprKind::SpaceHole { path, value, .. } => {
                format!("{}({})", self.path(path), self.expr(value))
            }
            ExprKind::Error => "<error>".to_owned(),
        }
    }

    fn path(&self, path: &Path) -> String {
        let mut text = match path.root {
            PathRoot::Owner => "self".to_owned(),
            PathRoot::Local(id) => self.local(id),
        };
        for step in &path.steps {
            match step {
                PathStep::Field(name) => text.push_str(&format!(".{name}")),
                PathStep::Index(dim) => text.push_str(&format!("[{dim}]")),
            }
        }
        text
    }

    fn callee(&self, function: crate::FunctionId, bound: &[nnc_shape::Dim]) -> String {
        let Some(callee) = self.program.functions.get(function) else {
            return "?".to_owned();
        };
        let name = callee.name.unwrap_or_else(|| Name::new("fn"));
        let dims: Vec<String> = callee
            .dims
            .iter()
            .zip(bound)
            .map(|(param, dim)| format!("{}={dim}", param.name))
            .collect();
        if dims.is_empty() { name.to_string() } else { format!("{name}<{}>", dims.join(", ")) }
    }

    fn call(&mut self, call: &Call) -> String {
        let mut args = Vec::new();
        for arg in &call.args {
            args.push(match arg {
                Arg::Value(value) => self.expr(value),
                Arg::Dim(dim) => dim.to_string(),
                Arg::Absent => "none".to_owned(),
                Arg::InOut { before, after } => {
                    format!("inout {} -> {}", self.local(*before), self.local(*after))
                }
            });
        }
        let PackBinding { outer, axes } = &call.pack;
        let mut pack: Vec<String> = outer.then(|| "..".to_owned()).into_iter().collect();
        pack.extend(axes.iter().map(|axis| axis.to_string()));
        let pack =
            if pack.is_empty() { String::new() } else { format!(" over [{}]", pack.join(", ")) };
        let float = call.float.as_ref().map(|it| format!(" at {it}")).unwrap_or_default();
        let receiver =
            call.receiver.as_ref().map(|it| format!("{}.", self.path(it))).unwrap_or_default();
        let callee = self.callee(call.function, &call.dims);
        format!("{receiver}{callee}({}){pack}{float}", args.join(", "))
    }

    fn axes(&self, axes: &[NestAxis]) -> String {
        let axes: Vec<String> =
            axes.iter().map(|it| format!("{}: {}", self.var(it.var), it.extent)).collect();
        axes.join(", ")
    }

    fn affine(&self, affine: &Affine) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (var, coefficient) in &affine.terms {
            parts.push(match coefficient.as_constant() {
                Some(1) => self.var(*var),
                _ => format!("({coefficient})*{}", self.var(*var)),
            });
        }
        if affine.offset.as_constant() != Some(0) || parts.is_empty() {
            parts.push(affine.offset.to_string());
        }
        parts.join(" + ")
    }

    fn scalar(&mut self, scalar: &Scalar) -> String {
        match &scalar.kind {
            ScalarKind::Read { tensor, pack, index } => {
                let tensor = self.expr(tensor);
                let mut places: Vec<String> = pack.then(|| "..".to_owned()).into_iter().collect();
                for index in index {
                    places.push(match index {
                        Index::Affine(affine) => self.affine(affine),
                        Index::Data(scalar) => self.scalar(scalar),
                    });
                }
                format!("{tensor}[{}]", places.join(", "))
            }
            ScalarKind::Float(value) => format!("{value:?}"),
            ScalarKind::Int(value) => value.to_string(),
            ScalarKind::Bool(value) => value.to_string(),
            ScalarKind::Affine(affine) => format!("({})", self.affine(affine)),
            ScalarKind::Config(name) => format!("config {name}"),
            ScalarKind::Unary(op, value) => format!("{}({})", op.name(), self.scalar(value)),
            ScalarKind::Binary(op, left, right) => {
                format!("({} {} {})", self.scalar(left), op.name(), self.scalar(right))
            }
            ScalarKind::Compare(op, left, right) => {
                format!("({} {} {})", self.scalar(left), op.symbol(), self.scalar(right))
            }
            ScalarKind::Select { condition, then, otherwise } => format!(
                "if {} {{ {} }} else {{ {} }}",
                self.scalar(condition),
                self.scalar(then),
                self.scalar(otherwise)
            ),
            ScalarKind::Cast(value) => {
                format!("({} as {})", self.scalar(value), self.program.show(&scalar.elem))
            }
            ScalarKind::Reduce(it) => {
                let axes = self.axes(&it.axes);
                let guard = match &it.guard {
                    Some(guard) => format!(" | {}", self.scalar(guard)),
                    None => String::new(),
                };
                let value = self.scalar(&it.value);
                let otherwise = match &it.otherwise {
                    Some(value) => format!(" else {}", self.scalar(value)),
                    None => String::new(),
                };
                format!("{}<{}>[{axes}{guard}] {value}{otherwise}", it.op.name(), it.accumulate)
            }
            ScalarKind::Softmax { var, guard, value } => {
                let guard = match guard {
                    Some(guard) => format!(" | {}", self.scalar(guard)),
                    None => String::new(),
                };
                format!("softmax[{}{guard}] {}", self.var(*var), self.scalar(value))
            }
            ScalarKind::Call { function, dims, args, .. } => {
                let args: Vec<String> = args
                    .iter()
                    .map(|arg| match arg {
                        ScalarArg::Value(value) => self.scalar(value),
                        ScalarArg::Dim(dim) => dim.to_string(),
                    })
                    .collect();
                format!("{}({})", self.callee(*function, dims), args.join(", "))
            }
            ScalarKind::Error => "<error>".to_owned(),
        }
    }
}
