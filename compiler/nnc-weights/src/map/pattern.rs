//! Names in files with indices in them.

use std::fmt;

use nnc_base::{Name, StoredIndex};

/// `encoder.layer.{i}.weight`
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Pattern {
    parts: Vec<PatternPart>,
}

#[derive(Clone, PartialEq, Debug)]
enum PatternPart {
    Text(String),
    /// `{2*i+1}`: the index, how often and with how much more.
    Index(Name, i64, i64),
    /// `*`: the rest of a name.
    Rest,
}

impl Pattern {
    /// The pattern with these indices; other braces are text.
    pub(super) fn new(text: &str, indices: &[Name]) -> Pattern {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let inside = &rest[open + 1..];
            let braced = inside.split('}').next().unwrap_or_default();
            let index = StoredIndex::parse(braced).filter(|_| inside.len() > braced.len());
            let found = index.and_then(|index| {
                let name = indices.iter().find(|it| it.as_str() == index.name)?;
                Some(PatternPart::Index(*name, index.times, index.plus))
            });
            match found {
                Some(index) => {
                    plain.push_str(&rest[..open]);
                    if !plain.is_empty() {
                        parts.push(PatternPart::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(index);
                    rest = &inside[braced.len() + 1..];
                }
                None => {
                    plain.push_str(&rest[..=open]);
                    rest = inside;
                }
            }
        }
        let open = rest == "*" && parts.is_empty() && plain.is_empty() || rest.ends_with(".*");
        plain.push_str(if open { &rest[..rest.len() - 1] } else { rest });
        if !plain.is_empty() {
            parts.push(PatternPart::Text(plain));
        }
        if open {
            parts.push(PatternPart::Rest);
        }
        Pattern { parts }
    }

    /// The name with numbers for its indices, up to the rest of it.
    pub(super) fn fill(&self, value: &dyn Fn(Name) -> Option<i64>) -> Option<String> {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                PatternPart::Text(text) => name.push_str(text),
                PatternPart::Index(index, times, plus) => {
                    let shown = value(*index)?.checked_mul(*times)?.checked_add(*plus)?;
                    name.push_str(&shown.to_string());
                }
                PatternPart::Rest => {}
            }
        }
        Some(name)
    }

    /// Whether some numbers for the indices give the name.
    pub(super) fn matches(&self, name: &str) -> bool {
        fn matches(parts: &[PatternPart], name: &str, known: &mut Vec<(Name, i64)>) -> bool {
            let Some((part, parts)) = parts.split_first() else { return name.is_empty() };
            match part {
                PatternPart::Text(text) => {
                    name.strip_prefix(text.as_str()).is_some_and(|rest| matches(parts, rest, known))
                }
                PatternPart::Rest => parts.is_empty() && !name.is_empty(),
                PatternPart::Index(index, times, plus) => {
                    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
                    let before = known.iter().find(|(it, _)| it == index).map(|(_, it)| *it);
                    // The longest first; a text that begins with digits may need fewer.
                    (1..=digits).rev().any(|len| {
                        let (number, rest) = name.split_at(len);
                        let whole = !number.starts_with('0') || len == 1;
                        let number = number.parse().ok().filter(|_| whole);
                        let own = StoredIndex { name: index.as_str(), times: *times, plus: *plus };
                        let Some(number) = number.and_then(|number| own.index(number)) else {
                            return false;
                        };
                        if before.is_some_and(|before| before != number) {
                            return false;
                        }
                        known.push((*index, number));
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
                PatternPart::Index(name, 1, 0) => write!(f, "{{{name}}}")?,
                PatternPart::Index(name, 1, plus) => write!(f, "{{{name}+{plus}}}")?,
                PatternPart::Index(name, times, 0) => write!(f, "{{{times}*{name}}}")?,
                PatternPart::Index(name, times, plus) => write!(f, "{{{times}*{name}+{plus}}}")?,
                PatternPart::Rest => f.write_str("*")?,
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

    #[test]
    fn indices_are_moved_and_stretched() {
        let both = pattern("features.{2*i+1}.{j+3}");
        assert_eq!(both.to_string(), "features.{2*i+1}.{j+3}");
        let name = both.fill(&|name| Some(if name.as_str() == "i" { 5 } else { 0 })).unwrap();
        assert_eq!(name, "features.11.3");
        assert!(both.matches(&name));
        assert!(!both.matches("features.10.3"));
        assert!(!both.matches("features.11.2"));
        assert!(!both.matches("features.011.3"));
        let twice = pattern("a{i}.b{i+1}");
        assert!(twice.matches("a9.b10"));
        assert!(!twice.matches("a9.b9"));
    }

    #[test]
    fn an_open_end_is_any_rest_of_a_name() {
        let open = pattern("h.{i}.*");
        assert_eq!(open.to_string(), "h.{i}.*");
        assert!(open.matches("h.3.attn.weight"));
        assert!(!open.matches("h.3."));
        assert!(!open.matches("h.x.attn.weight"));
        assert_eq!(open.fill(&|_| Some(2)).unwrap(), "h.2.");
        assert!(pattern("*").matches("anything"));
        assert!(!pattern("a*").matches("ab"));
    }
}
