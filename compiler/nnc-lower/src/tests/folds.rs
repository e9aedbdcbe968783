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
    insta::assert_snapshot!(lowered(&text), @"");
}

#[test]
fn a_single_layer_is_lowered_in_place() {
    let text = format!("{STACK}\nmodel stack = Stack<4, 1> {{ entry run with {{ B <= 2 }} }}");
    insta::assert_snapshot!(lowered(&text), @"");
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
                let y[b, t, d] = sum[j | j <= past + t] full.k[b, j, d];
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
    ), @"");
}
