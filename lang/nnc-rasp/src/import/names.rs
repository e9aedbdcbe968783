//! Names of the language for those of RASP.

use std::collections::HashSet;

/// What no function or value may be called: words of the language, and what it computes
/// with, which a reader would take for itself.
const TAKEN: [&str; 82] = [
    "as",
    "assert",
    "checkpoint",
    "choose",
    "const",
    "dim",
    "dims",
    "elem",
    "else",
    "entry",
    "export",
    "false",
    "fn",
    "for",
    "hole",
    "if",
    "in",
    "inout",
    "kind",
    "layer",
    "let",
    "model",
    "param",
    "pub",
    "scan",
    "space",
    "state",
    "struct",
    "test",
    "true",
    "type",
    "use",
    "weights",
    "where",
    "with",
    "yield",
    "sum",
    "prod",
    "product",
    "max",
    "min",
    "mean",
    "any",
    "all",
    "count",
    "pick",
    "argmax",
    "argmin",
    "softmax",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "tanh",
    "sin",
    "cos",
    "erf",
    "abs",
    "floor",
    "ceil",
    "round",
    "sign",
    "pow",
    "bit_and",
    "bit_or",
    "bit_xor",
    "shift_left",
    "shift_right",
    "split",
    "concat",
    "top_k",
    "sort",
    "fold",
    "tokens",
    "given",
    "reveal",
    "int",
    "bool",
    "float",
    "q",
    "k",
    "c",
];

/// What the inputs are called.
const INPUTS: [&str; 4] = ["tok", "ints", "floats", "bools"];

/// The names of a file's functions.
pub(super) struct Names {
    functions: HashSet<String>,
}

impl Names {
    pub(super) fn new() -> Names {
        Names { functions: HashSet::new() }
    }

    /// A name for a function that no other has.
    pub(super) fn function(&mut self, wanted: &str) -> String {
        free(wanted, &mut self.functions)
    }
}

/// A name like the wanted one that is free, and then no longer.
pub(super) fn free(wanted: &str, used: &mut HashSet<String>) -> String {
    let wanted = if is_taken(wanted) { format!("the_{wanted}") } else { wanted.to_owned() };
    let mut name = wanted.clone();
    let mut next = 2;
    while used.contains(&name) {
        name = format!("{wanted}_{next}");
        next += 1;
    }
    used.insert(name.clone());
    name
}

fn is_taken(name: &str) -> bool {
    TAKEN.contains(&name) || INPUTS.contains(&name) || is_element(name)
}

fn is_element(name: &str) -> bool {
    ["f64", "f32", "f16", "bf16", "f8", "i64", "i32", "i8", "u8", "q4"].contains(&name)
}

/// A name in the language's letters: `all[a][0]` is `all_a_0`.
pub(super) fn plain(path: &str) -> String {
    let mut name = String::new();
    for letter in path.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() => name.push(letter.to_ascii_lowercase()),
            '_' | '[' | ' ' | '-' if !name.ends_with('_') => name.push('_'),
            '_' | '[' | ']' | ' ' | '-' => {}
            other => {
                if !name.ends_with('_') {
                    name.push('_');
                }
                name.push_str(&format!("{:x}", other as u32));
            }
        }
    }
    let name = name.trim_matches('_');
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name.to_owned(),
        Some(_) => format!("s_{name}"),
        None => "s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{free, plain};
    use std::collections::HashSet;

    #[test]
    fn names_are_those_of_the_program_where_they_can_be() {
        let names = ["hist", "_turn", "all[a][0]", "by[<]", "Max", "_", "x__y", "9"];
        let plain: Vec<String> = names.iter().map(|it| plain(it)).collect();
        assert_eq!(plain, ["hist", "turn", "all_a_0", "by_3c", "max", "s", "x_y", "s_9"]);
        let mut used = HashSet::new();
        let free: Vec<String> = ["sum", "a", "a", "tok"].map(|it| free(it, &mut used)).to_vec();
        assert_eq!(free, ["the_sum", "a", "a_2", "the_tok"]);
    }
}
