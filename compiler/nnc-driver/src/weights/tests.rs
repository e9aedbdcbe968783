use super::{Cache, pack_weights};
use crate::{Params, Session};
use nnc_plan::Machine;

const PROGRAM: &str = "
use std.nn.{Linear, BatchNorm}
dims B: batch, D: feat, K: class
pub layer Net<D, K> {
    body: Linear<D, D>
    scale: param f32[D] = uniform(1, 2)
    head: Linear<D, K>
    fn (x: f32[B, D]) -> f32[B, K] {
        let s[b, d] = x[b, d] * exp(scale[d]);
        head(body(s))
    }
}
model net = Net<40, 3> { entry main with { B <= 8 } }
";

#[test]
fn every_slot_is_filled_and_threads_change_nothing() {
    let session = Session::from_text("net.nn", PROGRAM);
    let model = session.model(None).unwrap();
    let plan = session.plan(model, &Machine::AVX2).unwrap();
    let params = Params::initial(&session.lowered(model).unwrap().params, 3);
    let module = session.optimised(model).unwrap();
    let blob = pack_weights(module, &plan, &params, None, &()).unwrap();
    assert_eq!(blob.as_bytes().len() as u64, plan.weights_bytes);
    for slot in &plan.weights {
        let range = slot.offset as usize..(slot.offset + slot.bytes) as usize;
        let zeros = blob.as_bytes()[range].iter().all(|it| *it == 0);
        let text = format!("{:?}", slot.source);
        assert!(!zeros || text.contains("bias"), "{text} is empty");
    }
    let cache = Cache::at("/nowhere");
    let again = pack_weights(module, &plan, &params, Some(&cache), &()).unwrap();
    assert_eq!(blob.as_bytes(), again.as_bytes());
}
