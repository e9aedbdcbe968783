//! Sizes and positions.

use super::{Parser, Result, Scope, Token};
use crate::Affine;
use nnc_base::Name;
use nnc_shape::Dim;

impl Parser<'_> {
    pub(super) fn dim(&mut self) -> Result<Dim> {
        let affine = self.affine(&Scope::default())?;
        Ok(affine.offset)
    }

    pub(super) fn dim_factor(&mut self) -> Result<Dim> {
        let affine = self.factor(&Scope::default())?;
        Ok(affine.offset)
    }

    pub(super) fn affine(&mut self, scope: &Scope) -> Result<Affine> {
        let mut sum = if self.eat("-") {
            self.product(scope)?.times(&Dim::constant(-1))
        } else {
            self.product(scope)?
        };
        loop {
            if self.eat("+") {
                sum = sum.plus(&self.product(scope)?);
            } else if self.eat("-") {
                sum = sum.plus(&self.product(scope)?.times(&Dim::constant(-1)));
            } else {
                return Ok(sum);
            }
        }
    }

    fn product(&mut self, scope: &Scope) -> Result<Affine> {
        let mut product = self.factor(scope)?;
        loop {
            let Token::Symbol(symbol) = *self.peek() else { return Ok(product) };
            if !matches!(symbol, "*" | "//" | "%") {
                return Ok(product);
            }
            self.next();
            let right = self.factor(scope)?;
            product = match (symbol, product.as_dim(), right.as_dim()) {
                ("*", _, Some(right)) => product.times(right),
                ("*", Some(left), None) => right.times(left),
                ("//", Some(left), Some(right)) => Affine::constant(left.floor_div(right)),
                ("%", Some(left), Some(right)) => Affine::constant(left.rem(right)),
                _ => return self.fail("index variables can only be multiplied by sizes"),
            };
        }
    }

    fn factor(&mut self, scope: &Scope) -> Result<Affine> {
        let base = match self.peek().clone() {
            Token::Int(value) => {
                self.next();
                Affine::constant(value)
            }
            Token::Symbol("-") => {
                self.next();
                self.factor(scope)?.times(&Dim::constant(-1))
            }
            Token::Symbol("(") => {
                self.next();
                let inner = self.affine(scope)?;
                self.expect(")")?;
                inner
            }
            Token::Word(word) if word == "min" || word == "max" => {
                self.next();
                let items = self.list("(", ")", |it| it.dim())?;
                let pick = |left: Dim, right: Dim| {
                    if word == "min" { Dim::min(&left, &right) } else { Dim::max(&left, &right) }
                };
                match items.into_iter().reduce(pick) {
                    Some(dim) => Affine::constant(dim),
                    None => return self.fail("expected sizes"),
                }
            }
            Token::Word(_) => {
                let word = self.word()?;
                match scope.vars.get(&word) {
                    Some(&var) => Affine::var(var),
                    None => Affine::constant(Dim::var(Name::new(&word))),
                }
            }
            _ => return self.fail("expected a size or a position"),
        };
        if self.eat("^") {
            let power = self.int()?;
            let Some(dim) = base.as_dim() else {
                return self.fail("only sizes have powers");
            };
            return Ok(Affine::constant(dim.pow(power as u32)));
        }
        Ok(base)
    }
}
