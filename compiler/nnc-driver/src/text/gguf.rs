//! The tokenizer in the metadata of a GGUF file.
//!
//! The keys are those of ggml's specification of GGUF. Byte-level BPE is built here; which
//! rule cuts text into words before it, the file only names (`tokenizer.ggml.pre`), so the
//! rules stand here, from the tokenizers of the families that use them.

use super::{ChatTemplate, Tokenizer};
use crate::{Error, Failure};
use nnc_weights::{Metadata, WeightFile};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, PreTokenizerWrapper, SplitDelimiterBehavior};

/// Types of tokens that text never makes by itself.
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

/// Words of Llama 3 and of what follows it.
const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Words of Qwen 2: as Llama 3's, with digits one by one.
const QWEN_2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

pub(super) fn tokenizer(file: &WeightFile) -> Result<Tokenizer, Error> {
    let metadata = file.metadata();
    let wrong = |what: String| {
        Error::Input(
            Failure::new(format!("{}: {what}", file.path().display()))
                .help("give the tokenizer as a file: `--tokenizer tokenizer.json`"),
        )
    };
    let text = |key: &str| metadata.get(key).and_then(|it| it.as_str());
    let kind = text("tokenizer.ggml.model").ok_or_else(|| wrong("it has no tokenizer".into()))?;
    if kind != "gpt2" {
        return Err(wrong(format!("tokenizers of kind `{kind}` are not built from metadata")));
    }
    let strings = |key: &str| {
        let items = metadata.get(key).and_then(|it| it.as_strings());
        items.ok_or_else(|| wrong(format!("the metadata has no list `{key}`")))
    };
    let tokens = strings("tokenizer.ggml.tokens")?;
    let merges = strings("tokenizer.ggml.merges")?;
    let vocab: Vocab =
        tokens.iter().enumerate().map(|(id, token)| (token.clone(), id as u32)).collect();
    let mut pairs = Vec::with_capacity(merges.len());
    for merge in merges {
        let pair = merge.split_once(' ');
        let (left, right) = pair.ok_or_else(|| wrong(format!("`{merge}` is no merge")))?;
        pairs.push((left.to_owned(), right.to_owned()));
    }
    let model = BPE::builder()
        .vocab_and_merges(vocab, pairs)
        .build()
        .map_err(|error| wrong(format!("the merges do not fit the tokens: {error}")))?;
    let mut inner = tokenizers::Tokenizer::new(model);
    let rule = text("tokenizer.ggml.pre").unwrap_or("default");
    let words = words(rule).ok_or_else(|| {
        wrong(format!("the rule `{rule}` for cutting text into words is unknown"))
    })?;
    inner.with_pre_tokenizer(Some(words));
    inner.with_decoder(Some(ByteLevel::default()));
    inner.add_special_tokens(&special(metadata, tokens));
    let id = |key: &str| {
        let id = metadata.get(key).and_then(|it| it.as_i64());
        id.and_then(|it| u32::try_from(it).ok())
    };
    let end_keys = ["eos", "eot", "eom"].map(|it| format!("tokenizer.ggml.{it}_token_id"));
    let ends: Vec<u32> = end_keys.iter().filter_map(|key| id(key)).collect();
    let begins = metadata.get("tokenizer.ggml.add_bos_token").and_then(|it| it.as_bool());
    let token =
        |id: Option<u32>| id.and_then(|it| tokens.get(it as usize)).cloned().unwrap_or_default();
    let begin = id("tokenizer.ggml.bos_token_id");
    let template = text("tokenizer.chat_template");
    let template =
        template.map(|it| ChatTemplate::new(it, &token(begin), &token(ends.first().copied())));
    Ok(Tokenizer { inner, begin: begin.filter(|_| begins == Some(true)), ends, template })
}

/// Tokens that are taken whole out of text.
fn special(metadata: &Metadata, tokens: &[String]) -> Vec<AddedToken> {
    let types = metadata.get("tokenizer.ggml.token_type").and_then(|it| it.as_i32s());
    let types = types.unwrap_or_default().iter().zip(tokens);
    types
        .filter(|(ty, _)| [CONTROL, USER_DEFINED].contains(*ty))
        .map(|(ty, token)| AddedToken::from(token.clone(), *ty == CONTROL))
        .collect()
}

/// What cuts text into words before pairs are merged; `None` for a rule that is unknown.
fn words(rule: &str) -> Option<PreTokenizerWrapper> {
    let bytes = |words: bool| PreTokenizerWrapper::from(ByteLevel::new(false, true, words));
    let split = |pattern: &str| {
        let pattern = SplitPattern::Regex(pattern.to_owned());
        Split::new(pattern, SplitDelimiterBehavior::Isolated, false).ok().map(|split| {
            let both = vec![PreTokenizerWrapper::from(split), bytes(false)];
            PreTokenizerWrapper::from(Sequence::new(both))
        })
    };
    match rule {
        "default" | "gpt-2" => Some(bytes(true)),
        "smollm" | "starcoder" | "refact" | "command-r" => {
            let both = vec![PreTokenizerWrapper::from(Digits::new(true)), bytes(true)];
            Some(Sequence::new(both).into())
        }
        "llama-bpe" | "llama3" | "llama-v3" => split(LLAMA_3),
        "qwen2" => split(QWEN_2),
        _ => None,
    }
}
