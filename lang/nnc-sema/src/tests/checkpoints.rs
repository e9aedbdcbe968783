//! Rows of checkpoint blocks.

use insta::assert_snapshot;

use super::{check, render};

/// The rows that are understood, and the messages.
fn rows(rows: &str) -> String {
    let text = format!(
        "dims D: feat, N: head, L
         layer Block<D, N> where D % N == 0 {{ w: param f32[D, D]  v: param bf16[D] }}
         layer Net<D, N, L> where D % N == 0 {{ blocks: [Block<D, N>; L]  last: param f32[D, 3] }}
         checkpoint c for Net {{ {rows} }}"
    );
    let (sources, analysis) = check(&[("main", &text)]);
    let mut lines = Vec::new();
    for checkpoint in analysis.program.checkpoints.values() {
        for row in &checkpoint.rows {
            let axes = row.axes.as_ref().map(|axes| {
                let sizes = axes.sizes.iter().map(|(name, size)| format!("{name}={size}"));
                format!(
                    "{:?} -> {:?}, {}",
                    axes.file,
                    axes.ours,
                    sizes.collect::<Vec<_>>().join(" ")
                )
            });
            let converts = if row.converts { " converts" } else { "" };
            lines.push(format!("{}{converts} {}", row.pattern, axes.unwrap_or_default()));
        }
        for row in &checkpoint.ignored {
            lines.push(format!("{} {:?} ignored", row.pattern, row.indices));
        }
    }
    lines.extend(analysis.diagnostics.iter().map(|it| render(&sources, it)));
    lines.join("\n")
}

#[test]
fn rows_keep_sizes_conversions_and_what_is_ignored() {
    let found = rows(
        r#""b.{i}.w" = blocks[i].w as f32 : [(n:N u r:2), d] -> [(n r u), d]
           "b.{i}.v" = blocks[i].v
           "b.{i}.extra" = ignore
           "last" = last"#,
    );
    assert_snapshot!(found, @r"
    b.{i}.w converts [[`n`, `u`, `r`], [`d`]] -> [[`n`, `r`, `u`], [`d`]], n=N r=2
    b.{i}.v 
    last 
    b.{i}.extra [`i`] ignored
    ");
}

#[test]
fn rows_that_contradict_are_refused() {
    let found = rows(
        r#""b.{i}.w" = blocks[i].w as bf16
           "b.{j}.w" = ignore
           "b.{i}.v" = {blocks[i].v, last} : [(z d)] -> [z, d]
           "last" = last : [(d e:3)] -> [d, (e:4)]"#,
    );
    assert_snapshot!(found, @r#"
    main:4:60: E0310 the row converts to bf16, the parameter is f32
      main:4:60 `bf16` 
      main:4:45 `blocks[i].w` this is f32
      help: write `as f32`

    main:5:12: E0403 "b.{j}.w" stands in two rows
      main:5:12 `"b.{j}.w"` 
      main:4:33 `"b.{i}.w"` here already
      note: a tensor of the file is read once, so that it can be written again
      help: fill several parameters in one row: `{a, b} : [(z i)] -> [z, i]`

    main:6:38: E0406 these axes do not fit: `last` has 2 axes, the parameter before it has 1
      main:6:38 `last` 
      help: both sides name the same axes; ours are those of the parameter, after one for several parameters

    main:7:46: E0406 these axes do not fit: `e` is said to be 3 and 4
      main:7:46 `e:4` 
      help: both sides name the same axes; ours are those of the parameter, after one for several parameters
    "#);
}
