//! Interned names.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{LazyLock, RwLock};

/// A string that is stored once and compared by its place.
///
/// Ordering is by text, so that output ordered by name is the same from run to
/// run whatever was interned first.
#[derive(Clone, Copy)]
pub struct Name(&'static &'static str);

static INTERNER: LazyLock<RwLock<HashMap<&'static str, Name>>> = LazyLock::new(RwLock::default);

impl Name {
    /// The name with this text.
    pub fn new(text: &str) -> Name {
        // A poisoned lock still guards a consistent table: nothing below panics half-way.
        if let Some(&name) = INTERNER.read().unwrap_or_else(|e| e.into_inner()).get(text) {
            return name;
        }
        let mut interner = INTERNER.write().unwrap_or_else(|e| e.into_inner());
        if let Some(&name) = interner.get(text) {
            return name;
        }
        let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
        let name = Name(Box::leak(Box::new(text)));
        interner.insert(text, name);
        name
    }

    /// The text. This takes no lock, because sorting by name asks for it all the time.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name::new(text)
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> std::cmp::Ordering {
        if self == other {
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
