//! Matrix products, convolutions and what is fused into them.

use super::support::check;

#[test]
fn a_linear_layer_of_any_number_of_rows() {
    check(
        "graph @g(T in 1..=197) {
           param 0 \"w\" : f32[77, 133]
           param 1 \"b\" : f32[77]
           %0 = input : f32[T, 133]
           %1 = param 0 : f32[77, 133]
           %2 = param 1 : f32[77]
           %3 = nest (%0, %1) [t: T, o: 77] sum f32 [i: 133] { (%0[t, i] * %1[o, i]) } : f32[T, 77]
           %4 = nest (%3, %2) [t: T, o: 77] { max((%3[t, o] + %2[o]), f32(0.0)) } : f32[T, 77]
           return %4
         }
         entry forward = @g { input x output y }",
        &[&[1], &[2], &[7], &[13], &[100], &[197]],
    );
}

#[test]
fn fixed_rows_and_an_inner_loop_in_blocks() {
    check(
        "graph @g() {
           param 0 \"w\" : f32[64, 2500]
           %0 = input : f32[29, 2500]
           %1 = param 0 : f32[64, 2500]
           %2 = nest (%0, %1) [t: 29, o: 64] sum f32 [i: 2500] { (%0[t, i] * %1[o, i]) } : f32[29, 64]
           return %2
         }
         entry forward = @g { input x output y }",
        &[&[]],
    );
}

#[test]
fn both_operands_computed_on_the_way() {
    check(
        "graph @g(T in 1..=40, S in 1..=50) {
           %0 = input : f32[3, T, 17]
           %1 = input : f32[3, S, 17]
           %2 = nest (%0, %1) [n: 3, t: T, s: S] sum f32 [d: 17] { (%0[n, t, d] * %1[n, s, d]) } : f32[3, T, S]
           %3 = nest (%2, %1) [n: 3, t: T, d: 17] sum f32 [s: S] { (%2[n, t, s] * %1[n, s, d]) } : f32[3, T, 17]
           return %2, %3
         }
         entry forward = @g { input x input y output a output b }",
        &[&[1, 1], &[7, 33], &[40, 50]],
    );
}

#[test]
fn a_padded_convolution_with_stride() {
    check(
        "graph @g() {
           param 0 \"w\" : f32[20, 5, 3, 3]
           %0 = input : f32[2, 5, 13, 15]
           %1 = param 0 : f32[20, 5, 3, 3]
           %2 = nest (%0, %1) [b: 2, o: 20, y: 7, x: 8] sum f32 [c: 5, i: 3, j: 3] if ((((i64[2*y + i] >= i64(1)) && (i64[2*y + i] < i64(14))) && (i64[2*x + j] >= i64(1))) && (i64[2*x + j] < i64(16))) { (%0[b, c, 2*y + i - 1, 2*x + j - 1] * %1[o, c, i, j]) } : f32[2, 20, 7, 8]
           return %2
         }
         entry forward = @g { input x output y }",
        &[&[]],
    );
}

#[test]
fn convolutions_in_a_row_share_a_layout() {
    check(
        "graph @g() {
           param 0 \"a\" : f32[24, 3, 3, 3]
           param 1 \"b\" : f32[24]
           param 2 \"c\" : f32[24, 3, 3]
           param 3 \"d\" : f32[10, 24, 1, 1]
           %0 = input : f32[1, 3, 12, 11]
           %1 = param 0 : f32[24, 3, 3, 3]
           %2 = param 1 : f32[24]
           %3 = param 2 : f32[24, 3, 3]
           %4 = param 3 : f32[10, 24, 1, 1]
           %5 = nest (%0, %1) [b: 1, o: 24, y: 12, x: 11] sum f32 [c: 3, i: 3, j: 3] if ((((i64[y + i] >= i64(1)) && (i64[y + i] < i64(13))) && (i64[x + j] >= i64(1))) && (i64[x + j] < i64(12))) { (%0[b, c, y + i - 1, x + j - 1] * %1[o, c, i, j]) } : f32[1, 24, 12, 11]
           %6 = nest (%5, %2) [b: 1, o: 24, y: 12, x: 11] { min(max((%5[b, o, y, x] + %2[o]), f32(0.0)), f32(6.0)) } : f32[1, 24, 12, 11]
           %7 = nest (%6, %3) [b: 1, o: 24, y: 6, x: 6] sum f32 [i: 3, j: 3] if ((((i64[2*y + i] >= i64(1)) && (i64[2*y + i] < i64(13))) && (i64[2*x + j] >= i64(1))) && (i64[2*x + j] < i64(12))) { (%6[b, o, 2*y + i - 1, 2*x + j - 1] * %3[o, i, j]) } : f32[1, 24, 6, 6]
           %8 = nest (%7, %4) [b: 1, o: 10, y: 6, x: 6] sum f32 [c: 24, i: 1, j: 1] { (%7[b, c, y + i, x + j] * %4[o, c, i, j]) } : f32[1, 10, 6, 6]
           %9 = nest (%8) [b: 1, o: 10] sum f32 [y: 6, x: 6] { %8[b, o, y, x] } finish { (acc / f32(36.0)) } : f32[1, 10]
           return %9
         }
         entry forward = @g { input x output y }",
        &[&[]],
    );
}

#[test]
fn groups_of_channels() {
    check(
        "graph @g() {
           param 0 \"a\" : f32[12, 4, 3, 3]
           %0 = input : f32[1, 8, 9, 9]
           %1 = param 0 : f32[12, 4, 3, 3]
           %2 = nest (%0, %1) [b: 1, (g: 2, o: 6), y: 7, x: 7] sum f32 [c: 4, i: 3, j: 3] { (%0[b, 4*g + c, y + i, x + j] * %1[6*g + o, c, i, j]) } : f32[1, 12, 7, 7]
           return %2
         }
         entry forward = @g { input x output y }",
        &[&[]],
    );
}
