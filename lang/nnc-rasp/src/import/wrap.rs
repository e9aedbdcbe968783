//! Lines of a readable width.

/// How many letters a line has at most.
const WIDTH: usize = 100;

/// A statement as lines: one that is too long goes on behind its outermost `else`, `||`, `&&`
/// and `+`.
pub(super) fn wrapped(statement: &str, indent: usize) -> String {
    let blank = " ".repeat(indent);
    if indent + statement.chars().count() <= WIDTH {
        return format!("{blank}{statement}\n");
    }
    let Some(parts) = parts(statement) else { return format!("{blank}{statement}\n") };
    let mut lines = String::new();
    let mut line = blank.clone();
    for (at, part) in parts.iter().enumerate() {
        let width = line.chars().count() + part.trim_end().chars().count();
        if at > 0 && width > WIDTH {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line = format!("{blank}    ");
        }
        line.push_str(part);
    }
    format!("{lines}{}\n", line.trim_end())
}

/// The statement in front of the operators that are least deep in brackets.
fn parts(statement: &str) -> Option<Vec<&str>> {
    let places: Vec<(usize, usize)> = breaks(statement);
    let start = statement.find('=').unwrap_or(0);
    let shallow = places.iter().filter(|it| it.1 > start).map(|it| it.0).min()?;
    // One level more, so that what stands in the outermost brackets can be broken, too.
    let mut parts = Vec::new();
    let mut from = 0;
    for (depth, at) in places {
        if depth <= shallow + 1 && at > start {
            parts.push(&statement[from..at]);
            from = at;
        }
    }
    parts.push(&statement[from..]);
    Some(parts)
}

/// Where a line may be broken, with how deep in brackets it is.
fn breaks(statement: &str) -> Vec<(usize, usize)> {
    let mut depth = 0;
    let mut quoted = false;
    let mut found = Vec::new();
    for (at, letter) in statement.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = usize::saturating_sub(depth, 1),
            ' ' => {
                let rest = &statement[at + 1..];
                if ["else ", "|| ", "&& ", "+ ", "{ mean["].iter().any(|it| rest.starts_with(it)) {
                    found.push((depth, at + 1));
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn long_statements_go_on_behind_their_outermost_operators() {
        let long = "a".repeat(30);
        let text = wrapped(&format!("let x[q] = {long} && ({long} || {long}) && b(\" && \");"), 4);
        let lines: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines.iter().all(|it| *it <= 100), "{text}");
        assert_eq!(wrapped("let x = 1;", 2), "  let x = 1;\n");
    }
}
