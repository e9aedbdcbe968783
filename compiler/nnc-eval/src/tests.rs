use crate::{Data, EvalError, Options, Precision, Tensor, evaluate, evaluate_graph};
use nnc_base::{Id, Name};
use nnc_graph::{Elem, parse, verify};

/// Numbers in -1..1 that differ from test to test.
fn noise(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

fn run(text: &str, dims: &[(&str, i64)], inputs: &[Tensor]) -> Vec<Tensor> {
    run_with(text, dims, inputs, Precision::Declared).unwrap()
}

fn run_with(
    text: &str,
    dims: &[(&str, i64)],
    inputs: &[Tensor],
    precision: Precision,
) -> Result<Vec<Tensor>, EvalError> {
    let module = parse(text).unwrap();
    verify(&module).unwrap();
    let last = Id::from_raw(module.graphs.len() as u32 - 1);
    let dims: Vec<_> = dims.iter().map(|(name, size)| (Name::new(name), *size)).collect();
    evaluate_graph(&module, last, &dims, &[], inputs, &Options { precision, trace: None })
}

fn close(found: &Tensor, wanted: &[f64], tolerance: f64) {
    let found = found.to_f64();
    assert_eq!(found.len(), wanted.len());
    for (at, (a, b)) in found.iter().zip(wanted).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "[{at}] {a} is not {b}");
    }
}

#[test]
fn a_padded_convolution_is_the_direct_sum_over_its_window() {
    let (channels, height, width, out) = (3usize, 5usize, 7usize, 2usize);
    let image = noise(1, channels * height * width);
    let weights = noise(2, out * channels * 9);
    let result = run(
        "graph @conv() {
           %0 = input : f32[3, 5, 7]
           %1 = input : f32[2, 3, 3, 3]
           %2 = nest (%0, %1) [o: 2, y: 3, x: 4] sum f32 [c: 3, i: 3, j: 3]
                if (((i32[0] <= i32[(2)*y + i - 1]) && (i32[(2)*y + i - 1] < i32[5])) && ((i32[0] <= i32[(2)*x + j - 1]) && (i32[(2)*x + j - 1] < i32[7])))
                { (%0[c, (2)*y + i - 1, (2)*x + j - 1] * %1[o, c, i, j]) } : f32[2, 3, 4]
           return %2
         }",
        &[],
        &[Tensor::f32(&[3, 5, 7], image.clone()), Tensor::f32(&[2, 3, 3, 3], weights.clone())],
    );
    // The other way round: each input pixel is spread over the outputs that see it.
    let mut wanted = vec![0f64; out * 3 * 4];
    for c in 0..channels {
        for y in 0..height {
            for x in 0..width {
                for oy in 0..3usize {
                    for ox in 0..4usize {
                        let (i, j) = (y as i64 - 2 * oy as i64 + 1, x as i64 - 2 * ox as i64 + 1);
                        if (0..3).contains(&i) && (0..3).contains(&j) {
                            for o in 0..out {
                                let weight =
                                    weights[((o * channels + c) * 3 + i as usize) * 3 + j as usize];
                                wanted[(o * 3 + oy) * 4 + ox] +=
                                    f64::from(image[(c * height + y) * width + x])
                                        * f64::from(weight);
                            }
                        }
                    }
                }
            }
        }
    }
    close(&result[0], &wanted, 1e-6);
}

#[test]
fn a_softmax_row_sums_to_one_over_the_points_of_its_guard() {
    let result = run(
        "graph @soft(T in 1..) {
           %0 = input : f32[T, T]
           %1 = nest (%0) [i: T, j: T] softmax j if (i32[j] < i32[i]) { (%0[i, j] * f32(100.0)) } : f32[T, T]
           return %1
         }",
        &[("T", 5)],
        &[Tensor::f32(&[5, 5], noise(3, 25))],
    );
    let rows = result[0].to_f64();
    assert_eq!(rows[..5], [0.0; 5], "a row without points is zero");
    for row in 1..5 {
        let sum: f64 = rows[row * 5..row * 5 + 5].iter().sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert!(rows[row * 5 + row..row * 5 + 5].iter().all(|it| *it == 0.0));
    }
}

#[test]
fn gathers_follow_data_and_stay_inside() {
    let text = "graph @gather(T in 1..) {
        %0 = input : f32[4, 3]
        %1 = input : i32[T]
        %2 = nest (%0, %1) [t: T, d: 3] { %0[{%1[t]}, d] } : f32[T, 3]
        return %2
      }";
    let table = noise(4, 12);
    let inputs = |ids: Vec<i32>| [Tensor::f32(&[4, 3], table.clone()), Tensor::i32(&[2], ids)];
    let result = run(text, &[("T", 2)], &inputs(vec![3, 1]));
    let wanted: Vec<f64> =
        [&table[9..12], &table[3..6]].concat().into_iter().map(f64::from).collect();
    close(&result[0], &wanted, 0.0);
    let error = run_with(text, &[("T", 2)], &inputs(vec![3, 4]), Precision::Declared).unwrap_err();
    insta::assert_snapshot!(error, @"@gather %2: reads position 4 of axis 0 of operand 0, which has 4");
}

#[test]
fn branches_that_are_not_taken_read_nothing() {
    let result = run(
        "graph @shift(T in 1..) {
           %0 = input : f32[T]
           %1 = nest (%0) [t: T] { select((i32[t] < i32[T - 2]), %0[t + 2], f32(7.0)) } : f32[T]
           return %1
         }",
        &[("T", 4)],
        &[Tensor::f32(&[4], vec![1.0, 2.0, 3.0, 4.0])],
    );
    close(&result[0], &[3.0, 4.0, 7.0, 7.0], 0.0);
}

#[test]
fn top_k_breaks_ties_by_position() {
    let result = run(
        "graph @top() {
           %0 = input : f32[2, 5]
           %1 = sort (%0) descending k 3 : f32[2, 3], i32[2, 3]
           return %1.0, %1.1
         }",
        &[],
        &[Tensor::f32(&[2, 5], vec![1.0, 4.0, 2.0, 4.0, 0.0, 5.0, 5.0, 5.0, 6.0, -1.0])],
    );
    close(&result[0], &[4.0, 4.0, 2.0, 6.0, 5.0, 5.0], 0.0);
    close(&result[1], &[1.0, 3.0, 2.0, 3.0, 0.0, 1.0], 0.0);
}

#[test]
fn a_sort_keeps_the_order_of_equals_and_puts_what_is_no_number_last() {
    let nan = f32::NAN;
    let result = run(
        "graph @sort() {
           %0 = input : f32[7]
           %1 = sort (%0) ascending k 7 : f32[7], i32[7]
           %2 = sort (%0) descending k 2 : f32[2], i32[2]
           return %1.1, %2.1
         }",
        &[],
        &[Tensor::f32(&[7], vec![2.0, -nan, 0.0, -1.0, -0.0, nan, 2.0])],
    );
    close(&result[0], &[3.0, 2.0, 4.0, 0.0, 6.0, 1.0, 5.0], 0.0);
    close(&result[1], &[1.0, 5.0], 0.0);
}

#[test]
fn running_results_go_either_way_with_and_without_their_place() {
    let result = run(
        "graph @running() {
           %0 = input : f32[2, 3]
           %1 = running sum (%0) axis 1 : f32[2, 3]
           %2 = running sum (%0) axis 1 backwards exclusive : f32[2, 3]
           %3 = running max (%0) axis 0 exclusive : f32[2, 3]
           return %1, %2, %3
         }",
        &[],
        &[Tensor::f32(&[2, 3], vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0])],
    );
    close(&result[0], &[1.0, 3.0, 7.0, 8.0, 24.0, 56.0], 0.0);
    close(&result[1], &[6.0, 4.0, 0.0, 48.0, 32.0, 0.0], 0.0);
    let none = f32::NEG_INFINITY;
    assert_eq!(result[2], Tensor::f32(&[2, 3], vec![none, none, none, 1.0, 2.0, 4.0]));
}

#[test]
fn a_scatter_reduces_what_meets_and_leaves_out_what_has_no_place() {
    let result = run(
        "graph @scatter() {
           %0 = input : f32[4, 2]
           %1 = input : i32[4]
           %2 = scatter sum (%0, %1) into 3 : f32[3, 2]
           %3 = scatter first (%0, %1) into 3 : f32[3, 2]
           return %2, %3
         }",
        &[],
        &[
            Tensor::f32(&[4, 2], vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]),
            Tensor::i32(&[4], vec![2, 3, 2, -1]),
        ],
    );
    close(&result[0], &[0.0, 0.0, 0.0, 0.0, 17.0, 34.0], 0.0);
    close(&result[1], &[0.0, 0.0, 0.0, 0.0, 1.0, 2.0], 0.0);
}

#[test]
fn bits_move_within_their_type() {
    let result = run(
        "graph @bits() {
           %0 = input : i32[4]
           %1 = nest (%0) [i: 4] { shift_right(%0[i], i32(28)) } : i32[4]
           %2 = nest (%0) [i: 4] { bit_xor(shift_left(%0[i], i32(30)), %0[i]) } : i32[4]
           %3 = nest (%0) [i: 4] { bit_or(shift_left(%0[i], i32(32)), bit_and(%0[i], i32(6))) } : i32[4]
           return %1, %2, %3
         }",
        &[],
        &[Tensor::i32(&[4], vec![-1, 3, i32::MIN, 0])],
    );
    close(&result[0], &[15.0, 0.0, 8.0, 0.0], 0.0);
    let wanted = [-1i32, 3, i32::MIN, 0].map(|it| f64::from((it << 30) ^ it));
    close(&result[1], &wanted, 0.0);
    close(&result[2], &[6.0, 2.0, 0.0, 0.0], 0.0);
}

#[test]
fn a_scan_of_a_decay_is_its_closed_form() {
    let result = run(
        "graph @step(t in 0.., T in 1..) {
           %0 = input : f32[2]
           %1 = input : f32[T, 2]
           %2 = nest (%0, %1) [d: 2] { ((%0[d] * f32(0.5)) + %1[t, d]) } : f32[2]
           return %2, %2
         }
         graph @scan(T in 1..) {
           %0 = input : f32[2]
           %1 = input : f32[T, 2]
           %2 = scan @step t in T carried 1 (%0, %1) params [] : f32[2], f32[T, 2]
           return %2.0, %2.1
         }",
        &[("T", 6)],
        &[Tensor::f32(&[2], vec![3.0, -1.0]), Tensor::f32(&[6, 2], noise(5, 12))],
    );
    let x = noise(5, 12);
    let wanted: Vec<f64> = (0..12)
        .map(|at| {
            let (t, d) = (at / 2, at % 2);
            let start = [3.0, -1.0][d] * 0.5f64.powi(t as i32 + 1);
            (0..=t)
                .fold(start, |sum, s| sum + f64::from(x[s * 2 + d]) * 0.5f64.powi((t - s) as i32))
        })
        .collect();
    close(&result[1], &wanted, 1e-6);
    close(&result[0], &wanted[10..], 1e-6);
}

#[test]
fn operations_round_to_their_type_unless_wide() {
    let text = "graph @round() {
        %0 = input : bf16[2]
        %1 = nest (%0) [i: 2] { (%0[i] + bf16(1.0)) } : bf16[2]
        return %1
      }";
    let input = Tensor {
        elem: Elem::BF16,
        shape: vec![2],
        data: Data::BF16(vec![half::bf16::from_f32(0.003_906_25), half::bf16::from_f32(2.0)]),
    };
    // 1 + 2^-8 lies half-way between bf16 neighbours and rounds to the even one.
    close(&run(text, &[], std::slice::from_ref(&input))[0], &[1.0, 3.0], 0.0);
    let wide = run_with(text, &[], &[input], Precision::Wide).unwrap();
    close(&wide[0], &[1.003_906_25, 3.0], 0.0);
}

#[test]
fn writes_go_to_their_offset_and_calls_bind_dims() {
    let result = run(
        "graph @put(at in 0..=3) {
           %0 = input : f32[5]
           %1 = input : f32[2]
           %2 = write (%0, %1) at [at] : f32[5]
           return %2
         }
         graph @main(past in 0..=2) {
           %0 = input : f32[5]
           %1 = input : f32[2]
           %2 = call @put dims [past + 1] (%0, %1) params [] : f32[5]
           return %2
         }",
        &[("past", 2)],
        &[Tensor::f32(&[5], vec![0.0; 5]), Tensor::f32(&[2], vec![8.0, 9.0])],
    );
    close(&result[0], &[0.0, 0.0, 0.0, 8.0, 9.0], 0.0);
}

#[test]
fn an_entry_checks_sizes_ranges_and_indices() {
    let module = parse(
        "graph @g(T in 1..=4) where { T % 2 == 0 } {
           %0 = input : i32[T]
           return %0
         }
         entry e = @g {
           input ids below 10
           output y
         }",
    )
    .unwrap();
    let call = |size: i64, ids: Vec<i32>| {
        let input = Tensor::i32(&[ids.len()], ids);
        let dims = [(Name::new("T"), size)];
        evaluate(&module, "e", &dims, &|_| None, &[input], &Options::default())
            .map(|it| it.tensors)
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(call(5, vec![]), @"T = 5; it must be at least 1 and at most 4");
    insta::assert_snapshot!(call(3, vec![]), @"the sizes given do not satisfy T % 2 == 0");
    insta::assert_snapshot!(call(2, vec![1]), @"`ids` must be i32[2], is i32[1]");
    insta::assert_snapshot!(call(2, vec![1, 10]), @"input `ids` has 10 at position 1; it must lie in 0..10");
}
