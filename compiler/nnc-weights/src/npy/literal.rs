//! Python literals, as far as npy headers have them.

use std::fmt;

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Literal {
    Text(String),
    Int(i64),
    Bool(bool),
    None,
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// Headers of structured types nest a little; nothing nests deeper.
const MOST_NESTING: u32 = 16;

/// The literal that is the whole text, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Literal, String> {
    let mut parser = Parser { rest: text };
    let literal = parser.literal(0)?;
    parser.space();
    match parser.rest {
        "" => Ok(literal),
        _ => Err("something is left over behind it".to_owned()),
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\t', '\r', '\0']);
    }

    /// Whether the next thing is this, which is then read.
    fn eat(&mut self, text: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn literal(&mut self, depth: u32) -> Result<Literal, String> {
        if depth > MOST_NESTING {
            return Err("it nests too deep".to_owned());
        }
        if self.eat("{") {
            let mut items = Vec::new();
            while !self.eat("}") {
                let key = self.literal(depth + 1)?;
                if !self.eat(":") {
                    return Err("a key has no value".to_owned());
                }
                items.push((key, self.literal(depth + 1)?));
                self.separator("}")?;
            }
            return Ok(Literal::Dict(items));
        }
        if self.eat("(") {
            return Ok(Literal::Tuple(self.items(")", depth)?));
        }
        if self.eat("[") {
            return Ok(Literal::List(self.items("]", depth)?));
        }
        for (word, literal) in [
            ("True", Literal::Bool(true)),
            ("False", Literal::Bool(false)),
            ("None", Literal::None),
        ] {
            if self.eat(word) {
                return Ok(literal);
            }
        }
        match self.rest.chars().next() {
            Some(quote @ ('\'' | '"')) => self.text(quote),
            Some('0'..='9' | '-') => self.int(),
            Some(other) => Err(format!("`{other}` begins nothing")),
            None => Err("it ends too early".to_owned()),
        }
    }

    fn items(&mut self, close: &str, depth: u32) -> Result<Vec<Literal>, String> {
        let mut items = Vec::new();
        while !self.eat(close) {
            items.push(self.literal(depth + 1)?);
            self.separator(close)?;
        }
        Ok(items)
    }

    /// A comma, which may be left out before the end.
    fn separator(&mut self, close: &str) -> Result<(), String> {
        let comma = self.eat(",");
        self.space();
        match comma || self.rest.starts_with(close) {
            true => Ok(()),
            false => Err("a comma is missing".to_owned()),
        }
    }

    fn text(&mut self, quote: char) -> Result<Literal, String> {
        let inside = &self.rest[1..];
        let end = inside.find(quote).ok_or("a string has no end")?;
        let text = &inside[..end];
        self.rest = &inside[end + 1..];
        match text.contains('\\') {
            true => Err("a string has an escape".to_owned()),
            false => Ok(Literal::Text(text.to_owned())),
        }
    }

    fn int(&mut self) -> Result<Literal, String> {
        let end = self.rest[1..].find(|c: char| !c.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.map_or(self.rest.len(), |end| end + 1));
        // Python 2 wrote `3L`.
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        digits.parse().map(Literal::Int).map_err(|error| format!("`{digits}`: {error}"))
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list(f: &mut fmt::Formatter<'_>, items: &[Literal]) -> fmt::Result {
            for (i, item) in items.iter().enumerate() {
                let comma = if i > 0 { ", " } else { "" };
                write!(f, "{comma}{item}")?;
            }
            Ok(())
        }
        match self {
            Literal::Text(text) => write!(f, "'{text}'"),
            Literal::Int(value) => write!(f, "{value}"),
            Literal::Bool(true) => f.write_str("True"),
            Literal::Bool(false) => f.write_str("False"),
            Literal::None => f.write_str("None"),
            Literal::Tuple(items) => {
                f.write_str("(")?;
                list(f, items)?;
                f.write_str(")")
            }
            Literal::List(items) => {
                f.write_str("[")?;
                list(f, items)?;
                f.write_str("]")
            }
            Literal::Dict(items) => {
                f.write_str("{")?;
                for (i, (key, value)) in items.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    write!(f, "{comma}{key}: {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}
