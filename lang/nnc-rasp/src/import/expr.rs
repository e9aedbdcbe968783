//! Expressions of the language as text, with what has to be known to put them together.

use crate::value::Atom;

/// What an expression is to the checker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Bool,
    Int,
    Float,
    /// Of literals alone, which are `f32` unless they meet something else.
    FloatLiteral,
    /// A letter.
    Token,
    /// A letter's number, or that of a word.
    Number,
}

/// How tightly an expression holds together, from a choice to a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Loose,
    Or,
    And,
    Compare,
    Sum,
    Product,
    Unary,
    Atom,
}

#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub(super) text: String,
    pub(super) level: Level,
    pub(super) kind: Kind,
}

impl Expr {
    pub(super) fn new(text: impl Into<String>, level: Level, kind: Kind) -> Expr {
        Expr { text: text.into(), level, kind }
    }

    pub(super) fn atom(text: impl Into<String>, kind: Kind) -> Expr {
        Expr::new(text, Level::Atom, kind)
    }

    pub(super) fn bool(value: bool) -> Expr {
        Expr::atom(value.to_string(), Kind::Bool)
    }

    pub(super) fn int(value: i64) -> Expr {
        let level = if value < 0 { Level::Unary } else { Level::Atom };
        Expr::new(value.to_string(), level, Kind::Int)
    }

    pub(super) fn float(value: f64) -> Expr {
        let level = if value < 0.0 { Level::Unary } else { Level::Atom };
        let text = format!("{value:?}");
        Expr::new(text, level, Kind::FloatLiteral)
    }

    /// In brackets if it holds together less than it has to.
    pub(super) fn at_least(&self, level: Level) -> String {
        if self.level >= level { self.text.clone() } else { format!("({})", self.text) }
    }

    pub(super) fn binary(&self, op: &str, other: &Expr, level: Level, kind: Kind) -> Expr {
        // Comparisons do not follow each other, and what is on the right of `-` is one.
        let left = if level == Level::Compare { Level::Sum } else { level };
        let right = match level {
            Level::Or => Level::And,
            Level::And => Level::Compare,
            Level::Compare => Level::Sum,
            Level::Sum => Level::Product,
            _ => Level::Unary,
        };
        let (left, right) = (self.at_least(left), other.at_least(right));
        Expr::new(format!("{left} {op} {right}"), level, kind)
    }

    pub(super) fn and(&self, other: &Expr) -> Expr {
        match (self.text.as_str(), other.text.as_str()) {
            ("true", _) => other.clone(),
            (_, "true") => self.clone(),
            ("false", _) | (_, "false") => Expr::bool(false),
            _ => Expr::new(
                format!("{} && {}", self.at_least(Level::And), other.at_least(Level::And)),
                Level::And,
                Kind::Bool,
            ),
        }
    }

    pub(super) fn or(&self, other: &Expr) -> Expr {
        match (self.text.as_str(), other.text.as_str()) {
            ("false", _) => other.clone(),
            (_, "false") => self.clone(),
            ("true", _) | (_, "true") => Expr::bool(true),
            _ => {
                // A reader need not know which holds tighter.
                let side = |it: &Expr| match it.level {
                    Level::And => format!("({})", it.text),
                    _ => it.at_least(Level::Or),
                };
                Expr::new(format!("{} || {}", side(self), side(other)), Level::Or, Kind::Bool)
            }
        }
    }

    pub(super) fn not(&self) -> Expr {
        match self.text.as_str() {
            "true" => Expr::bool(false),
            "false" => Expr::bool(true),
            text if self.level == Level::Unary && text.starts_with('!') => {
                Expr::new(&text[1..], Level::Atom, Kind::Bool)
            }
            text => match self.turned(text) {
                Some(text) => Expr::new(text, Level::Compare, Kind::Bool),
                None => {
                    let text = format!("!{}", self.at_least(Level::Atom));
                    Expr::new(text, Level::Unary, Kind::Bool)
                }
            },
        }
    }

    /// The opposite of one equality.
    fn turned(&self, text: &str) -> Option<String> {
        let count = |op: &str| text.matches(op).count();
        match (self.level, count(" == "), count(" != ")) {
            (Level::Compare, 1, 0) => Some(text.replace(" == ", " != ")),
            (Level::Compare, 0, 1) => Some(text.replace(" != ", " == ")),
            _ => None,
        }
    }

    pub(super) fn cast(&self, to: &str, kind: Kind) -> Expr {
        // `as` takes all that is on its left.
        let text = format!("{} as {to}", self.at_least(Level::Atom));
        Expr::new(text, Level::Loose, kind)
    }

    pub(super) fn call(function: &str, arguments: &[&Expr], kind: Kind) -> Expr {
        let arguments: Vec<&str> = arguments.iter().map(|it| it.text.as_str()).collect();
        Expr::atom(format!("{function}({})", arguments.join(", ")), kind)
    }

    /// Whether it holds: numbers do unless they are 0.
    pub(super) fn truth(&self) -> Expr {
        let zero = match self.kind {
            Kind::Bool => return self.clone(),
            Kind::Float | Kind::FloatLiteral => Expr::float(0.0),
            Kind::Int | Kind::Token | Kind::Number => Expr::int(0),
        };
        self.binary("!=", &zero, Level::Compare, Kind::Bool)
    }

    pub(super) fn to_int(&self) -> Expr {
        match (self.kind, self.text.as_str()) {
            (Kind::Bool, "true") => Expr::int(1),
            (Kind::Bool, "false") => Expr::int(0),
            (Kind::Bool, _) => choice(vec![(self.clone(), Expr::int(1))], Expr::int(0)),
            _ => self.clone(),
        }
    }

    pub(super) fn to_float(&self) -> Expr {
        match self.kind {
            Kind::Bool => match self.text.as_str() {
                "true" => Expr::float(1.0),
                "false" => Expr::float(0.0),
                _ => choice(vec![(self.clone(), Expr::float(1.0))], Expr::float(0.0)),
            },
            Kind::Int => match self.text.parse::<i64>() {
                Ok(value) => Expr::float(value as f64),
                Err(_) => self.cast("f64", Kind::Float),
            },
            Kind::Float | Kind::FloatLiteral | Kind::Token | Kind::Number => self.clone(),
        }
    }

    /// A float that is `f64` by itself.
    pub(super) fn to_f64(&self) -> Expr {
        let float = self.to_float();
        if float.kind == Kind::FloatLiteral { float.cast("f64", Kind::Float) } else { float }
    }

    /// A letter as its number.
    pub(super) fn to_number(&self) -> Expr {
        match self.kind {
            Kind::Token => self.cast("int", Kind::Number),
            _ => self.clone(),
        }
    }
}

/// The value of the first condition that holds, or else the last.
pub(super) fn choice(cases: Vec<(Expr, Expr)>, last: Expr) -> Expr {
    let mut kinds: Vec<Kind> = cases.iter().map(|it| it.1.kind).collect();
    kinds.push(last.kind);
    let kind = kinds.iter().copied().find(|it| *it != Kind::FloatLiteral);
    let kind = kind.unwrap_or(Kind::FloatLiteral);
    let mut text = String::new();
    for (condition, value) in cases {
        if condition.text == "true" {
            if text.is_empty() {
                return value;
            }
            return Expr::new(format!("{text}{{ {} }}", value.text), Level::Loose, kind);
        }
        if condition.text != "false" {
            text.push_str(&format!("if {} {{ {} }} else ", condition.text, value.text));
        }
    }
    if text.is_empty() {
        return last;
    }
    // What is itself a choice goes on with `else if`.
    let last = match last.text.starts_with("if ") && last.level == Level::Loose {
        true if last.text.ends_with('}') => last.text,
        _ => format!("{{ {} }}", last.text),
    };
    Expr::new(format!("{text}{last}"), Level::Loose, kind)
}

/// A number that is no text.
pub(super) fn number(atom: &Atom) -> Option<Expr> {
    match atom {
        Atom::Int(value) => Some(Expr::int(*value)),
        Atom::Float(value) => Some(Expr::float(*value)),
        Atom::Bool(value) => Some(Expr::bool(*value)),
        Atom::Text(_) => None,
    }
}
