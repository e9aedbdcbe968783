//! Reads what [`Dim`]'s `Display` writes.

use std::fmt;

use nnc_base::Name;

use crate::dim::Dim;
use crate::fact::Fact;

/// Text that is not a dimension expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DimParseError {
    /// Where in the text, in bytes.
    pub offset: usize,
    /// What was wrong, as the end of a sentence.
    pub message: String,
}

impl fmt::Display for DimParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a dimension at byte {}: {}", self.offset, self.message)
    }
}

impl std::error::Error for DimParseError {}

/// Parentheses and signs may nest this deep.
const MOST_NESTED: usize = 100;

impl Dim {
    /// Reads an expression of integers, names, `+ - * // % ^`, `min`, `max`
    /// and parentheses.
    pub fn parse(text: &str) -> Result<Dim, DimParseError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let dim = parser.sum()?;
        parser.skip_space();
        if parser.at < text.len() { parser.fail("expected an operator") } else { Ok(dim) }
    }
}

impl Fact {
    /// Reads a fact as its `Display` writes it.
    pub fn parse(text: &str) -> Result<Fact, DimParseError> {
        if let Some((left, right)) = text.split_once(">=") {
            return Ok(Fact::AtLeast(Dim::parse(left)?, Dim::parse(right)?));
        }
        let Some((left, right)) = text.split_once("==") else {
            let message = "expected `==` or `>=`".to_owned();
            return Err(DimParseError { offset: text.len(), message });
        };
        match left.rsplit_once('%') {
            Some((of, divisor)) if right.trim() == "0" => {
                Ok(Fact::Divides { divisor: Dim::parse(divisor)?, of: Dim::parse(of)? })
            }
            _ => Ok(Fact::Equal(Dim::parse(left)?, Dim::parse(right)?)),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn sum(&mut self) -> Result<Dim, DimParseError> {
        let mut sum = self.product()?;
        loop {
            if self.eat("+") {
                sum = sum + self.product()?;
            } else if self.eat("-") {
                sum = sum - self.product()?;
            } else {
                return Ok(sum);
            }
        }
    }

    fn product(&mut self) -> Result<Dim, DimParseError> {
        let mut product = self.signed()?;
        loop {
            if self.eat("//") {
                product = product.floor_div(&self.signed()?);
            } else if self.eat("*") {
                product = product * self.signed()?;
            } else if self.eat("%") {
                product = product.rem(&self.signed()?);
            } else {
                return Ok(product);
            }
        }
    }

    fn signed(&mut self) -> Result<Dim, DimParseError> {
        if self.eat("-") { Ok(-self.nested(Parser::signed)?) } else { self.power() }
    }

    fn power(&mut self) -> Result<Dim, DimParseError> {
        let base = self.primary()?;
        if !self.eat("^") {
            return Ok(base);
        }
        self.skip_space();
        let digits = self.take_while(|it| it.is_ascii_digit());
        match digits.parse() {
            Ok(exponent) => Ok(base.pow(exponent)),
            Err(_) => self.fail("expected an exponent"),
        }
    }

    fn primary(&mut self) -> Result<Dim, DimParseError> {
        if self.eat("(") {
            let inner = self.nested(Parser::sum)?;
            return self.close(inner);
        }
        let digits = self.take_while(|it| it.is_ascii_digit());
        if !digits.is_empty() {
            return match digits.parse() {
                Ok(value) => Ok(Dim::constant(value)),
                Err(_) => self.fail("the number is too large"),
            };
        }
        let name = self.take_while(|it| it.is_alphanumeric() || "_.$#'".contains(it));
        match name {
            "" => self.fail("expected a number, a name or `(`"),
            "min" if self.eat("(") => self.extremum(Dim::min),
            "max" if self.eat("(") => self.extremum(Dim::max),
            _ => Ok(Dim::var(Name::new(name))),
        }
    }

    fn extremum(&mut self, choose: fn(&Dim, &Dim) -> Dim) -> Result<Dim, DimParseError> {
        let mut best = self.nested(Parser::sum)?;
        while self.eat(",") {
            best = choose(&best, &self.nested(Parser::sum)?);
        }
        self.close(best)
    }

    fn close(&mut self, dim: Dim) -> Result<Dim, DimParseError> {
        if self.eat(")") { Ok(dim) } else { self.fail("expected `)`") }
    }

    fn nested(
        &mut self,
        parse: fn(&mut Parser<'a>) -> Result<Dim, DimParseError>,
    ) -> Result<Dim, DimParseError> {
        if self.depth == MOST_NESTED {
            return self.fail("nested too deep");
        }
        self.depth += 1;
        let dim = parse(self);
        self.depth -= 1;
        dim
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|it| !accept(it)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn fail<T>(&self, message: &str) -> Result<T, DimParseError> {
        Err(DimParseError { offset: self.at, message: message.to_owned() })
    }
}
