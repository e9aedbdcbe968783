//! Names in files with indices in them.

use std::fmt;

use nnc_base::Name;

/// `encoder.layer.{i}.weight`
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Pattern {
    parts: Vec<PatternPart>,
}

#[derive(Clone, PartialEq, Debug)]
enum PatternPart {
    Text(String),
    Index(Name),
}

impl Pattern {
    /// The pattern with these indices; other braces are text.
    pub(super) fn new(text: &str, indices: &[Name]) -> Pattern {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let inside = &rest[open + 1..];
            let name = inside.split('}').next().unwrap_or_default();
            let found = indices.iter().find(|it| it.as_str() == name);
            match found {
                Some(name) if inside.len() > name.as_str().len() => {
                    plain.push_str(&rest[..open]);
                    if !plain.is_empty() {
                        parts.push(PatternPart::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(PatternPart::Index(*name));
                    rest = &inside[name.as_str().len() + 1..];
                }
                _ => {
                    plain.push_str(&rest[..=open]);
                    rest = inside;
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(PatternPart::Text(plain));
        }
        Pattern { parts }
    }

    /// The name with numbers for its indices.
    pub(super) fn fill(&self, value: &dyn Fn(Name) -> Option<i64>) -> Option<String> {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                PatternPart::Text(text) => name.push_str(text),
                PatternPart::Index(index) => name.push_str(&value(*index)?.to_string()),
            }
        }
        Some(name)
    }

    /// Whether some numbers for the indices give the name.
    pub(super) fn matches(&self, name: &str) -> bool {
        fn matches(parts: &[PatternPart], name: &str, known: &mut Vec<(Name, String)>) -> bool {
            let Some((part, parts)) = parts.split_first() else { return name.is_empty() };
            match part {
                PatternPart::Text(text) => {
                    name.strip_prefix(text.as_str()).is_some_and(|rest| matches(parts, rest, known))
                }
                PatternPart::Index(index) => {
                    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
                    let before = known.iter().find(|(it, _)| it == index).map(|(_, it)| it.clone());
                    // The longest first; a text that begins with digits may need fewer.
                    (1..=digits).rev().any(|len| {
                        let (number, rest) = name.split_at(len);
                        if before.as_ref().is_some_and(|before| before != number) {
                            return false;
                        }
                        known.push((*index, number.to_owned()));
                        let found = matches(parts, rest, known);
                        known.pop();
                        found
                    })
                }
            }
        }
        matches(&self.parts, name, &mut Vec::new())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                PatternPart::Text(text) => f.write_str(text)?,
                PatternPart::Index(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use nnc_base::Name;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text, &[Name::new("i"), Name::new("j")])
    }

    #[test]
    fn indices_are_filled_and_found() {
        let both = pattern("h.{i}.{x}.{j}0.{i}");
        assert_eq!(both.to_string(), "h.{i}.{x}.{j}0.{i}");
        let name = both.fill(&|name| Some(if name.as_str() == "i" { 12 } else { 3 })).unwrap();
        assert_eq!(name, "h.12.{x}.30.12");
        assert!(both.matches(&name));
        assert!(both.matches("h.1.{x}.100.1"));
        assert!(!both.matches("h.1.{x}.0.1"));
        assert!(!both.matches("h.1.{x}.10.2"));
        assert!(!both.matches("h.1.{x}.10.1.weight"));
        assert!(!both.matches("h..{x}.10.1"));
        assert_eq!(pattern("{i").fill(&|_| None).unwrap(), "{i");
        assert!(pattern("").matches(""));
    }
}
