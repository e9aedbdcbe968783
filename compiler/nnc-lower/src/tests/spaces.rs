//! Members of spaces.

use super::{checked, lowered};

const CELLS: &str = "
    use std.nn.{Linear, Identity, relu}
    dims B: batch, D: feat, L

    pub layer Two<D> {
        a, b: Linear<D, D>(bias=false)
        fn (x: f32[B, D]) -> f32[B, D] = b(relu(a(x)))
    }

    pub space Cell<D> {
        hole mix: f32[B, D] -> f32[B, D] in {
            Identity,
            Linear<D, D>(bias=false) >> Two<D>,
            Two<D>,
        }
        fn (x: f32[B, D]) -> f32[B, D] = x + mix(x)
    }

    pub layer Net<D, L> {
        cells: [Cell<D>; L]
        fn (x: f32[B, D]) -> f32[B, D] = fold(cells, x, |h, cell| cell(h))
    }
";

/// A model of four cells with these lines in its block.
fn net(lines: &str) -> String {
    format!("{CELLS}\nmodel net = Net<3, 4> {{\n{lines}\nentry run with {{ B == 2 }}\n}}")
}

#[test]
fn neighbours_with_equal_choices_share_a_graph() {
    let text = net("
        choose cells[0].mix = Two<D>
        choose cells[1].mix = Two<D>
        choose cells[2].mix = Identity
        choose cells[3].mix = Linear<D, D>(bias=false) >> Two<D>
    ");
    insta::assert_snapshot!(lowered(&text), @r#"
    graph @run.cells.0(layer in 0..=3) {
      param 0 "mix.Two<D>.a.weight" : f32[3, 3]
      param 1 "mix.Two<D>.b.weight" : f32[3, 3]
      %0 = input : f32[2, 3]
      %1 = param 0 : f32[3, 3]
      %2 = nest (%0, %1) [i: 2, o: 3] sum f32 [i_2: 3] { (%0[i, i_2] * %1[o, i_2]) } : f32[2, 3]
      %3 = nest (%2) [i: 2, i_2: 3] { max(%2[i, i_2], f32(0.0)) } : f32[2, 3]
      %4 = param 1 : f32[3, 3]
      %5 = nest (%3, %4) [i: 2, o: 3] sum f32 [i_2: 3] { (%3[i, i_2] * %4[o, i_2]) } : f32[2, 3]
      %6 = nest (%0, %5) [i: 2, i_2: 3] { (%0[i, i_2] + %5[i, i_2]) } : f32[2, 3]
      return %6
    }
    graph @run() {
      param 0 "cells.0.mix.Two<D>.a.weight" : f32[3, 3]
      param 1 "cells.0.mix.Two<D>.b.weight" : f32[3, 3]
      param 2 "cells.1.mix.Two<D>.a.weight" : f32[3, 3]
      param 3 "cells.1.mix.Two<D>.b.weight" : f32[3, 3]
      param 4 "cells.3.mix.Linear<D, D>(bias=false) >> Two<D>.0.weight" : f32[3, 3]
      param 5 "cells.3.mix.Linear<D, D>(bias=false) >> Two<D>.1.a.weight" : f32[3, 3]
      param 6 "cells.3.mix.Linear<D, D>(bias=false) >> Two<D>.1.b.weight" : f32[3, 3]
      %0 = input : f32[2, 3]
      %1 = call @run.cells.0 dims [0] (%0) params [0, 1] : f32[2, 3]
      %2 = call @run.cells.0 dims [1] (%1) params [2, 3] : f32[2, 3]
      %3 = nest (%2) [i: 2, i_2: 3] { (%2[i, i_2] + %2[i, i_2]) } : f32[2, 3]
      %4 = param 4 : f32[3, 3]
      %5 = nest (%3, %4) [i: 2, o: 3] sum f32 [i_2: 3] { (%3[i, i_2] * %4[o, i_2]) } : f32[2, 3]
      %6 = param 5 : f32[3, 3]
      %7 = nest (%5, %6) [i: 2, o: 3] sum f32 [i_2: 3] { (%5[i, i_2] * %6[o, i_2]) } : f32[2, 3]
      %8 = nest (%7) [i: 2, i_2: 3] { max(%7[i, i_2], f32(0.0)) } : f32[2, 3]
      %9 = param 6 : f32[3, 3]
      %10 = nest (%8, %9) [i: 2, o: 3] sum f32 [i_2: 3] { (%8[i, i_2] * %9[o, i_2]) } : f32[2, 3]
      %11 = nest (%3, %10) [i: 2, i_2: 3] { (%3[i, i_2] + %10[i, i_2]) } : f32[2, 3]
      return %11
    }
    entry run = @run {
      input x
      output output
    }
    "#);
}

#[test]
fn parameters_have_the_candidate_in_their_names() {
    let text = net("
        choose cells[0].mix = Identity
        choose cells[1].mix = Two<3>
        choose cells[2].mix = Identity
        choose cells[3].mix = Linear<D, D>(bias=false) >> Two<D>
    ");
    let (program, _) = checked(&text);
    let lowered = crate::lower(&program, &program.models[0]).unwrap();
    let names: Vec<&str> = lowered.params.iter().map(|it| it.name.as_str()).collect();
    insta::assert_snapshot!(names.join("\n"), @"
    cells.1.mix.Two<D>.a.weight
    cells.1.mix.Two<D>.b.weight
    cells.3.mix.Linear<D, D>(bias=false) >> Two<D>.0.weight
    cells.3.mix.Linear<D, D>(bias=false) >> Two<D>.1.a.weight
    cells.3.mix.Linear<D, D>(bias=false) >> Two<D>.1.b.weight
    ");
}

#[test]
fn a_model_that_leaves_holes_open_is_told_how_many_members_there_are() {
    insta::assert_snapshot!(lowered(&net("choose cells[1].mix = Identity")), @"
    E0509 main:24 model `net` leaves 3 holes open, `cells[0].mix` first
      main:24: a space of 81 members
      main:11: one of `Identity`, `Linear<D, D>(bias=false) >> Two<D>`, `Two<D>`
      help: choose in the model's block: `choose cells[0].mix = Identity`
      help: or find members that are good: `nnc search` with `--model net`
    ");
}

#[test]
fn what_stands_in_a_hole_may_have_holes() {
    let text = "
        use std.nn.{Linear, Identity}
        dims B: batch, D: feat
        pub space Inner<D> {
            hole map: f32[B, D] -> f32[B, D] in { Identity, Linear<D, D>(bias=false) }
            hole end: f32[B, D] -> f32[B, D] in { Identity, Linear<D, D>(bias=false), Linear<D, D> }
            fn (x: f32[B, D]) -> f32[B, D] = end(map(x))
        }
        pub space Outer<D> {
            hole mix: f32[B, D] -> f32[B, D] in { Identity, Inner<D>, Inner<D> >> Identity }
            fn (x: f32[B, D]) -> f32[B, D] = mix(x)
        }
        model one = Outer<3> {
            choose mix.end = Identity
            choose mix = Inner<D>
            choose mix.map = Linear<D, D>(bias=false)
            entry run with { B == 2 }
        }
        model two = Outer<3> {
            choose mix = Inner<D> >> Identity
            choose mix[0].map = Identity
            entry run with { B == 2 }
        }
    ";
    let (program, _) = checked(text);
    let holes = crate::holes(&program, &program.models[0]).unwrap();
    let shown: Vec<String> = holes
        .iter()
        .map(|it| format!("{} {} {} {:?}", it.place, it.written, it.candidates.len(), it.within))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    mix mix 3 None
    mix.map mix.map 2 Some((0, 1))
    mix.end mix.end 3 Some((0, 1))
    mix.0.map mix[0].map 2 Some((0, 2))
    mix.0.end mix[0].end 3 Some((0, 2))
    ");
    // Nothing inside, or two by three inside, twice.
    assert_eq!(crate::members(&holes), 1 + 6 + 6);
    insta::assert_snapshot!(lowered(text), @r#"
    graph @run() {
      param 0 "mix.Inner<D>.map.Linear<D, D>(bias=false).weight" : f32[3, 3]
      %0 = input : f32[2, 3]
      %1 = param 0 : f32[3, 3]
      %2 = nest (%0, %1) [i: 2, o: 3] sum f32 [i_2: 3] { (%0[i, i_2] * %1[o, i_2]) } : f32[2, 3]
      return %2
    }
    entry run = @run {
      input x
      output output
    }

    E0509 main:19 model `two` leaves the hole `mix[0].end` open
      main:19: a space of 13 members
      main:6: one of `Identity`, `Linear<D, D>(bias=false)`, `Linear<D, D>`
      help: choose in the model's block: `choose mix[0].end = Identity`
      help: or find members that are good: `nnc search` with `--model two`
    "#);
}
