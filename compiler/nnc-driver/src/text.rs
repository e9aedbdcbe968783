//! Text to tokens and back, and conversations as prompts.
//!
//! A [`Tokenizer`] comes from the metadata of a GGUF file or from a `tokenizer.json`; a
//! [`ChatTemplate`] is the Jinja template that such files carry.

mod chat;
mod gguf;
mod stream;
mod tokenizer;

pub use chat::ChatTemplate;
pub use stream::TextStream;
pub use tokenizer::Tokenizer;

#[cfg(test)]
mod tests;
