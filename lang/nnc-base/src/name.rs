//! Interned names.

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, RwLock};

/// A string that is stored once and compared by number.
///
/// Ordering is by text, so that output ordered by name is the same from run to
/// run whatever was interned first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(u32);

#[derive(Default)]
struct Interner {
    ids: HashMap<&'static str, u32>,
    texts: Vec<&'static str>,
}

static INTERNER: LazyLock<RwLock<Interner>> = LazyLock::new(RwLock::default);

impl Name {
    /// The name with this text.
    pub fn new(text: &str) -> Name {
        // A poisoned lock still guards a consistent table: nothing below panics half-way.
        if let Some(&id) = INTERNER.read().unwrap_or_else(|e| e.into_inner()).ids.get(text) {
            return Name(id);
        }
        let mut interner = INTERNER.write().unwrap_or_else(|e| e.into_inner());
        if let Some(&id) = interner.ids.get(text) {
            return Name(id);
        }
        let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
        let id = interner.texts.len() as u32;
        interner.texts.push(text);
        interner.ids.insert(text, id);
        Name(id)
    }

    pub fn as_str(self) -> &'static str {
        INTERNER.read().unwrap_or_else(|e| e.into_inner()).texts[self.0 as usize]
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name::new(text)
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> std::cmp::Ordering {
        if self.0 == other.0 {
            return std::cmp::Ordering::Equal;
        }
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn equal_texts_are_one_name_and_order_is_by_text() {
        assert_eq!(Name::new("zeta"), Name::new("zeta"));
        assert!(Name::new("alpha") < Name::new("zeta"));
        assert_eq!(Name::new("alpha").as_str(), "alpha");
    }
}
