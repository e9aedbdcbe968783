//! Words of the text form.

use super::ParseError;
use std::fmt;

/// Words that name no axis.
pub(super) const KEYWORDS: [&str; 28] = [
    "acc", "true", "false", "select", "cast", "min", "max", "pow", "in", "where", "if", "finish",
    "nest", "call", "scan", "param", "input", "const", "write", "sort", "running", "scatter",
    "reshape", "at", "k", "inf", "nan", "return",
];

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    Word(String),
    Int(i64),
    Float(f64),
    Text(String),
    /// `%3` is node 3.
    Node(u32),
    /// `@name`.
    Graph(String),
    Symbol(&'static str),
    End,
}

impl fmt::Display for Token {
    /// As a message names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Word(it) => write!(f, "`{it}`"),
            Token::Int(it) => write!(f, "`{it}`"),
            Token::Float(it) => write!(f, "`{it:?}`"),
            Token::Text(it) => write!(f, "{it:?}"),
            Token::Node(it) => write!(f, "`%{it}`"),
            Token::Graph(it) => write!(f, "`@{it}`"),
            Token::Symbol(it) => write!(f, "`{it}`"),
            Token::End => f.write_str("the end"),
        }
    }
}

const SYMBOLS: [&str; 30] = [
    "..=", "..", "==", "!=", "<=", ">=", "&&", "||", "//", "%%", "(", ")", "[", "]", "{", "}", ",",
    ":", "+", "-", "*", "/", "%", "<", ">", "=", ".", "^", "@", "?",
];

/// Cuts text into tokens with the offsets at which they start.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, ParseError> {
    let bytes = text.as_bytes();
    let mut result = Vec::new();
    let mut at = 0;
    let run = |from: usize, test: &dyn Fn(u8) -> bool| {
        bytes[from..].iter().take_while(|it| test(**it)).count() + from
    };
    while at < bytes.len() {
        let start = at;
        let byte = bytes[at];
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if byte == b'#' {
            at = run(at, &|it| it != b'\n');
            continue;
        }
        let word = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
        let token = if byte.is_ascii_alphabetic() || byte == b'_' {
            at = run(at, &word);
            Token::Word(text[start..at].to_owned())
        } else if byte.is_ascii_digit() {
            at = number_end(bytes, at);
            number(&text[start..at])
                .ok_or_else(|| ParseError::at(text, start, "a number that does not fit"))?
        } else if byte == b'"' {
            let (string, end) = string(text, at)?;
            at = end;
            Token::Text(string)
        } else if byte == b'@' {
            at = run(at + 1, &|it| word(it) || matches!(it, b'.' | b'-' | b'$'));
            Token::Graph(text[start + 1..at].to_owned())
        } else if byte == b'%' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
            at = run(at + 1, &|it| it.is_ascii_digit());
            let number = text[start + 1..at].parse();
            Token::Node(
                number
                    .map_err(|_| ParseError::at(text, start, "a node number that does not fit"))?,
            )
        } else {
            let symbol = SYMBOLS.iter().find(|it| text[start..].starts_with(**it));
            let symbol = symbol
                .ok_or_else(|| ParseError::at(text, start, "a character that starts nothing"))?;
            at += symbol.len();
            Token::Symbol(symbol)
        };
        result.push((token, start));
    }
    result.push((Token::End, text.len()));
    Ok(result)
}

fn number_end(bytes: &[u8], mut at: usize) -> usize {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    at = digits(at);
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at = digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'-' | b'+')));
        if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            at = digits(at + 1 + sign);
        }
    }
    at
}

fn number(text: &str) -> Option<Token> {
    if text.contains(['.', 'e', 'E']) {
        text.parse().ok().map(Token::Float)
    } else {
        text.parse().ok().map(Token::Int)
    }
}

/// Reads what `{:?}` of a string writes.
fn string(text: &str, start: usize) -> Result<(String, usize), ParseError> {
    let mut result = String::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((at, it)) = chars.next() {
        match it {
            '"' => return Ok((result, start + 1 + at + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => result.push('\n'),
                Some((_, 't')) => result.push('\t'),
                Some((_, 'r')) => result.push('\r'),
                Some((_, '0')) => result.push('\0'),
                Some((_, 'u')) => {
                    let hex: String =
                        chars.by_ref().map(|it| it.1).skip(1).take_while(|it| *it != '}').collect();
                    let code = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
                    result.push(code.ok_or_else(|| ParseError::at(text, start, "a wrong escape"))?);
                }
                Some((_, other)) => result.push(other),
                None => break,
            },
            other => result.push(other),
        }
    }
    Err(ParseError::at(text, start, "a string without an end"))
}
