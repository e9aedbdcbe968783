//! The values of expressions.

use super::value::{Dict, Function, Value};
use super::{Cx, DEEPEST, Env, MOST_ENTRIES, MOST_NODES, Machine, Result, input};
use crate::ast::{
    BinaryOp, Compare, Comprehension, DictComprehension, Expr, ExprKind, Ident, UnaryOp,
};
use crate::call::Call;
use crate::errors::{self, Fault};
use crate::graph::{Map, NodeId, Op};
use crate::object::entry;
use crate::value::Atom;
use nnc_base::{Diagnostic, Name, Span};
use std::rc::Rc;

impl Machine<'_> {
    /// Evaluates an expression, and its value, if it is an s-op or a selector, on the
    /// running example.
    pub(super) fn expr(&mut self, expr: &Expr, cx: &Cx) -> Result<Value> {
        if self.depth >= DEEPEST {
            return Err(self.fault(errors::too_deep("this", DEEPEST), expr.span));
        }
        self.depth += 1;
        let value = self.expr_kind(expr, cx);
        self.depth -= 1;
        let value = value?;
        if let Some(node) = value.node() {
            self.try_out(node, cx)?;
        }
        if !matches!(value, Value::Result(..)) {
            cx.env.set_out(value.clone());
        }
        Ok(value)
    }

    /// Sees whether a node has a value on the input it is for, or on the running example.
    fn try_out(&mut self, node: NodeId, cx: &Cx) -> Result<()> {
        let example = self.sop_example.clone();
        let Err(fault) = self.value_on(node, &example) else { return Ok(()) };
        match &cx.backup {
            Some(backup) => match self.value_on(node, backup) {
                Ok(_) => Ok(()),
                Err(fault) => Err(self.object_mistake(fault, backup)),
            },
            None => Err(self.object_mistake(fault, &example)),
        }
    }

    fn expr_kind(&mut self, expr: &Expr, cx: &Cx) -> Result<Value> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Name(name) => cx.env.get(*name).map_err(|it| self.fault(it, span)),
            ExprKind::Atom(atom) => Ok(Value::Atom(atom.clone())),
            ExprKind::List(items) => {
                let items = self.exprs(items, cx)?;
                Ok(Value::list(items))
            }
            ExprKind::Dict(pairs) => {
                let mut dict = Dict::default();
                for (key, value) in pairs {
                    let key = self.key(key, cx)?;
                    let value = self.expr(value, cx)?;
                    dict.insert(key, value);
                }
                Ok(Value::Dict(Rc::new(dict)))
            }
            ExprKind::ListFor(all) => self.list_for(all, cx),
            ExprKind::DictFor(all) => self.dict_for(all, cx),
            ExprKind::Unary(op, operand) => {
                let value = self.expr(operand, cx)?;
                self.unary(*op, value, span)
            }
            ExprKind::Binary(op, operands) => {
                let left = self.expr(&operands.0, cx)?;
                let right = self.expr(&operands.1, cx)?;
                self.binary(*op, left, right, span)
            }
            ExprKind::If(parts) => self.choice(parts, span, cx),
            ExprKind::In(operands) => {
                let item = self.expr(&operands.0, cx)?;
                let container = self.expr(&operands.1, cx)?;
                self.contains(item, container, &operands.1, span)
            }
            ExprKind::Index(operands) => {
                let container = self.expr(&operands.0, cx)?;
                let index = self.expr(&operands.1, cx)?;
                self.index(container, index, span, cx)
            }
            ExprKind::Call { called, arguments } => self.call(called, arguments, span, cx),
            ExprKind::Select { operands, compare } => {
                let key = self.expr(&operands.0, cx)?;
                let query = self.expr(&operands.1, cx)?;
                let (key, query) = (self.sop(key, span)?, self.sop(query, span)?);
                self.push(Op::Select { key, query, compare: *compare }, "select", span)
            }
            ExprKind::Aggregate { operands, default } => {
                let selector = self.expr(&operands.0, cx)?;
                let value = self.expr(&operands.1, cx)?;
                let default = match default {
                    Some(default) => Some(self.expr(default, cx)?),
                    None => None,
                };
                self.aggregate(selector, value, default, span)
            }
            ExprKind::Range(arguments) => {
                let arguments = self.exprs(arguments, cx)?;
                range(&arguments).map_err(|it| self.fault(it, span))
            }
            ExprKind::Zip(lists) => {
                let lists = self.exprs(lists, cx)?;
                zip(&lists).map_err(|it| self.fault(it, span))
            }
            ExprKind::Len(list) => match self.expr(list, cx)? {
                Value::List(items) => Ok(Value::Atom(Atom::Int(items.len() as i64))),
                other => {
                    let found = other.described();
                    Err(self.fault(errors::wrong_kind("`len`", "a list", &found), span))
                }
            },
            // A statement with such an expression is not run.
            ExprKind::Error => Err(self.fault(errors::not_evaluated(), span)),
        }
    }

    pub(super) fn exprs(&mut self, exprs: &[Expr], cx: &Cx) -> Result<Vec<Value>> {
        exprs.iter().map(|it| self.expr(it, cx)).collect()
    }

    /// A message at a place, or where no user wrote that place, at the call that led there.
    pub(super) fn fault(&self, fault: Fault, span: Span) -> Box<Diagnostic> {
        Box::new(fault.at(self.place(span)))
    }

    fn place(&self, mut span: Span) -> Span {
        let mut call = self.call;
        while span.is_none()
            && let Some(id) = call
        {
            span = self.calls[id].span;
            call = self.calls[id].parent;
        }
        span
    }

    /// A new node, as a value.
    pub(super) fn push(&mut self, op: Op, name: impl Into<String>, span: Span) -> Result<Value> {
        let selector = op.is_selector();
        let id = self.node(op, name, span)?;
        Ok(if selector { Value::Selector(id) } else { Value::Sop(id) })
    }

    pub(super) fn node(&mut self, op: Op, name: impl Into<String>, span: Span) -> Result<NodeId> {
        let span = self.place(span);
        if self.graph.nodes().len() >= MOST_NODES {
            return Err(Box::new(errors::too_large("the program's graph", MOST_NODES).at(span)));
        }
        Ok(self.graph.push(op, name, span, self.call))
    }

    /// A value as an s-op: an atom is the same everywhere.
    pub(super) fn sop(&mut self, value: Value, span: Span) -> Result<NodeId> {
        match value {
            Value::Sop(id) => Ok(id),
            Value::Atom(atom) => {
                let name = match &atom {
                    Atom::Text(text) => text.to_string(),
                    atom => atom.to_string(),
                };
                self.node(Op::Constant(atom), name, span)
            }
            other => {
                let found = other.described();
                Err(self.fault(errors::wrong_kind("this", "an s-op or an atom", &found), span))
            }
        }
    }

    fn key(&mut self, key: &Expr, cx: &Cx) -> Result<Atom> {
        match self.expr(key, cx)? {
            Value::Atom(atom) => Ok(atom),
            other => {
                let found = other.described();
                Err(self
                    .fault(errors::wrong_kind("the key of a dict", "an atom", &found), key.span))
            }
        }
    }

    /// The items that a comprehension goes over.
    fn items(&mut self, items: &Expr, cx: &Cx) -> Result<Vec<Value>> {
        let value = self.expr(items, cx)?;
        value.items().ok_or_else(|| {
            let found = value.described();
            self.fault(errors::wrong_kind("`for`", "a list or a dict", &found), items.span)
        })
    }

    /// What an expression is evaluated in while the names of a comprehension have values.
    fn inside(&mut self, names: &[Ident], item: Value, cx: &Cx) -> Result<Cx> {
        let inside = Cx { env: Env::inside(&cx.env), backup: cx.backup.clone() };
        self.set_names(names, item, &inside)?;
        Ok(inside)
    }

    fn list_for(&mut self, all: &Comprehension, cx: &Cx) -> Result<Value> {
        let mut result = Vec::new();
        for item in self.items(&all.items, cx)? {
            let inside = self.inside(&all.names, item, cx)?;
            result.push(self.expr(&all.value, &inside)?);
        }
        Ok(Value::list(result))
    }

    fn dict_for(&mut self, all: &DictComprehension, cx: &Cx) -> Result<Value> {
        let mut result = Dict::default();
        for item in self.items(&all.items, cx)? {
            let inside = self.inside(&all.names, item, cx)?;
            let key = self.key(&all.key, &inside)?;
            let value = self.expr(&all.value, &inside)?;
            result.insert(key, value);
        }
        Ok(Value::Dict(Rc::new(result)))
    }

    /// `yes if condition else no`: place by place if the condition is an s-op, and else only
    /// the one that is wanted.
    fn choice(&mut self, [condition, yes, no]: &[Expr; 3], span: Span, cx: &Cx) -> Result<Value> {
        let at = condition.span;
        match self.expr(condition, cx)? {
            Value::Sop(condition) => {
                let (yes, no) = (self.expr(yes, cx)?, self.expr(no, cx)?);
                let (yes, no) = (self.sop(yes, span)?, self.sop(no, span)?);
                let name = format!(
                    "{} if {} else {}",
                    self.graph[yes].name, self.graph[condition].name, self.graph[no].name
                );
                self.push(Op::Map(Map::If, vec![condition, yes, no]), name, span)
            }
            Value::Selector(_) => Err(self.fault(errors::selector_in("if"), at)),
            value if value.is_true() => self.expr(yes, cx),
            _ => self.expr(no, cx),
        }
    }

    fn aggregate(
        &mut self,
        selector: Value,
        value: Value,
        default: Option<Value>,
        span: Span,
    ) -> Result<Value> {
        let Value::Selector(selector) = selector else {
            let found = selector.described();
            return Err(
                self.fault(errors::wrong_kind("`aggregate`", "a selector first", &found), span)
            );
        };
        let default = match default {
            None => None,
            Some(Value::Atom(atom)) => Some(atom),
            Some(other) => {
                let found = other.described();
                let fault = errors::wrong_kind("the default of `aggregate`", "an atom", &found);
                return Err(self.fault(fault, span));
            }
        };
        let value = self.sop(value, span)?;
        self.push(Op::Aggregate { selector, value, default }, "s-op", span)
    }

    fn contains(
        &mut self,
        item: Value,
        container: Value,
        written: &Expr,
        span: Span,
    ) -> Result<Value> {
        match (&item, &container) {
            (Value::Sop(item), Value::List(list)) => {
                let atoms = self.atoms(list, span)?;
                let container = match &written.kind {
                    ExprKind::Name(name) => name.to_string(),
                    _ => container.described(),
                };
                let name = format!("{} in {container}", self.graph[*item].name);
                self.push(Op::Map(Map::In(atoms), vec![*item]), name, span)
            }
            (Value::Atom(item), Value::List(list)) => {
                let found = list.iter().any(|it| matches!(it, Value::Atom(it) if it.equals(item)));
                Ok(Value::Atom(Atom::Bool(found)))
            }
            // Its share in the whole input is more than 0.
            (Value::Atom(item), Value::Sop(container)) => {
                let item = self.sop(Value::Atom(item.clone()), span)?;
                let equal = Map::Binary(BinaryOp::Compare(Compare::Equal));
                let equal = self.node(Op::Map(equal, vec![*container, item]), "s-op", span)?;
                let one = Op::Map(Map::Unary(UnaryOp::Indicator), vec![equal]);
                let value = self.node(one, "s-op", span)?;
                let selector = self.everything;
                let share = Op::Aggregate { selector, value, default: None };
                let share = self.node(share, "s-op", span)?;
                let none = self.sop(Value::Atom(Atom::Int(0)), span)?;
                let more = Map::Binary(BinaryOp::Compare(Compare::Greater));
                self.push(Op::Map(more, vec![share, none]), "s-op", span)
            }
            (Value::Sop(_), other) => {
                let fault = errors::wrong_kind("`in`", "a list of atoms", &other.described());
                Err(self.fault(fault, span))
            }
            (Value::Atom(_), other) => {
                let fault = errors::wrong_kind("`in`", "a list or an s-op", &other.described());
                Err(self.fault(fault, span))
            }
            (other, _) => Err(self.fault(errors::not_comparable(&other.described()), span)),
        }
    }

    /// The items of a list that an s-op looks into.
    fn atoms(&self, list: &[Value], span: Span) -> Result<Rc<[Atom]>> {
        let mut atoms = Vec::with_capacity(list.len());
        for item in list {
            match item {
                Value::Atom(atom) => atoms.push(atom.clone()),
                other => {
                    return Err(self.fault(errors::entries_not_atoms(&other.described()), span));
                }
            }
        }
        Ok(Rc::from(atoms))
    }

    fn index(&mut self, container: Value, index: Value, span: Span, cx: &Cx) -> Result<Value> {
        match (container, index) {
            (Value::List(list), Value::Atom(index)) => {
                entry(&list, &index).cloned().map_err(|it| self.fault(it, span))
            }
            (Value::Atom(Atom::Text(text)), Value::Atom(index)) => {
                let letters = letters(&text);
                let found = entry(&letters, &index).cloned();
                found.map(Value::Atom).map_err(|it| self.fault(it, span))
            }
            (Value::Dict(dict), Value::Atom(key)) => {
                let found = dict.get(&key).cloned();
                found.ok_or_else(|| self.fault(errors::missing_key(&key, &dict.keys()), span))
            }
            (Value::List(list), Value::Sop(index)) => {
                let atoms = self.atoms(&list, span)?;
                self.lookup(Map::Entry(atoms), index, span)
            }
            (Value::Atom(Atom::Text(text)), Value::Sop(index)) => {
                self.lookup(Map::Entry(Rc::from(letters(&text))), index, span)
            }
            (Value::Dict(dict), Value::Sop(index)) => {
                let values: Vec<Value> = dict.entries().iter().map(|it| it.1.clone()).collect();
                let values = self.atoms(&values, span)?;
                let pairs = dict.keys().into_iter().zip(values.iter().cloned()).collect();
                self.lookup(Map::Key(pairs), index, span)
            }
            (Value::Sop(sop), Value::Atom(index)) => self.at_place(sop, &index, span, cx),
            (Value::Sop(_), other) => {
                let found = other.described();
                let fault = errors::wrong_kind("the place in an s-op", "a whole number", &found);
                Err(self.fault(fault, span))
            }
            (Value::List(_) | Value::Dict(_) | Value::Atom(Atom::Text(_)), other) => {
                let found = other.described();
                let fault = errors::wrong_kind("an index", "an atom or an s-op", &found);
                Err(self.fault(fault, span))
            }
            (other, _) => {
                let found = other.described();
                let wants = "a list, a dict, a text or an s-op";
                Err(self.fault(errors::wrong_kind("an index", wants, &found), span))
            }
        }
    }

    fn lookup(&mut self, map: Map, index: NodeId, span: Span) -> Result<Value> {
        let name = format!("entry {}", self.graph[index].name);
        self.push(Op::Map(map, vec![index]), name, span)
    }

    /// `s[3]`: the value at one place, everywhere; below 0 from the end.
    fn at_place(&mut self, sop: NodeId, index: &Atom, span: Span, cx: &Cx) -> Result<Value> {
        let Some(place) = index.as_int() else {
            return Err(self.fault(errors::index_type(index), span));
        };
        let query = if place >= 0 {
            self.sop(Value::Atom(Atom::Int(place)), span)?
        } else {
            let length = cx.env.get(Name::new("length")).map_err(|it| self.fault(it, span))?;
            let offset = Value::Atom(Atom::Int(place));
            let query = self.binary(BinaryOp::Plus, length, offset, span)?;
            self.sop(query, span)?
        };
        let key = cx.env.get(Name::new("indices")).map_err(|it| self.fault(it, span))?;
        let key = self.sop(key, span)?;
        let select = Op::Select { key, query, compare: Compare::Equal };
        let selector = self.node(select, format!("load from {place}"), span)?;
        let name = format!("{}[{place}]", self.graph[sop].name);
        self.push(Op::Aggregate { selector, value: sop, default: None }, name, span)
    }

    fn call(&mut self, called: &Expr, arguments: &[Expr], span: Span, cx: &Cx) -> Result<Value> {
        // What is called may be made for this very input.
        let given = match arguments {
            [one] => {
                let value = self.expr(one, cx)?;
                input(&value).ok().map(Rc::new)
            }
            _ => None,
        };
        let inside = Cx { env: cx.env.clone(), backup: given };
        match self.expr(called, &inside)? {
            Value::Function(function) => {
                let arguments = self.exprs(arguments, cx)?;
                self.call_function(&function, arguments, span)
            }
            Value::Sop(node) | Value::Selector(node) => {
                let [one] = arguments else {
                    let fault = errors::wrong_input_count("an s-op or selector", arguments.len());
                    return Err(self.fault(fault, span));
                };
                let value = self.expr(one, cx)?;
                let input = Rc::new(input(&value).map_err(|it| self.fault(it, one.span))?);
                let result = self.evaluate(node, &input)?;
                Ok(Value::Result(result, input))
            }
            other => Err(self.fault(errors::not_callable(&other.described()), called.span)),
        }
    }

    fn call_function(
        &mut self,
        function: &Rc<Function>,
        arguments: Vec<Value>,
        span: Span,
    ) -> Result<Value> {
        let def = &function.def;
        if def.parameters.len() != arguments.len() {
            let parameters: Vec<&str> = def.parameters.iter().map(|it| it.name.as_str()).collect();
            let name = def.name.name.as_str();
            let fault = errors::argument_count(name, &parameters, arguments.len());
            let mistake = self.fault(fault, span).label(def.name.span, "declared here");
            return Err(Box::new(mistake));
        }
        let call = self.calls.push(Call {
            def: def.clone(),
            library: function.library,
            arguments: arguments.clone(),
            result: None,
            parent: self.call,
            span,
        });
        let outer = self.call.replace(call);
        let result = self.run_body(function, &arguments);
        self.call = outer;
        let result = result.map_err(|mistake| self.called_here(mistake, function, span))?;
        self.calls[call].result = Some(result.clone());
        if let Some(node) = result.node() {
            let name = def.name.name;
            let arguments: Vec<String> = arguments.iter().map(|it| self.brief(it)).collect();
            self.graph.rename(node, &format!("{name}({})", arguments.join(", ")), false);
        }
        Ok(result)
    }

    fn run_body(&mut self, function: &Function, arguments: &[Value]) -> Result<Value> {
        let cx = Cx { env: Env::inside(&function.env), backup: None };
        for (parameter, argument) in function.def.parameters.iter().zip(arguments) {
            self.set(&cx, *parameter, argument.clone())?;
        }
        for statement in &function.def.body {
            self.statement(statement, &cx)?;
        }
        let mut results = self.exprs(&function.def.results, &cx)?;
        Ok(if results.len() == 1 { results.remove(0) } else { Value::list(results) })
    }

    /// Says which call led to a mistake in a function.
    fn called_here(
        &self,
        mut mistake: Box<Diagnostic>,
        function: &Function,
        span: Span,
    ) -> Box<Diagnostic> {
        let place = self.place(span);
        let told = mistake.labels.iter().any(|it| it.text.starts_with("in this call"));
        if mistake.span().is_none() {
            mistake.labels[0].span = place;
        }
        if !told && mistake.span() != place {
            let name = function.def.name.name;
            mistake = Box::new(mistake.label(place, format!("in this call of `{name}`")));
        }
        mistake
    }

    /// A value in few letters, for a name.
    fn brief(&self, value: &Value) -> String {
        match value {
            Value::Atom(atom) => atom.to_string(),
            Value::Sop(id) | Value::Selector(id) => self.graph[*id].name.clone(),
            Value::List(_) => "(list)".to_owned(),
            Value::Dict(_) => "(dict)".to_owned(),
            Value::Function(function) => function.def.name.name.to_string(),
            Value::Result(..) => "(result)".to_owned(),
        }
    }
}

fn letters(text: &str) -> Vec<Atom> {
    text.chars().map(|it| Atom::text(it.encode_utf8(&mut [0; 4]))).collect()
}

fn range(arguments: &[Value]) -> std::result::Result<Value, Fault> {
    let mut bounds = Vec::with_capacity(3);
    for argument in arguments {
        match argument {
            Value::Atom(atom) if atom.as_int().is_some() => bounds.extend(atom.as_int()),
            other => {
                return Err(errors::wrong_kind("`range`", "whole numbers", &other.described()));
            }
        }
    }
    let (start, end, step) = match bounds.as_slice() {
        [end] => (0, *end, 1),
        [start, end] => (*start, *end, 1),
        [start, end, step] => (*start, *end, *step),
        _ => return Err(errors::range_count(bounds.len())),
    };
    if step == 0 {
        return Err(errors::wrong_kind("the step of `range`", "a number other than 0", "0"));
    }
    let mut items = Vec::new();
    let mut at = start;
    while if step > 0 { at < end } else { at > end } {
        if items.len() >= MOST_ENTRIES {
            return Err(errors::too_large("the list", MOST_ENTRIES));
        }
        items.push(Value::Atom(Atom::Int(at)));
        match at.checked_add(step) {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(Value::list(items))
}

fn zip(lists: &[Value]) -> std::result::Result<Value, Fault> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for (at, list) in lists.iter().enumerate() {
        let Value::List(items) = list else {
            return Err(errors::wrong_kind("`zip`", "lists", &list.described()));
        };
        if at == 0 {
            rows = items.iter().map(|_| Vec::with_capacity(lists.len())).collect();
        }
        if items.len() != rows.len() {
            return Err(errors::zip_lengths(rows.len(), items.len(), at + 1));
        }
        for (row, item) in rows.iter_mut().zip(items.iter()) {
            row.push(item.clone());
        }
    }
    Ok(Value::list(rows.into_iter().map(Value::list).collect()))
}
