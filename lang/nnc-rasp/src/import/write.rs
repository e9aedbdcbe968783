//! A function of the language for a class of nodes.

mod compare;
mod rows;

use super::expr::{Expr, Kind, Level, choice, number};
use super::form::{Form, Forms};
use super::names::free;
use super::plan::{Plan, local};
use super::ty::{Ty, Types};
use super::words::Words;
use crate::ast::{BinaryOp, UnaryOp};
use crate::graph::{ClassId, Map, Reading};
use crate::value::Atom;
use compare::opposite;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a caller has to know of a function.
#[derive(Clone, Default)]
pub(super) struct Signature {
    pub(super) inputs: BTreeSet<Reading>,
    /// Whether letters are compared with some that the program names.
    pub(super) bytes: bool,
}

/// The name of an input.
pub(super) fn input(reading: Reading) -> &'static str {
    match reading {
        Reading::Text | Reading::AsIs => "tok",
        Reading::Int => "ints",
        Reading::Float => "floats",
        Reading::Bool => "bools",
    }
}

/// Writes one function.
pub(super) struct Body<'a, 'g> {
    pub(super) forms: &'a mut Forms<'g>,
    pub(super) types: &'a Types,
    pub(super) plan: &'a Plan,
    pub(super) words: &'a mut Words,
    pub(super) signatures: &'a HashMap<ClassId, Signature>,
    pub(super) root: ClassId,
    pub(super) lets: Vec<String>,
    names: HashMap<ClassId, String>,
    used: HashSet<String>,
    pub(super) signature: Signature,
}

impl<'a, 'g> Body<'a, 'g> {
    pub(super) fn new(
        forms: &'a mut Forms<'g>,
        types: &'a Types,
        plan: &'a Plan,
        words: &'a mut Words,
        signatures: &'a HashMap<ClassId, Signature>,
        root: ClassId,
    ) -> Body<'a, 'g> {
        // A value may be called as the function that it is, and as no other.
        let others = plan.functions.iter().filter(|it| it.class != root);
        let used = others.map(|it| it.name.clone()).collect();
        Body {
            forms,
            types,
            plan,
            words,
            signatures,
            root,
            lets: Vec::new(),
            names: HashMap::new(),
            used,
            signature: Signature::default(),
        }
    }

    /// Writes the value of the function, and gives the expression that it is.
    pub(super) fn write(&mut self) -> String {
        let form = self.forms.of(self.root);
        if let Form::Tokens(reading) = &*form {
            self.signature.inputs.insert(*reading);
            return input(*reading).to_owned();
        }
        let name = self.define(self.root);
        if form.is_selector() { format!("{name} as Mask") } else { name }
    }

    pub(super) fn ty(&self, class: ClassId) -> Ty {
        // All that is written has a type.
        self.types.get(class).cloned().unwrap_or(Ty::Int)
    }

    /// Gives a class a name in this function, once.
    fn named(&mut self, class: ClassId) -> String {
        if let Some(name) = self.names.get(&class) {
            return name.clone();
        }
        if class != self.root
            && let Some(at) = self.plan.of_class.get(&class)
        {
            return self.called(class, *at);
        }
        self.define(class)
    }

    fn called(&mut self, class: ClassId, at: usize) -> String {
        let function = &self.plan.functions[at];
        let signature = self.signatures.get(&class).cloned().unwrap_or_default();
        let name = function.name.clone();
        let call = format!("{}({})", function.name, arguments(&signature));
        self.lets.push(format!("let {name} = {call};"));
        self.signature.bytes |= signature.bytes;
        self.signature.inputs.extend(signature.inputs);
        self.names.insert(class, name.clone());
        name
    }

    /// Writes the `let` of a class.
    fn define(&mut self, class: ClassId) -> String {
        let form = self.forms.of(class);
        let ty = self.ty(class);
        let (indices, value) = if form.is_selector() {
            let value = self.selector_form(class, "q", "k").text;
            (vec![ranged("q", &value), ranged("k", &value)], value)
        } else if let Ty::Row(length) = ty {
            let value = self.letters(class, length);
            let value = self.settled(value, &ty).text;
            (vec![ranged("q", &value), format!("c: {length}")], value)
        } else {
            let value = self.form(class, "q");
            let value = self.converted(value, &ty);
            let value = self.settled(value, &ty).text;
            (vec![ranged("q", &value)], value)
        };
        let wanted = match self.plan.of_class.get(&class) {
            Some(at) if class == self.root => self.plan.functions[*at].name.clone(),
            _ => match self.plan.given.get(&class) {
                Some(name) => name.clone(),
                None => local(&form).to_owned(),
            },
        };
        let name = free(&wanted, &mut self.used);
        self.lets.push(format!("let {name}[{}] = {value};", indices.join(", ")));
        self.names.insert(class, name.clone());
        name
    }

    /// A value as the checker takes it for the type.
    fn settled(&mut self, value: Expr, ty: &Ty) -> Expr {
        match ty {
            Ty::Float => value.to_f64(),
            ty if ty.is_word() => value.to_number().cast("Word", Kind::Number),
            ty if ty.is_text() && value.kind == Kind::Number => {
                self.signature.bytes = true;
                value.cast("Token<256>", Kind::Token)
            }
            _ => value,
        }
    }

    /// A value as one of another type that it may stand for.
    fn converted(&mut self, value: Expr, ty: &Ty) -> Expr {
        match ty {
            Ty::Int => value.to_int(),
            Ty::Float => value.to_float(),
            ty if ty.is_word() => value.to_number(),
            Ty::Bool | Ty::Texts { .. } | Ty::Row(_) | Ty::Selector => value,
        }
    }

    /// An s-op at a place.
    pub(super) fn value(&mut self, class: ClassId, at: &str) -> Expr {
        let form = self.forms.of(class);
        match &*form {
            Form::Tokens(reading) => {
                self.signature.inputs.insert(*reading);
                let kind = match reading {
                    Reading::Text | Reading::AsIs => Kind::Token,
                    Reading::Int => Kind::Int,
                    Reading::Float => Kind::Float,
                    Reading::Bool => Kind::Bool,
                };
                return Expr::atom(format!("{}[{at}]", input(*reading)), kind);
            }
            _ if self.plan.values.contains(&class) => {
                let name = self.named(class);
                return Expr::atom(format!("{name}[{at}]"), kind_of(&self.ty(class)));
            }
            _ => {}
        }
        self.form(class, at)
    }

    /// What an s-op is made of, at a place.
    fn form(&mut self, class: ClassId, at: &str) -> Expr {
        let form = self.forms.of(class);
        match &*form {
            Form::Tokens(_) => self.value(class, at),
            Form::Indices => match at {
                "T - 1" => Expr::new(at, Level::Sum, Kind::Int),
                _ => Expr::atom(at, Kind::Int),
            },
            Form::Length => Expr::atom("T", Kind::Int),
            Form::Constant(atom) => self.literal(atom),
            Form::At { value, last } => {
                let place = if *last { "T - 1" } else { "0" };
                self.value(*value, place)
            }
            Form::Count { selector, condition } => {
                let guard = self.guard(*selector, *condition, at);
                reduction("count", Some(guard), &Expr::int(1), Kind::Int)
            }
            Form::Any { selector, condition } => {
                let everything = *self.forms.of(*selector) == Form::Everything;
                let guard = (!everything).then(|| self.selected(*selector, at, "k"));
                let condition = match condition {
                    Some(it) => self.value(*it, "k").truth(),
                    None => Expr::bool(true),
                };
                reduction("any", guard, &condition, Kind::Bool)
            }
            Form::All(condition) => {
                let condition = self.value(*condition, "k").truth();
                reduction("all", None, &condition, Kind::Bool)
            }
            Form::Aggregate { selector, value, default } => {
                self.aggregate(class, *selector, *value, default.as_ref(), at)
            }
            Form::Map(map, operands) => self.map(class, map, operands, at),
            Form::Everything
            | Form::Select { .. }
            | Form::Not(_)
            | Form::And(..)
            | Form::Or(..) => self.selector_form(class, at, "k"),
        }
    }

    fn guard(&mut self, selector: ClassId, condition: Option<ClassId>, at: &str) -> Expr {
        let guard = self.selected(selector, at, "k");
        match condition {
            Some(condition) => {
                let condition = self.value(condition, "k").truth();
                guard.and(&condition)
            }
            None => guard,
        }
    }

    fn aggregate(
        &mut self,
        class: ClassId,
        selector: ClassId,
        value: ClassId,
        default: Option<&Atom>,
        at: &str,
    ) -> Expr {
        let ty = self.ty(class);
        let found = self.ty(value);
        let number = matches!(found, Ty::Int | Ty::Float);
        let everything = *self.forms.of(selector) == Form::Everything;
        let one = !number || self.forms.selects_one(selector);
        // Of texts and truth values there is one at most, so it is the first.
        if one && everything {
            let first = self.value(value, "0");
            return self.converted(first, &ty);
        }
        let default = default.map(|it| self.literal(it));
        let default = default.map(|it| self.converted(it, &ty));
        let picked = self.value(value, "k");
        let picked = self.converted(picked, &ty);
        if one {
            let guard = self.selected(selector, at, "k");
            let mut pick = reduction("pick", Some(guard), &picked, picked.kind);
            if let Some(default) = default.filter(|it| !is_zero(it)) {
                let mut picked = picked;
                let mut default = default;
                if default.kind == Kind::Number {
                    picked = picked.to_number();
                }
                if picked.kind == Kind::Number {
                    default = default.to_number();
                }
                let guard = self.selected(selector, at, "k");
                pick = reduction("pick", Some(guard), &picked, picked.kind);
                pick.text = format!("{} else {}", pick.text, default.at_least(Level::Unary));
            }
            return pick;
        }
        let guard = (!everything).then(|| self.selected(selector, at, "k"));
        let mean = reduction("mean", guard.clone(), &picked.to_f64(), Kind::Float);
        match guard {
            // Of nothing there is no mean.
            Some(guard) if !self.forms.selects_some(selector) => {
                let some = reduction("any", Some(guard), &Expr::bool(true), Kind::Bool);
                let some = Expr::atom(format!("({})", some.text), Kind::Bool);
                choice(vec![(some, mean)], default.unwrap_or_else(|| Expr::float(0.0)))
            }
            _ => mean,
        }
    }

    fn map(&mut self, class: ClassId, map: &Map, operands: &[ClassId], at: &str) -> Expr {
        let ty = self.ty(class);
        match (map, operands) {
            (Map::Unary(op), [operand]) => {
                let value = self.value(*operand, at);
                match op {
                    UnaryOp::Not => value.truth().not(),
                    UnaryOp::Indicator => value.truth().to_int(),
                    UnaryOp::Plus => self.converted(value, &ty),
                    UnaryOp::Minus => {
                        let value = self.converted(value, &ty);
                        let text = format!("-{}", value.at_least(Level::Atom));
                        Expr::new(text, Level::Unary, value.kind)
                    }
                    UnaryOp::Round if self.ty(*operand) != Ty::Float => value.to_int(),
                    UnaryOp::Round => {
                        Expr::call("round", &[&value.to_f64()], Kind::Float).cast("int", Kind::Int)
                    }
                }
            }
            (Map::Binary(BinaryOp::Compare(compare)), [left, right]) => {
                self.compared(*compare, (*left, at), (*right, at))
            }
            (Map::Binary(BinaryOp::And), [left, right]) => {
                let left = self.value(*left, at).truth();
                let right = self.value(*right, at).truth();
                left.and(&right)
            }
            (Map::Binary(BinaryOp::Or), [left, right]) => {
                let left = self.value(*left, at).truth();
                let right = self.value(*right, at).truth();
                left.or(&right)
            }
            (Map::Binary(op), [left, right]) if ty.is_text() => {
                self.joined_texts(class, *op, *left, *right, at)
            }
            (Map::Binary(op), [left, right]) => {
                let left = self.value(*left, at);
                let exponent = self.forms.constant(*right).and_then(Atom::as_int);
                let right = self.value(*right, at);
                arithmetic(*op, left, right, &ty, exponent)
            }
            (Map::If, [condition, yes, no]) => {
                let condition = self.value(*condition, at).truth();
                let yes = self.value(*yes, at);
                let no = self.value(*no, at);
                let cases = [yes, no].map(|it| self.converted(it, &ty));
                let [yes, no] = alike(cases);
                choice(vec![(condition, yes)], no)
            }
            (Map::In(atoms), [operand]) => {
                let mut found = Expr::bool(false);
                for atom in atoms.iter() {
                    let equal = self.equals(*operand, at, atom);
                    found = found.or(&equal);
                }
                found
            }
            (Map::Entry(atoms), [index]) => {
                let never_negative = self.never_negative(*index);
                let count = atoms.len() as i64;
                let cases: Vec<(Expr, Atom)> = (atoms.iter().enumerate())
                    .map(|(place, atom)| {
                        let place = place as i64;
                        let mut here = self.equals(*index, at, &Atom::Int(place));
                        if !never_negative {
                            here = here.or(&self.equals(*index, at, &Atom::Int(place - count)));
                        }
                        (here, atom.clone())
                    })
                    .collect();
                self.entries(cases, &ty)
            }
            (Map::Key(entries), [key]) => {
                let cases: Vec<(Expr, Atom)> = (entries.iter())
                    .map(|(it, value)| (self.equals(*key, at, it), value.clone()))
                    .collect();
                self.entries(cases, &ty)
            }
            // No other map has other operands.
            _ => Expr::int(0),
        }
    }

    /// The value of the first case that fits; one does on inputs on which RASP has a value.
    fn entries(&mut self, cases: Vec<(Expr, Atom)>, ty: &Ty) -> Expr {
        let mut values = Vec::with_capacity(cases.len());
        for (condition, atom) in cases {
            let value = self.literal(&atom);
            values.push((condition, self.converted(value, ty)));
        }
        if values.iter().any(|it| it.1.kind == Kind::Number) {
            values.iter_mut().for_each(|it| it.1 = it.1.to_number());
        }
        match values.pop() {
            Some((_, last)) => choice(values, last),
            None => Expr::int(0),
        }
    }

    fn never_negative(&mut self, class: ClassId) -> bool {
        matches!(
            &*self.forms.of(class),
            Form::Indices
                | Form::Length
                | Form::Count { .. }
                | Form::Map(Map::Unary(UnaryOp::Indicator), _)
        ) || self.ty(class) == Ty::Bool
    }

    pub(super) fn literal(&mut self, atom: &Atom) -> Expr {
        match (number(atom), atom) {
            (Some(number), _) => number,
            (None, Atom::Text(text)) => {
                let value = self.words.literal(text);
                self.signature.bytes |= !text.is_empty();
                value
            }
            (None, _) => Expr::int(0),
        }
    }

    /// A selector for a query and a key.
    pub(super) fn selected(&mut self, class: ClassId, query: &str, key: &str) -> Expr {
        if self.plan.values.contains(&class) {
            let name = self.named(class);
            return Expr::atom(format!("{name}[{query}, {key}]"), Kind::Bool);
        }
        self.selector_form(class, query, key)
    }

    fn selector_form(&mut self, class: ClassId, query: &str, key: &str) -> Expr {
        let form = self.forms.of(class);
        match &*form {
            Form::Select { key: of_key, query: of_query, compare } => {
                self.compared(*compare, (*of_key, key), (*of_query, query))
            }
            Form::Not(inner) => {
                let simple = !self.plan.values.contains(inner);
                match &*self.forms.of(*inner) {
                    Form::Select { key: of_key, query: of_query, compare } if simple => {
                        let compare = opposite(*compare);
                        self.compared(compare, (*of_key, key), (*of_query, query))
                    }
                    _ => self.selected(*inner, query, key).not(),
                }
            }
            Form::And(left, right) => {
                let left = self.selected(*left, query, key);
                let right = self.selected(*right, query, key);
                left.and(&right)
            }
            Form::Or(left, right) => {
                let left = self.selected(*left, query, key);
                let right = self.selected(*right, query, key);
                left.or(&right)
            }
            _ => Expr::bool(true),
        }
    }
}

/// The inputs of a call.
pub(super) fn arguments(signature: &Signature) -> String {
    let mut names: Vec<&str> = signature.inputs.iter().map(|it| input(*it)).collect();
    names.dedup();
    if names.is_empty() { "tok".to_owned() } else { names.join(", ") }
}

fn kind_of(ty: &Ty) -> Kind {
    match ty {
        Ty::Bool | Ty::Selector => Kind::Bool,
        Ty::Int => Kind::Int,
        Ty::Float => Kind::Float,
        ty if ty.is_word() => Kind::Number,
        Ty::Texts { .. } | Ty::Row(_) => Kind::Token,
    }
}

/// Two letters as one kind of value.
fn alike(values: [Expr; 2]) -> [Expr; 2] {
    if values.iter().any(|it| it.kind == Kind::Number) {
        return values.map(|it| it.to_number());
    }
    values
}

fn is_zero(value: &Expr) -> bool {
    matches!(value.text.as_str(), "0" | "0.0" | "false")
}

fn converted_one(ty: &Ty) -> Expr {
    if *ty == Ty::Float { Expr::float(1.0) } else { Expr::int(1) }
}

fn arithmetic(op: BinaryOp, left: Expr, right: Expr, ty: &Ty, exponent: Option<i64>) -> Expr {
    let (left, right) = match ty {
        Ty::Float => (left.to_float(), right.to_float()),
        _ => (left.to_int(), right.to_int()),
    };
    let literal = left.kind == Kind::FloatLiteral && right.kind == Kind::FloatLiteral;
    let kind = match ty {
        Ty::Float if literal => Kind::FloatLiteral,
        Ty::Float => Kind::Float,
        _ => Kind::Int,
    };
    match op {
        BinaryOp::Plus | BinaryOp::Minus
            if right.text.starts_with('-')
                && right.level == Level::Unary
                && right.text[1..].starts_with(|it: char| it.is_ascii_digit()) =>
        {
            let op = if op == BinaryOp::Plus { "-" } else { "+" };
            let right = Expr::atom(&right.text[1..], right.kind);
            left.binary(op, &right, Level::Sum, kind)
        }
        BinaryOp::Plus => left.binary("+", &right, Level::Sum, kind),
        BinaryOp::Minus => left.binary("-", &right, Level::Sum, kind),
        BinaryOp::Times => left.binary("*", &right, Level::Product, kind),
        BinaryOp::Divide => left.binary("/", &right, Level::Product, kind),
        BinaryOp::Modulo if *ty == Ty::Float => {
            // The rest has the divisor's sign.
            let whole = left.to_f64().binary("/", &right, Level::Product, Kind::Float);
            let whole = Expr::call("floor", &[&whole], Kind::Float);
            let whole = right.binary("*", &whole, Level::Product, Kind::Float);
            left.binary("-", &whole, Level::Sum, Kind::Float)
        }
        BinaryOp::Modulo => left.binary("%", &right, Level::Product, kind),
        BinaryOp::Power => match exponent {
            Some(0) => converted_one(ty),
            Some(1) => left,
            Some(times @ 2..=4) => {
                let factor = left.clone();
                (1..times)
                    .fold(left, |product, _| product.binary("*", &factor, Level::Product, kind))
            }
            // Powers are of floats; whole ones are exact up to 2^53.
            _ if *ty == Ty::Float => Expr::call("pow", &[&left.to_f64(), &right], kind),
            _ => {
                let power = [&left.to_f64(), &right.to_float()];
                Expr::call("pow", &power, Kind::Float).cast("int", Kind::Int)
            }
        },
        BinaryOp::Compare(_) | BinaryOp::And | BinaryOp::Or => left,
    }
}

/// An index on the left of a `let`, with its range if nothing that is read says it.
fn ranged(index: &str, value: &str) -> String {
    if takes_axis(index, value) { index.to_owned() } else { format!("{index}: T") }
}

fn takes_axis(index: &str, value: &str) -> bool {
    [format!("[{index}]"), format!("[{index}, "), format!(", {index}]")]
        .iter()
        .any(|it| value.contains(it.as_str()))
}

fn reduction(op: &str, guard: Option<Expr>, body: &Expr, kind: Kind) -> Expr {
    let body = match body.level {
        Level::Atom | Level::Unary => body.text.clone(),
        _ => format!("({})", body.text),
    };
    let guard = guard.filter(|it| it.text != "true").map(|it| it.text);
    let all = format!("{} {body}", guard.as_deref().unwrap_or_default());
    let index = ranged("k", &all);
    let text = match (guard, op) {
        (Some(guard), _) => format!("{op}[{index} | {guard}] {body}"),
        (None, "pick") => format!("{op}[{index} | k >= 0] {body}"),
        (None, _) => format!("{op}[{index}] {body}"),
    };
    Expr::new(text, Level::Loose, kind)
}
