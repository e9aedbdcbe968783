//! Conversations as prompts, by the template that a model's file carries.

use crate::{Error, Failure};
use minijinja::{Environment, ErrorKind, context};

/// A Jinja template over `messages`, as models are published with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChatTemplate {
    source: String,
    begin: String,
    end: String,
}

impl ChatTemplate {
    /// `begin` and `end` are what the template calls `bos_token` and `eos_token`.
    pub fn new(source: &str, begin: &str, end: &str) -> ChatTemplate {
        ChatTemplate { source: source.to_owned(), begin: begin.to_owned(), end: end.to_owned() }
    }

    /// The prompt of a conversation, up to where the answer begins. Messages are a role
    /// (`system`, `user`, `assistant`) and what it says.
    pub fn prompt(&self, messages: &[(&str, &str)]) -> Result<String, Error> {
        let failure = |error: minijinja::Error| {
            Error::Input(
                Failure::new(format!("the chat template fails: {error}"))
                    .help("write the prompt as the model wants it, with `--prompt`"),
            )
        };
        let mut environment = Environment::new();
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", refuse);
        // As the templates' own library has it.
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        let template = environment.template_from_str(&self.source).map_err(failure)?;
        let messages: Vec<_> = (messages.iter())
            .map(|(role, content)| context! { role => role, content => content })
            .collect();
        let rendered = template.render(context! {
            messages => messages,
            add_generation_prompt => true,
            bos_token => self.begin,
            eos_token => self.end,
        });
        rendered.map_err(failure)
    }
}

/// By which templates say that a conversation is not as they want it.
fn refuse(why: String) -> Result<String, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, why))
}
