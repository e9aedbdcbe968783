//! What only a model's numbers, or lowering, can find wrong.

use super::lowered;

#[test]
fn an_entry_for_no_sizes() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch
        pub layer Same { fn (x: f32[B, 4]) -> f32[B, 4] = exp(x) }
        model same = Same { entry run with { B >= 8, B <= 4 } }
        "
    ), @"
    E0507 main:4 no size is left for `B` in `run`
      main:4: B >= 8 and B <= 4
      main:3: `B` is a size of the function
      help: widen the range of `B`
    ");
}

#[test]
fn a_fact_that_the_sizes_of_an_entry_break() {
    insta::assert_snapshot!(lowered(
        "
        dims T: time
        pub layer Quarter {
            fn (x: f32[T]) -> f32[T] where T % 4 == 0 = exp(x)
        }
        model quarter = Quarter { entry run with { T == 6 } }
        "
    ), @"
    E0508 main:6 `T % 4 == 0` fails for T = 6
      main:6: the entry promises these sizes
      main:4: `T % 4 == 0` is asked for here
      help: change the entry's facts such that `T % 4 == 0` holds
    ");
}

#[test]
fn any_number_of_leading_axes() {
    insta::assert_snapshot!(lowered(
        "
        dims D: feat
        pub layer Same<D> { fn (x: f32[.., D]) -> f32[.., D] = exp(x) }
        model same = Same<4> { entry run }
        "
    ), @"
    E0513 main:4 `run` has any number of leading axes
      main:3: `..` in this signature is open
      help: write a function that names its axes and calls this one, and make that the entry
    ");
}

#[test]
fn an_element_that_is_not_computed_with() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch, D: feat
        pub layer Scale<D> {
            scale: param f8[D]
            fn (x: f32[B, D]) -> f32[B, D] {
                let y[b, d] = x[b, d] * (scale[d] as f32);
                y
            }
        }
        model scale = Scale<4> { entry run with { B <= 2 } }
        "
    ), @"
    E0514 main:4 `f8` cannot be computed with yet
      note: elements of compiled programs are f64, f32, f16, bf16, i64, i32, i8, u8 and bool
      help: declare the tensor as `f32`; a checkpoint may still store it in a smaller type
    ");
}

#[test]
fn a_parameter_beyond_all_memory() {
    insta::assert_snapshot!(lowered(
        "
        use std.nn.{Linear}
        dims B: batch, D: feat
        pub layer Wide<D> {
            map: Linear<D, D>
            fn (x: f32[B, D]) -> f32[B, D] = map(x)
        }
        model wide = Wide<5000000000> { entry run with { B <= 2 } }
        "
    ), @"
    E0516 std.nn:134 `map.weight` is too big: [5000000000, 5000000000]
      help: check the numbers of the model
    ");
}

#[test]
fn more_layers_than_anything_has() {
    insta::assert_snapshot!(lowered(
        "
        use std.nn.{Identity}
        dims B: batch, D: feat, L
        pub layer Tower<L> {
            floors: [[Identity; 1024]; L]
            fn (x: f32[B, D]) -> f32[B, D] = x
        }
        model tower = Tower<9223372036854775806> { entry run with { B <= 2, D <= 2 } }
        model house = Tower<1024> { entry run with { B <= 2, D <= 2 } }
        "
    ), @"
    E0516 main:5 `floors` adds too many items: 9223372036854775806
      note: a model has at most 1048576 fields, the items of arrays counted one by one
      help: check the numbers of the model
    E0516 main:5 `floors.1023` adds too many items: 1024
      note: a model has at most 1048576 fields, the items of arrays counted one by one
      help: check the numbers of the model
    ");
}

#[test]
fn a_hole_is_not_run() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch
        pub layer Open { fn (x: f32[B, 4]) -> f32[B, 4] = ? }
        model open = Open { entry run with { B <= 2 } }
        "
    ), @"
    E0512 main:3 a hole `?` cannot be run
      main:3: this is open
      help: `nnc check` lists what fits here; write one of these
    ");
}

#[test]
fn what_depends_on_a_hole_is_not_run() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch
        pub layer Open {
            fn (x: f32[B, 4]) -> f32[B, 4] {
                let (a, b) = x |> ?;
                a + b
            }
        }
        model open = Open { entry run with { B <= 2 } }
        "
    ), @"
    E0512 main:6 a hole `?` cannot be run
      main:6: this is open
      help: `nnc check` lists what fits here; write one of these
    ");
}

#[test]
fn an_assert_that_the_sizes_of_an_entry_break() {
    insta::assert_snapshot!(lowered(
        "
        dims T: time
        pub layer Quarter {
            fn (x: f32[T]) -> f32[T] {
                assert T % 4 == 0;
                exp(x)
            }
        }
        model quarter = Quarter { entry run with { T == 6 } }
        "
    ), @"
    E0508 main:9 `T % 4 == 0` fails for T = 6
      main:9: the entry promises these sizes
      main:5: `T % 4 == 0` is asked for here
      help: change the entry's facts such that `T % 4 == 0` holds
    ");
}

#[test]
fn an_array_of_state_whose_length_is_open() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch, S: time, L
        pub struct Kept<B, S> { k: f32[B, S]  len: dim <= S }
        pub layer Add {
            fn step(x: f32[B, 1], kept: inout [Kept<B, S>; L]) -> f32[B, 1] where kept.len + 1 <= S {
                fold(kept, x, |h, it| push(h, it))
            }
            fn push(x: f32[B, 1], kept: inout Kept<B, S>) -> f32[B, 1] where kept.len + 1 <= S {
                let full = kept.append(x);
                x
            }
        }
        model add = Add { entry step = step with { B == 1, S == 8, L <= 3 } }
        "
    ), @"
    E0511 main:6 the length of a fold must be known when the model is built, found L
      help: use a parameter of the layer, a config or a number
    ");
}

#[test]
fn merged_axes_inside_index_notation() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch
        fn four(x: f32[]) -> f32[] {
            let a[(i: 2 j: 2)] = x;
            let y = sum[k] a[k];
            y
        }
        pub layer Four {
            fn (x: f32[B]) -> f32[B] {
                let y[b] = four(x[b]);
                y
            }
        }
        model fours = Four { entry run with { B <= 2 } }
        "
    ), @"
    E0515 main:4 a tensor with merged axes cannot be computed at each point of index notation
      help: give the value a name with `let` before the index notation that reads it
    ");
}

/// The messages of lowering about the models of a program.
fn codes_of(text: &str) -> Vec<String> {
    let (program, _) = super::checked(text);
    let mut codes = Vec::new();
    for model in &program.models {
        if let Err(diagnostics) = crate::lower(&program, model) {
            codes.extend(diagnostics.iter().map(|it| it.code.to_string()));
        }
    }
    codes
}

/// Codes without a program in their page: nothing a person would write gives them.
const WITHOUT_A_PROGRAM: [&str; 2] = ["E0506", "E0599"];

#[test]
fn every_code_has_a_page_whose_first_example_gives_it() {
    let source = [include_str!("../errors.rs"), include_str!("../rewrite/errors.rs")].concat();
    for code in source.split("Code(\"").skip(1).filter_map(|it| it.split('"').next()) {
        let page = nnc_sema::explain(code).unwrap_or_else(|| panic!("{code} has no page"));
        // A size without a bound is found earlier, where the whole program is checked.
        // A layer of a test without numbers is found where the test is lowered, not a model.
        if WITHOUT_A_PROGRAM.contains(&code) || ["E0501", "E0517"].contains(&code) {
            continue;
        }
        let programs: Vec<&str> =
            page.split("```nn\n").skip(1).filter_map(|it| it.split("```").next()).collect();
        let [example, repair] = programs.as_slice() else { panic!("{code}: two programs") };
        assert_eq!(codes_of(example), [code], "{code}");
        assert_eq!(codes_of(repair), [""; 0], "{code}: its repair");
    }
}
