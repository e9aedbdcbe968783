//! Source files and places in them.

use crate::table::{Id, Table};

/// A file that was loaded.
pub type FileId = Id<SourceFile>;

/// A half-open range of bytes in a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: u32, end: u32) -> Span {
        Span { file, start, end }
    }

    /// The place of something no user wrote.
    pub const NONE: Span = Span { file: Id::from_raw(u32::MAX), start: 0, end: 0 };

    pub fn is_none(self) -> bool {
        self.file == Span::NONE.file
    }

    /// The smallest span that covers both; a span of no file gives way to the other.
    pub fn to(self, other: Span) -> Span {
        if self.is_none() || other.is_none() || self.file != other.file {
            return if self.is_none() { other } else { self };
        }
        Span::new(self.file, self.start.min(other.start), self.end.max(other.end))
    }
}

/// A line and a column, both from 1; the column counts Unicode scalar values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// One loaded file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// What messages call the file: the path as the user gave it.
    pub name: String,
    pub text: String,
}

impl SourceFile {
    /// The line and column of a byte offset; offsets past the end give the end.
    pub fn position(&self, offset: u32) -> Position {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line = before.matches('\n').count() as u32 + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Position { line, column: before[start..].chars().count() as u32 + 1 }
    }
}

/// All files of one compilation.
#[derive(Clone, Default, Debug)]
pub struct Sources {
    files: Table<SourceFile>,
}

impl Sources {
    pub fn new() -> Sources {
        Sources::default()
    }

    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push(SourceFile { name: name.into(), text: text.into() })
    }

    /// The file, or `None` for the file of [`Span::NONE`].
    pub fn get(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file)
    }

    /// The text a span covers, or nothing for a span of no file.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_characters_and_not_bytes() {
        let mut sources = Sources::new();
        let file = sources.add("a.nn", "äö\nx é y");
        let at = sources.get(file).unwrap().position(9);
        assert_eq!(at, Position { line: 2, column: 4 });
    }
}
