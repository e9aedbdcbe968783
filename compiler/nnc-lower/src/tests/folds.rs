use super::lowered;

const STACK: &str = "
    use std.nn.{Linear}
    dims B: batch, D: feat, L
    pub layer Block<D> {
        map: Linear<D, D>(bias=false)
        fn (x: f32[B, D]) -> f32[B, D] = x + map(x)
    }
    pub layer Stack<D, L> {
        blocks: [Block<D>; L]
        fn (x: f32[B, D]) -> f32[B, D] = fold(blocks, x, |h, block| block(h))
    }
";

#[test]
fn equal_layers_are_one_graph_that_is_called() {
    let text = format!("{STACK}\nmodel stack = Stack<4, 3> {{ entry run with {{ B <= 2 }} }}");
    insta::assert_snapshot!(lowered(&text), @r#"
    graph @run.blocks(B in 1..=2, layer in 0..=2) {
      param 0 "map.weight" : f32[4, 4]
      %0 = input : f32[B, 4]
      %1 = param 0 : f32[4, 4]
      %2 = nest (%0, %1) [i: B, o: 4] sum f32 [i_2: 4] { (%0[i, i_2] * %1[o, i_2]) } : f32[B, 4]
      %3 = nest (%0, %2) [i: B, i_2: 4] { (%0[i, i_2] + %2[i, i_2]) } : f32[B, 4]
      return %3
    }
    graph @run(B in 1..=2) {
      param 0 "blocks.0.map.weight" : f32[4, 4]
      param 1 "blocks.1.map.weight" : f32[4, 4]
      param 2 "blocks.2.map.weight" : f32[4, 4]
      %0 = input : f32[B, 4]
      %1 = call @run.blocks dims [B, 0] (%0) params [0] : f32[B, 4]
      %2 = call @run.blocks dims [B, 1] (%1) params [1] : f32[B, 4]
      %3 = call @run.blocks dims [B, 2] (%2) params [2] : f32[B, 4]
      return %3
    }
    entry run = @run {
      input x
      output output
    }
    "#);
}

#[test]
fn a_single_layer_is_lowered_in_place() {
    let text = format!("{STACK}\nmodel stack = Stack<4, 1> {{ entry run with {{ B <= 2 }} }}");
    insta::assert_snapshot!(lowered(&text), @r#"
    graph @run(B in 1..=2) {
      param 0 "blocks.0.map.weight" : f32[4, 4]
      %0 = input : f32[B, 4]
      %1 = param 0 : f32[4, 4]
      %2 = nest (%0, %1) [i: B, o: 4] sum f32 [i_2: 4] { (%0[i, i_2] * %1[o, i_2]) } : f32[B, 4]
      %3 = nest (%0, %2) [i: B, i_2: 4] { (%0[i, i_2] + %2[i, i_2]) } : f32[B, 4]
      return %3
    }
    entry run = @run {
      input x
      output output
    }
    "#);
}

#[test]
fn state_goes_through_the_calls() {
    insta::assert_snapshot!(lowered(
        "
        use std.nn.{Linear}
        dims B: batch, T: time, S: time, D: feat, L
        pub struct Cache<B, S, D> { k: f32[B, S, D]  len: dim <= S }
        pub layer Block<D> {
            map: Linear<D, D>(bias=false)
            fn step(x: f32[B, T, D], cache: inout Cache<B, S, D>) -> f32[B, T, D] where cache.len + T <= S {
                let past = cache.len;
                let full = cache.append(map(x));
                let y[b, t: T, d] = sum[j | j <= past + t] full.k[b, j, d];
                y
            }
        }
        pub layer Stack<D, L> {
            blocks: [Block<D>; L]
            fn step(x: f32[B, T, D], caches: inout [Cache<B, S, D>; L]) -> f32[B, T, D] where caches.len + T <= S {
                fold((blocks, caches), x, |h, block, cache| block.step(h, cache))
            }
        }
        model stack = Stack<4, 2> { entry step = step with { B == 1, T <= 8, S == 16 } }
        "
    ), @r#"
    graph @step.blocks(T in 1..=8, caches.len in 0..=16, layer in 0..=1) where { 16 >= caches.len, 16 >= T + caches.len } {
      param 0 "map.weight" : f32[4, 4]
      %0 = input : f32[1, T, 4]
      %1 = input : f32[2, 1, 16, 4]
      %2 = param 0 : f32[4, 4]
      %3 = nest (%0, %2) [i: 1, i_2: T, o: 4] sum f32 [i_3: 4] { (%0[i, i_2, i_3] * %2[o, i_3]) } : f32[1, T, 4]
      %4 = reshape (%3) : f32[1, 1, T, 4]
      %5 = write (%1, %4) at [layer, 0, caches.len, 0] : f32[2, 1, 16, 4]
      %6 = nest (%5) [b: 1, t: T, d: 4] sum f32 [j: 16] if (i32[j] <= i32[t + caches.len]) { %5[layer, b, j, d] } : f32[1, T, 4]
      return %6, %5
    }
    graph @step(T in 1..=8, caches.len in 0..=16) where { 16 >= caches.len, 16 >= T + caches.len } {
      param 0 "blocks.0.map.weight" : f32[4, 4]
      param 1 "blocks.1.map.weight" : f32[4, 4]
      %0 = input : f32[1, T, 4]
      %1 = input : f32[2, 1, 16, 4]
      %2 = call @step.blocks dims [T, caches.len, 0] (%0, %1) params [0] : f32[1, T, 4], f32[2, 1, 16, 4]
      %3 = call @step.blocks dims [T, caches.len, 1] (%2.0, %2.1) params [1] : f32[1, T, 4], f32[2, 1, 16, 4]
      return %3.0, %3.1
    }
    entry step = @step {
      input x
      input caches.k state 1
      output output
      output caches.k
      update caches.len = T + caches.len
    }
    "#);
}
