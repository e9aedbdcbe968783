//! What is said of mistakes in RASP, a function for each.
//!
//! Reading and running a program know different things: the values know what went wrong,
//! and the program knows where. A [`Fault`] is a message that has no place yet.

use crate::ast::UnaryOp;
use crate::graph::Reading;
use crate::value::{Atom, AtomType};
use nnc_base::{Code, Diagnostic, Span};

const UNEXPECTED: Code = Code("E0760");
const UNFINISHED: Code = Code("E0761");
const UNDEFINED: Code = Code("E0762");
const RESERVED: Code = Code("E0763");
const COUNT: Code = Code("E0764");
const KIND: Code = Code("E0765");
const OPERATION: Code = Code("E0766");
const MIXED: Code = Code("E0767");
const MEAN: Code = Code("E0768");
const ENTRY: Code = Code("E0769");
const NUMBER: Code = Code("E0770");
const LOAD: Code = Code("E0771");
const LIMIT: Code = Code("E0772");
const INPUT: Code = Code("E0773");
const IMPORT_TEXT: Code = Code("E0774");
const IMPORT_VALUE: Code = Code("E0775");
const IMPORT_MIXED: Code = Code("E0776");
const IMPORT_NOTHING: Code = Code("E0777");

/// A message without a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) notes: Vec<String>,
    pub(crate) helps: Vec<String>,
}

impl Fault {
    fn new(code: Code, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), notes: Vec::new(), helps: Vec::new() }
    }

    fn note(mut self, text: impl Into<String>) -> Fault {
        self.notes.push(text.into());
        self
    }

    fn help(mut self, text: impl Into<String>) -> Fault {
        self.helps.push(text.into());
        self
    }

    /// Whether it is about the mean of what has none.
    pub(crate) fn is_mean(&self) -> bool {
        self.code == MEAN
    }

    pub fn at(self, span: Span) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.code, span, self.message);
        diagnostic.notes = self.notes;
        diagnostic.helps = self.helps;
        diagnostic
    }
}

// Reading.

pub(crate) fn file_too_large(at: Span) -> Diagnostic {
    Diagnostic::error(UNEXPECTED, at, "the file has 4 GiB or more").help("split it")
}

pub(crate) fn unknown_character(at: Span, text: &str) -> Diagnostic {
    let letter = text.chars().next().unwrap_or(' ');
    let help = match letter {
        '\'' | '“' | '”' => "texts stand in `\"…\"`",
        '&' => "write `and`",
        '|' => "write `or`",
        '!' => "write `not`; `!=` stands in `select(key, query, !=)` alone",
        '.' => "a number has digits on both sides of its point: `0.5`",
        '≤' => "write `<=`",
        '≥' => "write `>=`",
        '≠' => "write `!=`",
        _ => "take it out",
    };
    Diagnostic::error(UNEXPECTED, at, format!("unknown character `{letter}`"))
        .here("the language does not have it")
        .help(help)
}

pub(crate) fn unexpected(at: Span, found: &str, expected: &str, help: String) -> Diagnostic {
    Diagnostic::error(UNEXPECTED, at, format!("expected {expected}, found {found}"))
        .here("this does not fit here")
        .help(help)
}

pub(crate) fn missing_semicolon(at: Span) -> Diagnostic {
    Diagnostic::error(UNFINISHED, at, "this statement does not end in `;`")
        .here("`;` belongs here")
        .help("write `;` here")
}

pub(crate) fn open_text(at: Span) -> Diagnostic {
    Diagnostic::error(UNFINISHED, at, "a text is not closed in its line")
        .here("the text starts here")
        .help("write `\"` where it ends; a text cannot hold a `\"` itself")
}

pub(crate) fn unfinished(at: Span, open: Option<(Span, &str)>, at_end: bool) -> Diagnostic {
    let text = if at_end { "the text ends" } else { "the next statement begins" };
    let message = format!("{text} in the middle of this statement");
    let diagnostic = Diagnostic::error(UNFINISHED, at, message);
    match open {
        Some((span, closer)) => diagnostic
            .label(span, format!("no `{closer}` closes this"))
            .help(format!("write the `{closer}` that is missing")),
        None => diagnostic.help("write its rest, and `;` behind it"),
    }
}

pub(crate) fn number_too_large(at: Span, written: &str) -> Diagnostic {
    Diagnostic::error(NUMBER, at, format!("the number `{written}` is too large"))
        .note(format!("whole numbers have 64 bits, so the greatest is {}", i64::MAX))
        .help("take a smaller one, or a float")
}

// Names and calls.

pub(crate) fn undefined(name: &str, near: Option<&str>) -> Fault {
    let fault = Fault::new(UNDEFINED, format!("`{name}` is not defined"));
    match (name.starts_with('_'), near) {
        (_, Some(near)) => fault.help(format!("did you mean `{near}`?")),
        (true, None) => fault.note("a name that begins with `_` is known in its own file alone"),
        (false, None) => fault.help(format!("define it first: `{name} = …;`")),
    }
}

pub(crate) fn reserved(name: &str, library: bool) -> Fault {
    let whose = if library { "the library" } else { "the language" };
    Fault::new(RESERVED, format!("`{name}` is a name of {whose} and keeps its meaning"))
        .help(format!("take another name, such as `my_{name}`"))
}

pub(crate) fn argument_count(name: &str, parameters: &[&str], given: usize) -> Fault {
    let expected = parameters.len();
    let plural = if expected == 1 { "" } else { "s" };
    Fault::new(COUNT, format!("`{name}` takes {expected} argument{plural}, found {given}"))
        .help(format!("call it as `{name}({})`", parameters.join(", ")))
}

pub(crate) fn value_count(names: usize, values: usize) -> Fault {
    Fault::new(COUNT, format!("{names} names stand for {values} values"))
        .help("give each value one name")
}

pub(crate) fn no_values(names: usize, found: &str) -> Fault {
    Fault::new(COUNT, format!("{names} names stand for one value, {found}"))
        .help("several names take a list of as many values")
}

pub(crate) fn wrong_input_count(what: &str, given: usize) -> Fault {
    Fault::new(COUNT, format!("{what} runs on one input, found {given}"))
        .help("give one text or one list, such as `s(\"hello\")` or `s([1, 2])`")
}

pub(crate) fn range_count(given: usize) -> Fault {
    Fault::new(COUNT, format!("`range` takes 1, 2 or 3 whole numbers, found {given}"))
        .help("write `range(end)`, `range(start, end)` or `range(start, end, step)`")
}

// Kinds of values.

/// A value of another kind than an operation wants.
pub(crate) fn wrong_kind(who: &str, wants: &str, found: &str) -> Fault {
    Fault::new(KIND, format!("{who} wants {wants}, found {found}"))
}

pub(crate) fn selector_in(op: &str) -> Fault {
    Fault::new(KIND, format!("`{op}` does not work on a selector"))
        .note("selectors are joined by `and`, `or` and `not`, and used by `aggregate`")
        .help("turn it into an s-op first: `selector_width(sel)` or `aggregate(sel, s)`")
}

pub(crate) fn selector_with_other(op: &str, found: &str) -> Fault {
    Fault::new(KIND, format!("`{op}` joins a selector with {found}"))
        .note("`and` and `or` join two selectors or two s-ops")
        .help("make a selector of the s-op: `select(s, True, ==)`")
}

pub(crate) fn not_comparable(found: &str) -> Fault {
    Fault::new(KIND, format!("it cannot be said whether {found} is in a list"))
        .note("`in` looks for an atom or the values of an s-op")
}

pub(crate) fn not_callable(found: &str) -> Fault {
    Fault::new(KIND, format!("{found} cannot be called"))
        .note("functions take arguments, s-ops and selectors an input")
}

pub(crate) fn no_meta_operation(op: &str, left: &str, right: &str) -> Fault {
    Fault::new(OPERATION, format!("`{op}` does not work on {left} and {right}"))
}

pub(crate) fn no_meta_unary(op: &str, found: &str) -> Fault {
    Fault::new(OPERATION, format!("`{op}` does not work on {found}"))
}

// Values.

fn described(value: &Atom) -> String {
    match value.ty() {
        AtomType::Text => format!("the string {value}"),
        AtomType::Bool => format!("the bool {value}"),
        AtomType::Int => format!("the int {value}"),
        AtomType::Float => format!("the float {value}"),
    }
}

pub(crate) fn no_operation(op: &str, left: &Atom, right: &Atom) -> Fault {
    let message = format!("`{op}` does not work on {} and {}", described(left), described(right));
    let fault = Fault::new(OPERATION, message);
    match (op, left.ty(), right.ty()) {
        ("+", _, AtomType::Text) | ("+", AtomType::Text, _) => {
            fault.note("`+` adds numbers or joins strings")
        }
        ("<" | "<=" | ">" | ">=", ..) => {
            fault.note("strings are ordered among themselves, and numbers are")
        }
        _ => fault,
    }
}

pub(crate) fn no_unary(op: UnaryOp, value: &Atom) -> Fault {
    Fault::new(OPERATION, format!("`{}` does not work on {}", op.as_str(), described(value)))
}

/// The values, and behind the first few the rest as dots.
fn listed(values: &[Atom]) -> String {
    let mut shown: Vec<String> = values.iter().take(8).map(Atom::to_string).collect();
    if values.len() > 8 {
        shown.push("…".to_owned());
    }
    format!("[{}]", shown.join(", "))
}

pub(crate) fn mixed_sequence(values: &[Atom]) -> Fault {
    Fault::new(MIXED, "a sequence would have strings beside numbers")
        .note(format!("its values would be {}", listed(values)))
        .note("all values of a sequence are strings, bools, ints or floats; numbers may mix")
        .help("where nothing is selected an aggregate gives 0: give strings a default, such as `aggregate(sel, tokens, \"-\")`")
}

pub(crate) fn mean_of_no_numbers(ty: AtomType, place: usize, values: &[&Atom]) -> Fault {
    let values: Vec<Atom> = values.iter().map(|it| (*it).clone()).collect();
    let ty = ty.as_str();
    let fault =
        Fault::new(MEAN, format!("place {place} selects several {ty}s, and they have no mean"))
            .note(format!("it selects {}", listed(&values)));
    if ty == "bool" {
        fault.help("take their share: `aggregate(sel, indicator(s))`")
    } else {
        fault.help("let the selector select one place at most")
    }
}

pub(crate) fn index_type(index: &Atom) -> Fault {
    Fault::new(ENTRY, format!("a position is a whole number, found {}", described(index)))
}

pub(crate) fn out_of_range(index: i64, length: usize) -> Fault {
    let fault = Fault::new(ENTRY, format!("there is no entry {index} among {length}"));
    match length {
        0 => fault,
        _ => fault.note(format!(
            "the first is 0 and the last {}; from the end, they are -1 to -{length}",
            length - 1
        )),
    }
}

pub(crate) fn no_key(key: &Atom, dict: &[(Atom, Atom)]) -> Fault {
    let keys: Vec<Atom> = dict.iter().map(|(key, _)| key.clone()).collect();
    missing_key(key, &keys)
}

pub(crate) fn missing_key(key: &Atom, keys: &[Atom]) -> Fault {
    Fault::new(ENTRY, format!("the dict has no key {key}"))
        .note(format!("its keys are {}", listed(keys)))
}

pub(crate) fn entries_not_atoms(found: &str) -> Fault {
    Fault::new(KIND, format!("an s-op chooses among atoms, and {found} is among them"))
        .help("choose with `if` and `else`, which take s-ops")
}

pub(crate) fn overflow(op: &str) -> Fault {
    Fault::new(NUMBER, format!("the result of `{op}` is too large"))
        .note("whole numbers have 64 bits, floats end near 1.8e308")
}

pub(crate) fn unroundable(value: f64) -> Fault {
    let value = crate::value::float_text(value);
    Fault::new(NUMBER, format!("{value} has no nearest whole number of 64 bits"))
}

pub(crate) fn division_by_zero(op: &str) -> Fault {
    Fault::new(NUMBER, format!("`{op}` by zero"))
}

pub(crate) fn complex_power(base: f64, exponent: f64) -> Fault {
    let text = crate::value::float_text;
    Fault::new(NUMBER, format!("{} ^ {} is no real number", text(base), text(exponent)))
}

// Files, limits, inputs.

pub(crate) fn not_loaded(path: &str, why: &str) -> Fault {
    Fault::new(LOAD, format!("cannot load \"{path}\": {why}"))
        .note("`load \"name\"` reads the file `name.rasp`")
}

pub(crate) fn load_circle(path: &str) -> Fault {
    Fault::new(LOAD, format!("\"{path}\" loads itself, by itself or by what it loads"))
        .help("take one of the loads out")
}

pub(crate) fn too_deep(what: &str, limit: usize) -> Fault {
    Fault::new(LIMIT, format!("{what} is nested more than {limit} deep"))
        .help("a function that calls itself has to end")
}

pub(crate) fn too_large(what: &str, limit: usize) -> Fault {
    Fault::new(LIMIT, format!("{what} would have more than {limit} entries"))
}

pub(crate) fn picture_too_large(of: &str, found: usize, limit: usize) -> Fault {
    Fault::new(LIMIT, format!("a picture of {found} {of} would be too large"))
        .note(format!("{limit} are drawn at most"))
        .help("draw it on a shorter input, or draw a part of it")
}

pub(crate) fn empty_input() -> Fault {
    Fault::new(INPUT, "an input is not empty").help("give a text or a list with one entry at least")
}

pub(crate) fn no_input(found: &str) -> Fault {
    Fault::new(INPUT, format!("an input is a text or a list of atoms, found {found}"))
}

pub(crate) fn unreadable_token(reading: Reading, value: &Atom) -> Fault {
    let what = if reading == Reading::Float { "a float" } else { "an int" };
    Fault::new(INPUT, format!("`{}` cannot read {value} as {what}", reading.as_str()))
        .help("set an example that fits, such as `set example [0, 1, 2]`, before it is used")
}

// What cannot be imported.

pub(crate) fn many_texts(found: usize, limit: usize) -> Fault {
    let message = format!("this s-op has {found} different texts, which are too many to number");
    Fault::new(IMPORT_TEXT, message)
        .note(format!("a text of several letters becomes a constant, and {limit} are the most"))
        .help("use numbers in place of the texts")
}

pub(crate) fn lengths_differ() -> Fault {
    Fault::new(IMPORT_TEXT, "texts of different lengths meet that are made of any letters")
        .note("such texts become rows of letters, which have one length")
        .help("give them one length, or take a letter for each")
}

pub(crate) fn unknown_length() -> Fault {
    Fault::new(IMPORT_TEXT, "the texts that this makes have no length that is known")
        .note("texts of any letters become rows of letters, which have one length; texts that are all known become constants")
        .help("join texts of one length, or repeat them a number of times that is written out")
}

pub(crate) fn order_of_texts(op: &str) -> Fault {
    Fault::new(IMPORT_TEXT, format!("`{op}` orders texts of several letters"))
        .note("a letter has an order in nn, a word and a row of letters have none")
        .help("order letters, or numbers that say which comes first")
}

pub(crate) fn texts_and_numbers() -> Fault {
    Fault::new(IMPORT_MIXED, "this can be a string and can be a number")
        .note("RASP sees on each input which it is; in nn an s-op has one type")
        .help("give strings everywhere, or numbers")
}

pub(crate) fn text_in_arithmetic(op: &str) -> Fault {
    Fault::new(IMPORT_MIXED, format!("`{op}` has a string beside a number here"))
        .note("`tokens` and `tokens_asis` become letters")
        .help("read numbers by `tokens_int` or `tokens_float`")
}

pub(crate) fn no_entries() -> Fault {
    Fault::new(IMPORT_MIXED, "an entry is looked up where there are none")
}

pub(crate) fn wide_number(value: i64) -> Fault {
    Fault::new(IMPORT_VALUE, format!("the number {value} has more than 32 bits"))
        .note("`int` in nn is a number of 32 bits")
        .help("take a smaller one, or a float")
}

pub(crate) fn infinite_number(value: f64) -> Fault {
    let value = crate::value::float_text(value);
    Fault::new(IMPORT_VALUE, format!("the number {value} cannot be written in nn"))
}

pub(crate) fn wide_letter(text: &str) -> Fault {
    Fault::new(IMPORT_VALUE, format!("\"{text}\" has a letter that is no token of 256"))
        .note("a letter becomes its number in Unicode, from 1 to 255")
        .help("take a letter such as `-` or `§` in its place")
}

pub(crate) fn nothing_to_import(title: &str) -> Fault {
    Fault::new(IMPORT_NOTHING, format!("{title} gives no s-op a name"))
        .note("each s-op with a name becomes a function; names that begin with `_` are for the file alone")
        .help("name one: `result = …;`")
}

/// A bug of this crate, which no program should reach.
pub(crate) fn not_evaluated() -> Fault {
    Fault::new(KIND, "this cannot be evaluated")
}

pub(crate) fn zip_lengths(first: usize, other: usize, nth: usize) -> Fault {
    let message = format!("`zip` wants lists of one length, found {first} and {other}");
    Fault::new(COUNT, message).note(format!("the first list has {first} items, list {nth} {other}"))
}
