//! The graph as text, and back.
//!
//! ```text
//! graph @dense(T in 1..=512) {
//!   param 0 "weight" : f32[64, 32]
//!   param 1 "bias" : f32[64]
//!   %0 = input : f32[T, 32]
//!   %1 = param 0 : f32[64, 32]
//!   %2 = param 1 : f32[64]
//!   %3 = nest (%0, %1, %2) [t: T, o: 64] sum f32 [i: 32] { (%0[t, i] * %1[o, i]) } finish { (acc + %2[o]) } : f32[T, 64]
//!   return %3
//! }
//! entry forward = @dense { input x output y }
//! ```
//!
//! Reading back what was printed gives the same module, except for spans, which
//! are not printed, and names of axes, which are made distinct.

mod parse;
mod print;
mod token;

pub use parse::{ParseError, parse};

#[cfg(test)]
mod tests {
    use super::parse;

    /// Uses every construct once.
    const SAMPLE: &str = r#"graph @scale() {
  %0 = input : f32[4]
  %1 = nest (%0) [o: 4] { (%0[o] * f32(0.5)) } : f32[4]
  return %1
}
graph @body(T in 1..=512, past in 0..) where { 512 >= T + past, T % 4 == 0 } {
  param 0 "w" : f32[4, 6]
  param 1 "b" : f32[4]
  param 2 "half" = @scale(1) : f32[4]
  %0 = input : f32[T, 6]
  %1 = input : i32[T]
  %2 = param 0 : f32[4, 6]
  %3 = param 2 : f32[4]
  %4 = nest (%0, %2, %3) [t: T, o: 4] sum f32 [i: 6] { (%0[t, i] * %2[o, i]) } finish { select((i32[t + past] < i32(7)), max(acc, %3[o]), neg(acc)) } : f32[T, 4]
  %5 = nest (%2, %1) [(t: T, i: 6)] { cast f32(%2[{%1[t]}, (-1)*i + 5]) } : f32[6*T]
  %6 = nest (%4) [t: T, o: 4] softmax o if (i32[o] <= i32[t]) { %4[t, o] } : f32[T, 4]
  %7 = sort (%6) descending k 2 : f32[T, 2], i32[T, 2]
  %8 = write (%4, %7.0) at [0, 1] : f32[T, 4]
  %9 = reshape (%8) : f32[4*T]
  %10 = const floats [1.0, -inf, 1e-5] : f32[3]
  %11 = running max (%4) axis 1 backwards exclusive : f32[T, 4]
  %12 = scatter sum (%11, %1) into 3 : f32[3, 4]
  %13 = nest (%1) [t: T] { bit_xor(%1[t], shift_left(%1[t], i32(3))) } : i32[T]
  return %5, %9
}
graph @main(T in 1..=512) {
  param 0 "x.w" : f32[4, 6]
  param 1 "x.b" : f32[4]
  %0 = input : f32[T, 6]
  %1 = input : i32[T]
  %2 = call @body dims [T, 0] (%0, %1) params [0, 1] : f32[6*T], f32[4*T]
  return %2.0, %2.1
}
entry forward = @main {
  input x
  input ids below 4
  output flat
  output rest
  update past = T + past
}
"#;

    #[test]
    fn what_is_printed_reads_back_and_prints_the_same() {
        let module = parse(SAMPLE).unwrap();
        assert_eq!(crate::verify(&module), Ok(()));
        assert_eq!(module.to_string(), SAMPLE);
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let error =
            parse("graph @g() {\n  %0 = input : f32[2]\n  %1 = blend (%0) : f32[2]\n").unwrap_err();
        insta::assert_snapshot!(error, @r#"line 3, column 8: expected `call`, found `blend`"#);
    }
}
