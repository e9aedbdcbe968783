//! What would fit in place of a token, in the words of the language.

use crate::token::Tok;

/// Names what was found.
pub(crate) fn describe(tok: Tok, text: &str) -> String {
    match tok {
        tok if tok.is_word() => format!("the word `{text}`"),
        Tok::Name(_) => format!("the name `{text}`"),
        Tok::Int(_) | Tok::Float(_) => format!("the number `{text}`"),
        Tok::Text(_) | Tok::OpenText(_) => "a text".to_owned(),
        Tok::LineEnd => "the end of the line".to_owned(),
        _ => format!("`{text}`"),
    }
}

const OPERATORS: [&str; 14] =
    ["+", "-", "*", "/", "%", "^", "==", "<", "<=", ">", ">=", "and", "or", "if"];

fn has(expected: &[String], terminal: &str) -> bool {
    expected.iter().any(|it| it.trim_matches('"') == terminal)
}

/// Whether an expression can begin here.
fn value_fits(expected: &[String]) -> bool {
    has(expected, "int") && has(expected, "select(")
}

fn operator_fits(expected: &[String]) -> bool {
    has(expected, "^") || (has(expected, "or") && has(expected, "if"))
}

/// Lists what would fit.
pub(crate) fn words(expected: &[String]) -> String {
    let mut words: Vec<String> = Vec::new();
    if has(expected, "def") {
        words.push("a statement".to_owned());
    } else if value_fits(expected) {
        words.push("a value".to_owned());
    } else if has(expected, "name") {
        words.push("a name".to_owned());
    }
    for (terminal, word) in [
        (";", "`;`"),
        (",", "`,`"),
        (")", "`)`"),
        ("]", "`]`"),
        ("}", "`}`"),
        ("{", "`{`"),
        (":", "`:`"),
        ("=", "`=`"),
        ("else", "`else`"),
        ("in", "`in`"),
        ("for", "`for`"),
        ("return", "`return`"),
        ("example", "`example`"),
        ("examples", "`examples`"),
        ("on", "`on` or `off`"),
    ] {
        let starts = has(expected, "def") && !matches!(terminal, "return" | "}");
        let operator = operator_fits(expected) && matches!(terminal, "in" | "=");
        let value = value_fits(expected) && matches!(terminal, "{");
        let value = value || (value_fits(expected) && terminal == "for");
        if has(expected, terminal) && !starts && !operator && !value {
            words.push(word.to_owned());
        }
    }
    // Only `select` has it.
    if has(expected, "!=") && !value_fits(expected) {
        words.push("one of `==`, `!=`, `<`, `<=`, `>`, `>=`".to_owned());
    } else if operator_fits(expected) {
        words.push("an operator".to_owned());
    }
    if has(expected, "text") && !value_fits(expected) {
        words.push("a text".to_owned());
    }
    match words.as_slice() {
        [] => "nothing more".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Says what to write.
pub(crate) fn help(expected: &[String], found: Option<Tok>, before: Option<Tok>) -> String {
    match found {
        Some(tok) if tok.is_word() && has(expected, "name") && !value_fits(expected) => {
            "this word belongs to the language; take another name".to_owned()
        }
        Some(Tok::Equal) if OPERATORS.iter().any(|it| has(expected, it)) => {
            "to compare, write `==`; on the left of `=` stand names alone".to_owned()
        }
        Some(Tok::NotEqual) => {
            "`!=` stands in `select(key, query, !=)` alone; write `not (a == b)`".to_owned()
        }
        Some(Tok::LeftBrace) if matches!(before, Some(Tok::RightParen)) => {
            "a function is declared with `def name(parameters) { … return value; }`".to_owned()
        }
        Some(Tok::RightBrace) if has(expected, "return") => {
            "a function ends with `return value;`".to_owned()
        }
        Some(Tok::EqualEqual | Tok::Less | Tok::LessEqual | Tok::Greater | Tok::GreaterEqual)
            if value_fits(expected) && matches!(before, Some(Tok::Comma)) =>
        {
            "a comparison stands alone only at the end of `select(key, query, ==)`".to_owned()
        }
        Some(Tok::RightParen) if has(expected, "!=") || has(expected, ",") => {
            "a selector is written `select(key, query, ==)`".to_owned()
        }
        Some(Tok::LineEnd) => "write the value behind `set example`".to_owned(),
        _ if has(expected, "else") => "a choice is written `yes if condition else no`".to_owned(),
        _ if value_fits(expected) && !operator_fits(expected) => {
            "write the value that is missing, or take this out".to_owned()
        }
        _ if has(expected, ";") && operator_fits(expected) => {
            "end the statement with `;`, or join the two parts with an operator".to_owned()
        }
        _ if has(expected, ",") && operator_fits(expected) => {
            "put `,` between two entries, or join them with an operator".to_owned()
        }
        _ => "put in what is missing, or take this out".to_owned(),
    }
}
