//! The zoo: whole architectures in the nn language, embedded in the compiler.
//!
//! Each is a folder beside this one, which [`members`] gives with its texts; `README.md`
//! says what stands in which, and how one more is added.
//!
//! This crate does not know how a program is read; it holds text.

/// An architecture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// The folder's name.
    pub name: &'static str,
    /// The texts in it, by their files' names.
    pub files: &'static [(&'static str, &'static str)],
}

const MEMBERS: &[Member] = &include!(concat!(env!("OUT_DIR"), "/members.rs"));

/// All architectures, by name.
pub fn members() -> &'static [Member] {
    MEMBERS
}

impl Member {
    /// The text of a file of the folder.
    pub fn file(&self, name: &str) -> Option<&'static str> {
        self.files.iter().find(|it| it.0 == name).map(|it| it.1)
    }

    /// The program.
    pub fn model(&self) -> &'static str {
        self.file("model.nn").unwrap_or_default()
    }

    /// The name and what it is, as the program's first line says them: `# Name: what it is.`
    pub fn about(&self) -> (&'static str, &'static str) {
        let head = self.model().lines().next().unwrap_or_default();
        let head = head.trim_start_matches("# ").trim_end_matches('.');
        head.split_once(": ").unwrap_or((head, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::members;

    #[test]
    fn members_have_a_program_and_say_what_they_are() {
        assert!(!members().is_empty());
        for member in members() {
            let (title, about) = member.about();
            assert!(!title.is_empty() && !about.is_empty(), "{}", member.name);
            assert!(member.file("README.md").is_some(), "{}", member.name);
        }
        assert!(members().is_sorted_by_key(|it| it.name));
    }
}
