use super::SHARE_GRAPHS;
use crate::tests::rewritten;

#[test]
fn two_derived_parameters_come_from_one_graph() {
    insta::assert_snapshot!(rewritten(&[SHARE_GRAPHS], "
        graph @a() {
          %0 = input : f32[4]
          %1 = nest (%0) [o: 4] { (%0[o] * f32(0.5)) } : f32[4]
          return %1
        }
        graph @b() {
          %0 = input : f32[4]
          %1 = nest (%0) [o: 4] { (%0[o] * f32(0.5)) } : f32[4]
          return %1
        }
        graph @c() {
          %0 = input : f32[4]
          %1 = nest (%0) [o: 4] { (%0[o] * f32(0.25)) } : f32[4]
          return %1
        }
        graph @main() {
          param 0 \"w\" : f32[4]
          param 1 \"u\" = @a(0) : f32[4]
          param 2 \"v\" = @b(0) : f32[4]
          param 3 \"t\" = @c(0) : f32[4]
          %0 = param 1 : f32[4]
          %1 = param 2 : f32[4]
          %2 = param 3 : f32[4]
          return %0, %1, %2
        }"), @r#"
    graph @a() {
      %0 = input : f32[4]
      %1 = nest (%0) [o: 4] { (%0[o] * f32(0.5)) } : f32[4]
      return %1
    }
    graph @c() {
      %0 = input : f32[4]
      %1 = nest (%0) [o: 4] { (%0[o] * f32(0.25)) } : f32[4]
      return %1
    }
    graph @main() {
      param 0 "w" : f32[4]
      param 1 "u" = @a(0) : f32[4]
      param 2 "v" = @a(0) : f32[4]
      param 3 "t" = @c(0) : f32[4]
      %0 = param 1 : f32[4]
      %1 = param 2 : f32[4]
      %2 = param 3 : f32[4]
      return %0, %1, %2
    }
    "#);
}
