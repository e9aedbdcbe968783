use super::{ChatTemplate, TextStream, Tokenizer};
use std::path::PathBuf;

/// A byte-level tokenizer of a few words, as a file.
fn sample() -> (tempfile::TempDir, Tokenizer) {
    // `Ġ` is the byte of a space, and `Ã` and `¤` are the two bytes of `ä`.
    let json = r#"{
        "version": "1.0", "truncation": {"max_length": 2, "strategy": "LongestFirst", "stride": 0,
        "direction": "Right"}, "padding": null,
        "added_tokens": [{"id": 7, "content": "<|im_end|>", "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true}],
        "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": true},
        "post_processor": null, "decoder": {"type": "ByteLevel",
            "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null,
            "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
            "byte_fallback": false, "vocab": {"a": 0, "b": 1, "Ġ": 2, "Ã": 3, "¤": 4, "ab": 5,
            "Ġab": 6}, "merges": ["a b", "Ġ ab"]}
    }"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, json).unwrap();
    let config = r#"{"chat_template": "{{ bos_token }}{{ messages[0].content }}",
        "bos_token": {"content": "<s>"}, "eos_token": "</s>"}"#;
    std::fs::write(folder.path().join("tokenizer_config.json"), config).unwrap();
    let tokenizer = Tokenizer::open(&path).unwrap();
    (folder, tokenizer)
}

#[test]
fn text_becomes_tokens_and_tokens_text() {
    let (_folder, tokenizer) = sample();
    let ids = tokenizer.encode("ab abä<|im_end|>", true).unwrap();
    // The length in the file is not the model's.
    assert_eq!(ids, [5, 6, 3, 4, 7]);
    assert_eq!(tokenizer.decode(&ids).unwrap(), "ab abä");
    assert!(tokenizer.is_end(7) && !tokenizer.is_end(6));
    let prompt = tokenizer.template().unwrap().prompt(&[("user", "hi")]).unwrap();
    assert_eq!(prompt, "<s>hi");
}

#[test]
fn a_letter_of_several_tokens_comes_whole() {
    let (_folder, tokenizer) = sample();
    let mut stream = TextStream::new(&tokenizer);
    let pieces: Vec<String> = [5, 6, 3, 4, 0].map(|id| stream.push(id).unwrap()).to_vec();
    assert_eq!(pieces, ["ab", " ab", "", "ä", "a"]);
    let mut stream = TextStream::new(&tokenizer);
    stream.push(3).unwrap();
    assert_eq!(stream.finish().unwrap(), "\u{fffd}");
}

#[test]
fn a_template_may_refuse() {
    let template = ChatTemplate::new(
        "{% for m in messages %}{% if m['role'] == 'tool' %}{{ raise_exception('no tools') }}\
         {% endif %}<{{ m['role'].upper() }}>{{ m['content'].strip() }}{% endfor %}\
         {% if add_generation_prompt %}<A>{% endif %}",
        "",
        "",
    );
    let prompt = template.prompt(&[("system", " be kind "), ("user", "hi")]).unwrap();
    assert_eq!(prompt, "<SYSTEM>be kind<USER>hi<A>");
    let error = template.prompt(&[("tool", "x")]).unwrap_err().to_string();
    assert!(error.contains("no tools"), "{error}");
}

#[test]
fn what_is_no_tokenizer_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("t.json");
    let message = || {
        let text = Tokenizer::open(&path).unwrap_err().to_string();
        text.replace(&folder.path().display().to_string(), "DIR")
    };
    insta::assert_snapshot!(message(), @"cannot read DIR/t.json: no such file or directory");
    std::fs::write(&path, "{}").unwrap();
    assert!(message().starts_with("DIR/t.json is no tokenizer: "), "{}", message());
}
