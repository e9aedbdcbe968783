//! A tokenizer with what its file says of special tokens.

use super::{ChatTemplate, gguf};
use crate::Error;
use crate::tensor_io::weight_error;
use nnc_weights::{Format, WeightFile};
use std::path::Path;

/// Names by which a token that ends an answer goes where the file does not say.
const ENDS: [&str; 6] =
    ["<|im_end|>", "<|endoftext|>", "</s>", "<|eot_id|>", "<|end_of_text|>", "<eos>"];

/// Makes tokens of text and text of tokens.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    pub(super) inner: tokenizers::Tokenizer,
    /// Put before every prompt.
    pub(super) begin: Option<u32>,
    /// Tokens that end an answer.
    pub(super) ends: Vec<u32>,
    pub(super) template: Option<ChatTemplate>,
}

impl Tokenizer {
    /// From a GGUF file's metadata or a `tokenizer.json`, whichever the file is.
    pub fn open(path: &Path) -> Result<Tokenizer, Error> {
        let mut start = [0; 4];
        let begins = std::fs::File::open(path)
            .and_then(|mut file| std::io::Read::read(&mut file, &mut start))
            .map_err(|error| Error::reading(path, &error))?;
        if start[..begins].starts_with(b"GGUF") {
            let file = WeightFile::open(path).map_err(weight_error)?;
            return Tokenizer::of_weights(&file);
        }
        let bytes = std::fs::read(path).map_err(|error| Error::reading(path, &error))?;
        let mut inner = tokenizers::Tokenizer::from_bytes(&bytes).map_err(|error| {
            Error::input(format!("{} is no tokenizer: {error}", path.display()))
                .help("give a `tokenizer.json`, or a GGUF file with a tokenizer in it")
        })?;
        // Lengths are the model's matter.
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| Error::internal(error.to_string()))?;
        let ends = ENDS.iter().filter_map(|name| inner.token_to_id(name)).collect();
        let template = template_beside(path)?;
        Ok(Tokenizer { inner, begin: None, ends, template })
    }

    /// From the metadata of an open GGUF file.
    pub fn of_weights(file: &WeightFile) -> Result<Tokenizer, Error> {
        if file.format() != Format::Gguf {
            return Err(Error::input(format!(
                "{} is a {} file, which has no tokenizer",
                file.path().display(),
                file.format().name()
            ))
            .help("give one: `--tokenizer tokenizer.json`"));
        }
        gguf::tokenizer(file)
    }

    /// The template by which conversations become prompts, if the file has one.
    pub fn template(&self) -> Option<&ChatTemplate> {
        self.template.as_ref()
    }

    /// The tokens of a text. Names of special tokens in it become these tokens.
    pub fn encode(&self, text: &str, begin: bool) -> Result<Vec<u32>, Error> {
        let encoding = self.inner.encode(text, false);
        let encoding =
            encoding.map_err(|error| Error::input(format!("the text has no tokens: {error}")))?;
        let begin = self.begin.filter(|_| begin);
        Ok(begin.into_iter().chain(encoding.get_ids().iter().copied()).collect())
    }

    /// The text of tokens, without special ones.
    pub fn decode(&self, ids: &[u32]) -> Result<String, Error> {
        let text = self.inner.decode(ids, true);
        text.map_err(|error| Error::input(format!("the tokens have no text: {error}")))
    }

    /// Whether a token ends an answer.
    pub fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// How many tokens there are.
    pub fn size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}

/// The template of a `tokenizer_config.json` beside a `tokenizer.json`.
fn template_beside(path: &Path) -> Result<Option<ChatTemplate>, Error> {
    let config = path.with_file_name("tokenizer_config.json");
    let Ok(text) = std::fs::read_to_string(&config) else { return Ok(None) };
    let value: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Error::input(format!("{} is no JSON: {error}", config.display())))?;
    let token = |name: &str| {
        let value = &value[name];
        let text = value.as_str().or_else(|| value["content"].as_str());
        text.unwrap_or_default().to_owned()
    };
    let source = value["chat_template"].as_str();
    Ok(source.map(|source| ChatTemplate::new(source, &token("bos_token"), &token("eos_token"))))
}
