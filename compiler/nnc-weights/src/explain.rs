//! The pages of `nnc explain` for messages that compare a model with a weight file. Those
//! of checkpoint blocks as such are `nnc-sema`'s.

/// The page of a message's code: what it means, an example, the repair.
pub fn explain(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(it, _)| *it == code).map(|(_, page)| *page)
}

/// All codes that have a page, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(code, _)| *code)
}

const PAGES: &[(&str, &str)] = &[
    (
        "E0401",
        r#"# E0401: a tensor of the weight file has another shape

The file has the tensor, and its axes are not those that the model gives it. The message
says both shapes, with the names of the model's sizes.

```nn
dims V: vocab, D: feat

layer Net<V, D> {
    table: param f32[V, D]
    fn () -> f32[V, D] = table
}

model net = Net<32128, 768> { entry run }
```

With a file whose `table` is `[32101, 768]`:

    "table" is [32101, 768], `table` is [V, D] = [32128, 768]

Either the file belongs to a model with another size, and the model is to say so:
`Net<32101, 768>`. Or the file has the axes in another order, merged or split, and a
checkpoint block says how:

```nn
checkpoint stored for Net {
    "table" = table : [d, v] -> [v, d]
}
```
"#,
    ),
    (
        "E0407",
        r#"# E0407: a tensor is not in the weight file

A row of the checkpoint block names a tensor that the file does not have; or no row names
a parameter, which is then read by its own name, and the file has no such tensor.

    "embed.table" is not in `model.safetensors`
    did you mean "model.embed.table"?

Write the name as it is in the file, in a row for the parameter:

```nn
checkpoint stored for Net {
    "model.embed.table" = embed.table
}
```

If the file has none of the tensors, it is another model's file.
"#,
    ),
    (
        "E0408",
        r#"# E0408: nothing reads a tensor of the weight file

A file that holds more than the model reads is often another model's file, or a row is
missing. Where it is right, a row says so:

```nn
checkpoint bert for SentenceEncoder {
    "pooler.dense.weight"                = ignore
    "bn.{i}.num_batches_tracked"         = ignore
}
```

An index such as `{i}` stands for any number. Without a checkpoint block this is a
warning.
"#,
    ),
    (
        "E0409",
        r#"# E0409: elements of the weight file are not the parameter's

A wider float is rounded to a narrower one with a warning, unless the row says that this
is meant:

```nn
checkpoint small for Net {
    "table" = table as bf16
}
```

Integers become floats, and integers of other widths where the values fit. Floats never
become integers or bools, and some types of quantised files are not read at all: convert
such a file before.
"#,
    ),
    (
        "E0412",
        r#"# E0412: rows of a tensor that are read twice

Several rows of a checkpoint block may say which rows of one stored tensor are which parameter.
Each row of the tensor belongs to one of them, so that the file can be written again.

    "qk.weight"[0..D]     = query.weight
    "qk.weight"[D-1..2*D] = key.weight

Let each start where the one before it ends:

    "qk.weight"[0..D]   = query.weight
    "qk.weight"[D..2*D] = key.weight
"#,
    ),
    (
        "E0413",
        r#"# E0413: rows of a tensor that nothing is said of

The rows of a stored tensor that a checkpoint block tells one after the other begin with row 0, and
none is left out in between. A tensor may have rows that no parameter is, as a table of words that
was filled up to a round number; they are ignored when the file is read, and written as zeros.

    "embed.weight"[0..V]     = embed.table
    "embed.weight"[V..51200] = ignore

A tensor that is not read at all has a row without numbers: `"head.weight" = ignore`.
"#,
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_code_of_this_crate_alone_has_a_page() {
        let used: BTreeSet<&str> = include_str!("errors.rs")
            .split("Code(\"")
            .skip(1)
            .filter_map(|it| it.split('"').next())
            .collect();
        // Those that the checker gives too have their pages there.
        let shared = BTreeSet::from(["E0403", "E0405", "E0406", "E0411"]);
        assert_eq!(&used - &shared, super::codes().collect());
        for code in super::codes() {
            let page = super::explain(code).unwrap();
            assert!(page.starts_with(&format!("# {code}: ")));
        }
        assert_eq!(super::explain("E0000"), None);
    }
}
