//! The pages of `nnc explain`.

/// The page of a message's code: what it means, a program that gives it, the repair.
pub fn explain(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(it, _)| *it == code).map(|(_, page)| *page)
}

/// All codes that have a page, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(code, _)| *code)
}

const PAGES: &[(&str, &str)] = &[];
