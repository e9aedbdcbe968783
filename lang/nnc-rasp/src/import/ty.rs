//! The types that values have in the language: RASP finds them out on each input, here they
//! are what may come.

use super::form::{Form, Forms};
use crate::ast::{BinaryOp, UnaryOp};
use crate::errors::{self, Fault};
use crate::graph::{ClassId, Map, Reading};
use crate::value::Atom;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// How many different texts an s-op may have that have more than a letter.
const MOST_WORDS: usize = 64;

/// The longest text that is a row of letters.
const LONGEST_ROW: usize = 64;

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Ty {
    Bool,
    /// Whole numbers, truth values among them.
    Int,
    /// Any numbers.
    Float,
    /// Some texts that are known, and perhaps any letter.
    Texts {
        letters: bool,
        words: BTreeSet<Rc<str>>,
    },
    /// Texts of so many letters, which may be any.
    Row(usize),
    Selector,
}

fn length(text: &str) -> usize {
    text.chars().count()
}

impl Ty {
    fn letters() -> Ty {
        Ty::Texts { letters: true, words: BTreeSet::new() }
    }

    fn of(atom: &Atom) -> Ty {
        match atom {
            Atom::Bool(_) => Ty::Bool,
            Atom::Int(_) => Ty::Int,
            Atom::Float(_) => Ty::Float,
            Atom::Text(text) => Ty::Texts { letters: false, words: BTreeSet::from([text.clone()]) },
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Ty::Texts { .. } | Ty::Row(_))
    }

    /// Whether there are texts of several letters that are not a row.
    pub(super) fn is_word(&self) -> bool {
        matches!(self, Ty::Texts { words, .. } if words.iter().any(|it| length(it) > 1))
    }

    /// The length that all of the texts have.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Ty::Row(length) => Some(*length),
            Ty::Texts { letters, words } => {
                let mut lengths: BTreeSet<usize> = words.iter().map(|it| length(it)).collect();
                if *letters {
                    lengths.insert(1);
                }
                (lengths.len() == 1).then(|| lengths.first().copied()).flatten()
            }
            Ty::Bool | Ty::Int | Ty::Float | Ty::Selector => None,
        }
    }

    fn rank(&self) -> Option<u8> {
        match self {
            Ty::Bool => Some(0),
            Ty::Int => Some(1),
            Ty::Float => Some(2),
            Ty::Texts { .. } | Ty::Row(_) | Ty::Selector => None,
        }
    }

    /// What both may be.
    fn joined(&self, other: &Ty) -> Result<Ty, Fault> {
        match (self, other) {
            (Ty::Texts { letters: a, words: x }, Ty::Texts { letters: b, words: y }) => {
                let words: BTreeSet<Rc<str>> = x.union(y).cloned().collect();
                match words.len() {
                    0..=MOST_WORDS => Ok(Ty::Texts { letters: *a || *b, words }),
                    many => Err(errors::many_texts(many, MOST_WORDS)),
                }
            }
            (Ty::Row(_), text) | (text, Ty::Row(_)) if text.is_text() => {
                match (self.length(), other.length()) {
                    (Some(a), Some(b)) if a == b => Ok(Ty::Row(a)),
                    _ => Err(errors::lengths_differ()),
                }
            }
            _ => match (self.rank(), other.rank()) {
                (Some(a), Some(b)) => Ok(if a >= b { self.clone() } else { other.clone() }),
                _ => Err(errors::texts_and_numbers()),
            },
        }
    }

    /// Texts one behind the other.
    fn concatenated(&self, other: &Ty) -> Result<Ty, Fault> {
        if let (
            Ty::Texts { letters: false, words: left },
            Ty::Texts { letters: false, words: right },
        ) = (self, other)
        {
            let mut words = BTreeSet::new();
            for a in left {
                words.extend(right.iter().map(|b| Rc::from(format!("{a}{b}"))));
            }
            if words.len() <= MOST_WORDS {
                return Ok(Ty::Texts { letters: false, words });
            }
        }
        match (self.length(), other.length()) {
            (Some(a), Some(b)) if a + b <= LONGEST_ROW => Ok(Ty::Row(a + b)),
            _ => Err(errors::unknown_length()),
        }
    }

    fn repeated(&self, times: usize) -> Result<Ty, Fault> {
        (1..times).try_fold(self.clone(), |ty, _| ty.concatenated(self))
    }
}

/// The types of classes, or why one has none.
pub(super) struct Types {
    known: HashMap<ClassId, Result<Ty, ()>>,
    /// The classes that have none, with the reason.
    pub(super) faults: Vec<(ClassId, Fault)>,
}

impl Types {
    /// Finds the types of classes, which are given in order.
    pub(super) fn of(forms: &mut Forms<'_>, classes: &[ClassId]) -> Types {
        let mut types = Types { known: HashMap::new(), faults: Vec::new() };
        for class in classes {
            let form = forms.of(*class);
            // What has no type because of its parts is told with those.
            let whole = form.operands().iter().all(|it| types.get(*it).is_some());
            let found = match whole.then(|| types.find(forms, &form)) {
                Some(Ok(ty)) => Ok(ty),
                Some(Err(fault)) => {
                    types.faults.push((*class, fault));
                    Err(())
                }
                None => Err(()),
            };
            types.known.insert(*class, found);
        }
        types
    }

    pub(super) fn get(&self, class: ClassId) -> Option<&Ty> {
        self.known.get(&class)?.as_ref().ok()
    }

    fn number(&self, op: &str, class: ClassId) -> Result<&Ty, Fault> {
        match self.get(class) {
            Some(ty) if ty.rank().is_some() => Ok(ty),
            _ => Err(errors::text_in_arithmetic(op)),
        }
    }

    fn find(&mut self, forms: &Forms<'_>, form: &Form) -> Result<Ty, Fault> {
        let whole = |ty: &Ty| if *ty == Ty::Float { Ty::Float } else { Ty::Int };
        Ok(match form {
            Form::Tokens(Reading::Text | Reading::AsIs) => Ty::letters(),
            Form::Tokens(Reading::Int) | Form::Indices | Form::Length | Form::Count { .. } => {
                Ty::Int
            }
            Form::Tokens(Reading::Float) => Ty::Float,
            Form::Tokens(Reading::Bool) | Form::Any { .. } | Form::All(_) => Ty::Bool,
            Form::Constant(atom) => literal(atom)?,
            Form::At { value, .. } => self.operand(*value)?,
            Form::Aggregate { selector, value, default } => {
                let value = self.operand(*value)?;
                // Without a default a text would stand beside the number 0, which RASP refuses.
                let ty = match default {
                    None if value.is_text() => value.clone(),
                    None => value.joined(&Ty::Int)?,
                    Some(default) => value.joined(&literal(default)?)?,
                };
                match value {
                    Ty::Int if !forms.selects_one(*selector) => Ty::Float,
                    _ => ty,
                }
            }
            Form::Map(map, operands) => match (map, operands.as_slice()) {
                (Map::Unary(UnaryOp::Not), _) => Ty::Bool,
                (Map::Unary(UnaryOp::Round | UnaryOp::Indicator), [it]) => {
                    if *map == Map::Unary(UnaryOp::Round) {
                        self.number("round", *it)?;
                    }
                    Ty::Int
                }
                (Map::Unary(op), [it]) => whole(self.number(op.as_str(), *it)?),
                (Map::Binary(BinaryOp::Compare(compare)), [left, right]) => {
                    self.compared(compare.as_str(), *left, *right)?;
                    Ty::Bool
                }
                (Map::Binary(BinaryOp::And | BinaryOp::Or) | Map::In(_), _) => Ty::Bool,
                (Map::Binary(op), [left, right]) => self.arithmetic(forms, *op, *left, *right)?,
                (Map::If, [_, yes, no]) => self.operand(*yes)?.joined(&self.operand(*no)?)?,
                (Map::Entry(atoms), _) => all(atoms.iter())?,
                (Map::Key(entries), _) => all(entries.iter().map(|it| &it.1))?,
                _ => return Err(errors::not_evaluated()),
            },
            Form::Select { key, query, compare } => {
                self.compared(compare.as_str(), *key, *query)?;
                Ty::Selector
            }
            Form::Everything | Form::Not(_) | Form::And(..) | Form::Or(..) => Ty::Selector,
        })
    }

    fn operand(&self, class: ClassId) -> Result<Ty, Fault> {
        self.get(class).cloned().ok_or_else(errors::not_evaluated)
    }

    /// Equality compares anything; an order is among numbers and among letters.
    fn compared(&self, op: &str, left: ClassId, right: ClassId) -> Result<(), Fault> {
        let (left, right) = (self.operand(left)?, self.operand(right)?);
        let ordered = !matches!(op, "==" | "!=");
        match (left.is_text(), right.is_text()) {
            (false, false) => Ok(()),
            (true, true) if ordered && [&left, &right].into_iter().any(long) => {
                Err(errors::order_of_texts(op))
            }
            (true, true) if long_row(&left) && long_row(&right) && left != right => {
                Err(errors::lengths_differ())
            }
            (true, true) => Ok(()),
            _ if ordered => Err(errors::text_in_arithmetic(op)),
            _ => Ok(()),
        }
    }

    fn arithmetic(
        &self,
        forms: &Forms<'_>,
        op: BinaryOp,
        left: ClassId,
        right: ClassId,
    ) -> Result<Ty, Fault> {
        let (a, b) = (self.operand(left)?, self.operand(right)?);
        match (op, a.is_text(), b.is_text()) {
            (BinaryOp::Plus, true, true) => return a.concatenated(&b),
            (BinaryOp::Times, true, false) => return a.repeated(times(forms, right)?),
            (BinaryOp::Times, false, true) => return b.repeated(times(forms, left)?),
            (_, false, false) => {}
            _ => return Err(errors::text_in_arithmetic(op.as_str())),
        }
        let float = a == Ty::Float || b == Ty::Float || op == BinaryOp::Divide;
        // A negative exponent gives no whole number.
        let root = op == BinaryOp::Power
            && forms.constant(right).and_then(Atom::as_int).is_none_or(|it| it < 0);
        Ok(if float || root { Ty::Float } else { Ty::Int })
    }
}

/// How often a text is repeated, which has to be known and at least once.
fn times(forms: &Forms<'_>, class: ClassId) -> Result<usize, Fault> {
    let times = forms.constant(class).and_then(Atom::as_int);
    let times = times.and_then(|it| usize::try_from(it).ok()).filter(|it| *it > 0);
    times.ok_or_else(errors::unknown_length)
}

fn long(ty: &Ty) -> bool {
    ty.is_word() || long_row(ty)
}

fn long_row(ty: &Ty) -> bool {
    matches!(ty, Ty::Row(_))
}

fn all<'a>(atoms: impl Iterator<Item = &'a Atom>) -> Result<Ty, Fault> {
    let mut ty: Option<Ty> = None;
    for atom in atoms {
        let next = literal(atom)?;
        ty = Some(match ty {
            Some(ty) => ty.joined(&next)?,
            None => next,
        });
    }
    ty.ok_or_else(errors::no_entries)
}

fn literal(atom: &Atom) -> Result<Ty, Fault> {
    match atom {
        Atom::Int(value) if i32::try_from(*value).is_err() => Err(errors::wide_number(*value)),
        Atom::Float(value) if !value.is_finite() => Err(errors::infinite_number(*value)),
        Atom::Text(text) if text.chars().any(|it| it as u32 > 255 || it == '\0') => {
            Err(errors::wide_letter(text))
        }
        atom => Ok(Ty::of(atom)),
    }
}
