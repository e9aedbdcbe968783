//! Kernels run in this process against plain loops.

mod along;
mod artifacts;
mod attentions;
mod chains;
mod contractions;
mod functions;
mod generated;
mod programs;
mod stages;
mod support;

use crate::Target;
use crate::jit::Loaded;
use crate::machine_code::{Form, machine_code};
use nnc_mlir::{Kind, Linkage, Module, Type};

#[test]
fn a_kernel_runs_in_this_process() {
    for name in ["avx512", "avx2", "baseline", "host"] {
        let target = Target::named(name).unwrap();
        if !target.runs_here() {
            continue;
        }
        let module = Module::new(target.emits());
        let lanes = target.lanes();
        module.function("double", &[Type::POINTER, Type::I64], Linkage::External, |b, args| {
            let ty = Kind::F32.lanes(lanes);
            let two = b.float(ty, 2.0);
            b.each(b.int(0), args[1], i64::from(lanes), |at| {
                let pointer = b.offset(args[0], Kind::F32, at);
                let mask = b.first_lanes(b.sub(args[1], at), lanes);
                let value = b.masked_load(pointer, mask, b.zero(ty));
                b.masked_store(b.mul(value, two), pointer, mask);
            });
        });
        let object = machine_code(&module, &target, Form::Object, None).unwrap();
        let loaded = Loaded::new(&object, &[]).unwrap();
        let address = loaded.address("double").unwrap();
        // SAFETY: the function has this signature.
        #[expect(unsafe_code, reason = "compiled code")]
        let double: extern "C" fn(*mut f32, i64) = unsafe { std::mem::transmute(address) };
        let mut data: Vec<f32> = (0..37).map(|it| it as f32).collect();
        double(data.as_mut_ptr(), 35);
        let expected: Vec<f32> =
            (0..37).map(|it| if it < 35 { 2.0 * it as f32 } else { it as f32 }).collect();
        assert_eq!(data, expected, "{name}");
    }
}
