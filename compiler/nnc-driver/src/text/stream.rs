//! Text that comes token by token.

use super::Tokenizer;
use crate::Error;

/// Gives the text of tokens as soon as it is whole: a letter may be several tokens, and
/// what a token is as text may depend on the one before it.
#[derive(Clone, Debug)]
pub struct TextStream<'t> {
    tokenizer: &'t Tokenizer,
    ids: Vec<u32>,
    /// Where the tokens begin whose text decides that of the next.
    before: usize,
    /// Where the tokens begin whose text has not been given.
    next: usize,
}

impl<'t> TextStream<'t> {
    pub fn new(tokenizer: &'t Tokenizer) -> TextStream<'t> {
        TextStream { tokenizer, ids: Vec::new(), before: 0, next: 0 }
    }

    /// Takes a token and gives the text that is now whole.
    pub fn push(&mut self, id: u32) -> Result<String, Error> {
        self.ids.push(id);
        let known = self.tokenizer.decode(&self.ids[self.before..self.next])?;
        let all = self.tokenizer.decode(&self.ids[self.before..])?;
        match all.strip_prefix(&known) {
            // A letter that is not whole decodes to the replacement character.
            Some(new) if !new.is_empty() && !new.ends_with('\u{fffd}') => {
                let new = new.to_owned();
                self.before = self.next;
                self.next = self.ids.len();
                Ok(new)
            }
            _ => Ok(String::new()),
        }
    }

    /// What is left when no more tokens come.
    pub fn finish(self) -> Result<String, Error> {
        let known = self.tokenizer.decode(&self.ids[self.before..self.next])?;
        let all = self.tokenizer.decode(&self.ids[self.before..])?;
        Ok(all.strip_prefix(&known).unwrap_or_default().to_owned())
    }
}
