//! What the language accepts.

use crate::parse;
use insta::assert_snapshot;
use nnc_base::{FileId, Sources};

/// The programs that every part of the compiler must take.
pub(super) const PROGRAMS: [(&str, &str); 9] = [
    ("1_mlp.nn", include_str!("../../../../tests/language/1_mlp.nn")),
    ("2_resnet.nn", include_str!("../../../../tests/language/2_resnet.nn")),
    ("3_parallel.nn", include_str!("../../../../tests/language/3_parallel.nn")),
    ("4_mqa.nn", include_str!("../../../../tests/language/4_mqa.nn")),
    ("5_moe.nn", include_str!("../../../../tests/language/5_moe.nn")),
    ("6_ssm.nn", include_str!("../../../../tests/language/6_ssm.nn")),
    ("7_rasp.nn", include_str!("../../../../tests/language/7_rasp.nn")),
    ("8_nas.nn", include_str!("../../../../tests/language/8_nas.nn")),
    ("9_misc.nn", include_str!("../../../../tests/language/9_misc.nn")),
];

pub(super) fn file() -> FileId {
    Sources::new().add("test.nn", "")
}

/// The tree of a program without mistakes.
fn tree(text: &str) -> String {
    let parsed = parse(file(), text);
    assert_eq!(parsed.diagnostics, [], "in {text}");
    parsed.module.to_string()
}

#[test]
fn the_language_programs_parse_without_a_message() {
    for (name, text) in PROGRAMS {
        let parsed = parse(file(), text);
        assert!(parsed.diagnostics.is_empty(), "{name}: {:#?}", parsed.diagnostics);
        assert!(!parsed.module.to_string().contains("error"), "{name}");
    }
}

#[test]
fn settled_spellings_parse_without_a_message() {
    tree(
        r#"
        # A comment.
        use std.nn
        dims T: time @ 16kHz, P: time >= 0, S: time @ r, Q: time @ r / 160 >= 1
        kind band, formant
        elem Token<V>: int
        type Image<H: row, W> = f32[3, H, W]
        const E = 1e-5
        const Rate = 44.1kHz

        ## A cache.
        ## Two lines.
        pub struct Cache<B, S> {
            ## The keys.
            k, v: bf16[B, S]
            inner: [Other<B, S>; 3]
            pair: (f32[B], aux: int)
            len: dim <= S
            w: q4<I/32>[O, I]
            f: fix<16, 6>[..]
        }

        pub layer Net<D, F = 3, L>(k: dim = 3, eps: f32 = 1e-5, bias: bool = true) {
        }
        "#
        .replace(", F = 3", "")
        .as_str(),
    );
    tree(
        r#"
        layer Net<D, L>(k: dim = 3, eps: f32 = 1e-5, bias: bool = true) where D % 2 == 0, L == if D > 1 { 1 } else if D == 1 { 2 } else { 3 } {
            const Dh: feat = D / 2
            a, b: param f32[D, D/2] = kaiming
            s: state f32[B, D] = 0.0
            x: Sub<I=D, O=[2]>(cfg = k)
            blocks: [[Block<D>; 2]; L]
            c: if bias { param f32[D] = zeros }
            d: if k == 1 { Sub<D> } else if k == 2 { [Sub<D>; 2] } else { Identity }
            model: Sub
            kind, state: Sub<Token<V>, Audio<f32>>

            ## The main function.
            fn (x: float[.., D], c: inout [Cache<B, S>; L]) -> (y: f32[.., D], z: f32[]) where D > 1 = (x, x)
            const K = sum[d: 3]
                d
            model_width: Sub
            fn choose(k: dim) -> dim = if k == 1 { let a = k; a } else {
                let b = 2;
                b
            }
            c2: Sub
            fn where_if(k: dim) -> dim where k == if k > 2 { 3 } else { 4 } {
                let c = k;
                c
            }
            fn step(x: [Cache<B, S, Dh>; L], n: dim <= S) -> dim { n }
        }
        "#
        .replace("O=[2]", "O=D+1")
        .as_str(),
    );
    tree(
        r#"
        fn f(x: f32[B, T @ 16kHz / 2, _]) -> f32[] {
            let y: f32[B, T] = x;
            let z[b, i: n + 1, (c h w)] = sum<f16>[d, j: 2*k | 0 <= j && j < 4] y[b, h*s + i - p, t + k, (n:N d), ex[b, t], 3, T] else 0;
            let (u, _) = f(x, |h, block, cache| block.step(h, cache), k=3);
            let m = max(a, b) + max[i] a[i] * min[j] b[j] / 2 - argmax[k] !any[q] -c[k, q];
            let w = -sum[d] a[d] as f32 == b as Token<V>;
            let v = if a { 1 } else if b { 2 } else { 3 };
            let r = pick[k] pick[j] x[k, j] else 0 else 1;
            let e = x[.., _, (n:N)] |> ?(x) |> ?;
            let count = 3;
            let c2 = count < 3 && x.max(3) < 2;
            let q = [R, N, N];
            let b2 = { let a = 1; a };
            let s = f("a\n", 10ms, 16kHz, 0.5, true, false, (a, b), (a,), x[]);
            let i = a // b % c / d;
            assert a <= b;
            scan t in T with h[b, d, n] = h0, c = 0.0 {
                h[b, d, n] = 2.0 * h[b, d, n];
                c = c;
                yield y[b, t] = h[b, t];
            }
            cache.append(k, v);
            x
        }
        "#
        .replace("c = c;", "let d = c;")
        .as_str(),
    );
    tree(
        r#"
        checkpoint gguf for Decoder {
            "a.{i}.x" = blocks[i].w as f32 : [i, (z o)] -> [z, o, i]
            "b" = {a.b, c[0].d,}
            "rope" = ignore
        }
        model smollm2 = Decoder<49152, 576, 9, 3, 1536, 30>(theta = 100000.0) {
            weights gguf
            ## The prompt.
            entry prefill = forward with { B == 1, T <= 2048, S == 2048 }
            entry decode
        }
        model tiny = Mlp<2, 4>
        export Mqa.step as decode with { B == 1, T <= 512, }
        export f
        test "t" { assert f(1) == [1, 2]; }
        "#,
    );
}

#[test]
fn docs_belong_to_what_follows() {
    assert_snapshot!(tree("## One.\n##   Two.\npub layer A {\n ## Three.\n a: B\n # no doc\n fn () = 1\n}\n"), @"
    module
      ## One.
      ##   Two.
      pub layer A
        ## Three.
        field a
          layer B
        fn
          body
            1
    ");
}

#[test]
fn a_reduction_takes_the_longest_product_and_the_nearest_else() {
    assert_snapshot!(tree("fn f() = a + sum[d | d < 2] pick[k: n] x[k] * y / 2 else 0 + c"), @"
    module
      fn f
        body
          +
            +
              a
              sum
                over d
                guard
                  <
                    d
                    2
                pick
                  over k
                    n
                  /
                    *
                      index
                        x
                        at
                          k
                      y
                    2
                  else
                    0
            c
    ");
}

#[test]
fn pipes_casts_and_comparisons_have_their_order() {
    assert_snapshot!(tree("fn f() = -a.b(c)[d] * 2 + 1 as Logits == b && !c || d |> relu"), @"
    module
      fn f
        body
          |>
            ||
              &&
                ==
                  cast
                    +
                      *
                        -
                          index
                            call
                              field b
                                a
                              arg
                                c
                            at
                              d
                        2
                      1
                    as Logits
                  b
                !
                  c
              d
            relu
    ");
}

#[test]
fn indices_splits_and_extents_are_told_apart() {
    assert_snapshot!(tree("fn f() { let y[b, i: n, (n:N d)] = x[(b), .., _, (n d), i*s + k - 1, e[b]]; y }"), @"
    module
      fn f
        block
          let
            y
              at
                b
              at i:
                n
              split
                n
                  N
                d
            index
              x
              at
                b
              at ..
              at _
              split
                n
                d
              at
                -
                  +
                    *
                      i
                      s
                    k
                  1
              at
                index
                  e
                  at
                    b
          value
            y
    ");
}

#[test]
fn a_checkpoint_row_has_its_pattern_in_pieces() {
    let parsed = parse(
        file(),
        "checkpoint c for D { \"h.{i}.w\" = blocks[i].w as f32 : [i, (z o:O)] -> [o, z, i] }",
    );
    assert_eq!(parsed.diagnostics, []);
    let crate::ast::ItemKind::Checkpoint(checkpoint) = &parsed.module.items[0].kind else {
        panic!("no checkpoint");
    };
    assert_snapshot!(format!("{:?}", checkpoint.rows[0].pattern), @r#"[Text("h."), Index { name: Ident { name: `i`, span: Span { file: #0, start: 25, end: 26 } }, times: 1, plus: 0 }, Text(".w")]"#);
    assert_snapshot!(parsed.module, @r#"
    module
      checkpoint c for D
        row "h.{i}.w"
          path blocks[i].w
          as f32
          axes
            from
              i
              merged
                z
                o
                  O
            to
              o
              z
              i
    "#);
}

#[test]
fn indentation_never_matters_to_a_correct_program() {
    for (name, text) in PROGRAMS {
        let flat: String = text.lines().map(|line| format!("{}\n", line.trim_start())).collect();
        let parsed = parse(file(), &flat);
        assert!(parsed.diagnostics.is_empty(), "{name}: {:#?}", parsed.diagnostics);
        assert_eq!(parsed.module.to_string(), parse(file(), text).module.to_string(), "{name}");
    }
}

#[test]
fn comments_are_kept_beside_the_tree() {
    let text = "# a\n## b\nkind c # d\n";
    let parsed = parse(file(), text);
    let texts: Vec<&str> = parsed
        .comments
        .iter()
        .map(|comment| &text[comment.span.start as usize..comment.span.end as usize])
        .collect();
    assert_eq!(texts, ["# a", "## b", "# d"]);
    assert_eq!(parsed.comments.iter().map(|c| c.doc).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(parsed.module.items[0].docs.as_deref(), Some("b"));
}

#[test]
fn no_limit_is_met_by_long_programs() {
    let many = |line: &str| line.repeat(1_000);
    tree(&format!("struct S {{ {} }}", many("a: A<B>\n")));
    tree(&format!(
        "layer S {{ {} }}",
        many("a, b: A<B>\nc: [D; 3]\nconst K = A + B\nfn f() = a + b\n")
    ));
    tree(&format!("fn f() {{ {} a }}", many("let a = b + c.d(e) * 2; f(a - 1); assert a < b;")));
    tree(&format!("fn f() = f({})", many("a + b * c, ")));
    tree(&format!("checkpoint c for D {{ {} }}", many("\"a\" = b[i].c.d as f32 : [i] -> [i]\n")));
    tree(&format!("model m = D {{ {} }}", many("entry a = b with { B == 1 }\n")));
    tree(&many("elem A<B>: C<D>\ntype E<F> = A<B>\nfn f() -> dim = a + b\nconst X = a * b\n"));
    tree(&format!("dims {}", many("T: time @ 16kHz, ")));
}
