//! What functions do: statements, expressions and index notation.

use nnc_base::Name;

use crate::{
    Affine, Arg, Binding, Block, Call, Expr, ExprKind, Function, Index, NestAxis, PackBinding,
    Path, PathRoot, PathStep, Program, Scalar, ScalarArg, ScalarKind, Stmt, ViewAxis,
};

/// Prints bodies, a statement a line.
pub(super) struct Printer<'a> {
    program: &'a Program,
    function: &'a Function,
    pub(super) out: String,
    depth: usize,
}

impl<'a> Printer<'a> {
    pub(super) fn new(program: &'a Program, function: &'a Function) -> Printer<'a> {
        Printer { program, function, out: String::new(), depth: 1 }
    }

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

    pub(super) fn block(&mut self, block: &Block) {
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
                let condition = scan.condition.as_ref();
                let goes_on = condition.map(|it| format!(" while {}", self.expr(it)));
                let goes_on = goes_on.unwrap_or_default();
                let carries = carries.join(", ");
                self.line(&format!("scan {var} in {extent}{goes_on} with {carries} {{"));
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
            ExprKind::Sort { value, descending: true, k } => {
                format!("top_k({}, k={k})", self.expr(value))
            }
            ExprKind::Sort { value, descending: false, k } => {
                format!("sort({}, k={k})", self.expr(value))
            }
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
            ExprKind::Closure(closure) => {
                let params: Vec<String> = closure.params.iter().map(|it| self.local(*it)).collect();
                format!("|{}| {}", params.join(", "), self.expr(&closure.body))
            }
            ExprKind::Apply { function, args } => {
                format!("{}({})", self.local(*function), self.exprs(args))
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
        let mut replaced = String::new();
        for (path, value) in &call.replaced {
            let path: Vec<&str> = path.iter().map(|name| name.as_str()).collect();
            replaced.push_str(&format!(" with {} = {}", path.join("."), self.expr(value)));
        }
        format!("{receiver}{callee}({}){pack}{float}{replaced}", args.join(", "))
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
