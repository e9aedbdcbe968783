//! What would fit in place of a token, in the words of the language.

use crate::token::Tok;

/// Names what was found.
pub(crate) fn describe(tok: Tok, text: &str) -> String {
    match tok {
        _ if tok.is_reserved_word() => format!("the word `{text}`"),
        _ if tok.is_lower_name() => format!("the name `{text}`"),
        Tok::Upper(_) => format!("the name `{text}`"),
        Tok::Int(_) | Tok::Float(_) | Tok::Quantity(_) => format!("the number `{text}`"),
        Tok::Str(_) => "a string".to_owned(),
        Tok::Reduce(_) => format!("the reduction `{text}`"),
        _ => format!("`{text}`"),
    }
}

/// The terminals that can go on a complete expression.
const OPERATORS: [&str; 16] =
    ["+", "-", "*", "/", "//", "%", "==", "!=", "<=", ">=", "<", ">", "&&", "||", "|>", "as"];

/// The words that start a declaration.
const ITEMS: [&str; 12] = [
    "use",
    "dims",
    "kind",
    "elem",
    "type",
    "const",
    "struct",
    "layer",
    "space",
    "checkpoint",
    "export",
    "test",
];

/// The words that start a statement.
const STATEMENTS: [&str; 4] = ["let", "assert", "scan", "yield"];

/// Lists what would fit.
///
/// Terminals that belong together are named together: where an operand fits, so
/// does every token that can start one.
pub(crate) fn words(expected: &[String]) -> String {
    let fits = Fits::new(expected);
    let mut words: Vec<String> = Vec::new();
    if fits.item {
        words.push("a declaration such as `layer`, `fn` or `dims`".to_owned());
    }
    if fits.statement {
        words.push("a statement".to_owned());
    }
    if expected.iter().any(|name| name == "FIELD") && !fits.operators {
        words.push("a field `name: …`".to_owned());
    }
    if fits.expression {
        words.push("an expression".to_owned());
    } else if fits.ty {
        words.push("a type".to_owned());
    } else if fits.lower && fits.upper {
        words.push("a name".to_owned());
    } else if fits.lower && !fits.item {
        words.push("a lower-case name".to_owned());
    } else if fits.upper {
        words.push("a capitalised name".to_owned());
    }
    for terminal in expected {
        let terminal = terminal.trim_matches('"');
        if fits.covers(terminal) {
            continue;
        }
        words.push(match terminal {
            "STRING" => "a string".to_owned(),
            "INT" => "a number".to_owned(),
            "MEMBER_FN" => "`fn`".to_owned(),
            "MEMBER_CONST" => "`const`".to_owned(),
            "MEMBERS_END" => "`}`".to_owned(),
            "NO_BODY" | "FLOAT" | "QUANTITY" | "REDUCE" | "ERROR" => continue,
            _ => format!("`{terminal}`"),
        });
    }
    if fits.operators {
        words.push("an operator".to_owned());
    }
    match words.as_slice() {
        [] => "nothing more".to_owned(),
        [one] => one.clone(),
        // A long list helps nobody; the first ones are the most general.
        [first @ .., last] if words.len() <= 5 => format!("{} or {last}", first.join(", ")),
        [first, second, third, fourth, ..] => {
            format!("{first}, {second}, {third}, {fourth} or something like it")
        }
        [first, ..] => first.clone(),
    }
}

/// Says what to write.
pub(crate) fn help(expected: &[String], found: Option<Tok>, before: Option<Tok>) -> String {
    let fits = Fits::new(expected);
    let has = |terminal: &str| expected.iter().any(|name| name.trim_matches('"') == terminal);
    match found {
        Some(Tok::Equal) if !has(":") && (fits.operators || has("}")) => {
            "to compare, write `==`".to_owned()
        }
        Some(Tok::Colon) if has("=") && !has(":") => "to give a value, write `=`".to_owned(),
        Some(Tok::Colon) if has("]") && fits.operators => {
            "there are no slices: read a part with indices, `let y[b, i: 4] = x[b, i];`, or `split`"
                .to_owned()
        }
        Some(Tok::Equal) if has(":") => "to give a type or a layer, write `:`".to_owned(),
        Some(Tok::Bar) if fits.expression => {
            "a lambda `|h, block| …` is written only as the last argument of `fold`; declare a `fn`"
                .to_owned()
        }
        Some(Tok::LeftParen) if has("[") && has("<") && !fits.expression => {
            "axes stand in square brackets, sizes of layers in `<…>`: `f32[B, D]`, `Linear<D, F>`"
                .to_owned()
        }
        Some(Tok::RightBracket) if has(";") && !fits.expression && !fits.operators => {
            "an array says how many: `[Linear<D, D>; 4]`".to_owned()
        }
        Some(Tok::LeftBracket) if has("<") && !fits.expression => {
            "sizes of layers stand in `<…>`: `Linear<D, F>`".to_owned()
        }
        Some(Tok::Semicolon) if has("MEMBERS_END") => {
            "take it out: a field ends with its line".to_owned()
        }
        Some(Tok::Upper("T")) if before == Some(Tok::Dot) => {
            "write a transpose with indices: `let y[j, i] = x[i, j];`".to_owned()
        }
        Some(Tok::Lower(_)) if has("param") && has("if") => {
            "a field is a layer or a `param …`; a function is called in the body of a `fn`"
                .to_owned()
        }
        Some(Tok::Int(_))
            if matches!(before, Some(Tok::LeftBracket)) && has("LOWER") && !fits.expression =>
        {
            "a reduction names its index, such as `sum[i] x[i]`; a value of that name needs another"
                .to_owned()
        }
        _ if before == Some(Tok::As) => {
            "write the element type to claim, such as `f32` or `Logits`".to_owned()
        }
        Some(Tok::Upper(_) | Tok::Lower(_)) if has(":") => {
            "write `:` between a name and what it is".to_owned()
        }
        _ if has(">") && has(",") && !fits.operators => {
            "write `>` to end the parameters".to_owned()
        }
        _ if fits.expression && before == Some(Tok::Equal) => {
            "write a value behind the `=`, or `?` to be told what fits".to_owned()
        }
        _ if fits.expression && !fits.statement => {
            "write the missing part, or `?` to be told what fits".to_owned()
        }
        _ if fits.operators && has(";") => {
            "end the statement with `;`, or join the two parts with an operator".to_owned()
        }
        _ if fits.operators && has(",") => {
            "put `,` between two entries, or join them with an operator".to_owned()
        }
        _ if fits.item => {
            "outside declarations there are only comments; statements belong into a `fn`".to_owned()
        }
        _ if has("else") && !fits.operators => {
            "an `if` gives a value, so it needs `else { … }`".to_owned()
        }
        _ => match expected {
            [one] => format!("write {}", words(std::slice::from_ref(one))),
            _ => "put in what is missing, or take this out".to_owned(),
        },
    }
}

/// Which groups of terminals fit.
struct Fits {
    item: bool,
    statement: bool,
    expression: bool,
    ty: bool,
    lower: bool,
    upper: bool,
    operators: bool,
}

impl Fits {
    fn new(expected: &[String]) -> Fits {
        let has = |terminal: &str| expected.iter().any(|name| name.trim_matches('"') == terminal);
        let expression = has("LOWER") && has("UPPER") && has("INT");
        Fits {
            item: has("layer") && has("dims") && !has("*"),
            statement: has("let"),
            expression,
            ty: has("LOWER") && has("UPPER") && has("dim"),
            lower: has("LOWER"),
            upper: has("UPPER"),
            // `|>` alone is left of them where the parser has gone on already.
            operators: has("|>"),
        }
    }

    /// Whether a terminal is named by one of the groups that fit.
    fn covers(&self, terminal: &str) -> bool {
        if matches!(terminal, "LOWER" | "UPPER" | "FIELD" | "hole") {
            return true;
        }
        // A test's `let norm = layer LayerNorm<4>;` is rare.
        if self.expression && terminal == "layer" {
            return true;
        }
        if self.operators
            && matches!(terminal, "MEMBER_FN" | "MEMBER_CONST" | "MEMBERS_END" | "FIELD")
        {
            return true;
        }
        let item = ITEMS.contains(&terminal) || matches!(terminal, "pub" | "fn" | "model");
        // Behind an expression at the end of a declaration the next one may start.
        if item && (self.item || self.operators) {
            return true;
        }
        // `=` is for the rare update; `,` and the end of a list come to mind first.
        if self.operators && terminal == "=" {
            return true;
        }
        if self.operators && (OPERATORS.contains(&terminal) || matches!(terminal, "(" | "[" | "."))
        {
            return true;
        }
        if self.statement && STATEMENTS.contains(&terminal) {
            return true;
        }
        let operand = matches!(
            terminal,
            "INT"
                | "FLOAT"
                | "QUANTITY"
                | "STRING"
                | "REDUCE"
                | "true"
                | "false"
                | "("
                | "["
                | "{"
                | "if"
                | "?"
                | "-"
                | "!"
                | "|"
                | ".."
                | "_"
        );
        if self.expression && operand {
            return true;
        }
        self.ty && matches!(terminal, "(" | "[" | "dim" | "inout")
    }
}
