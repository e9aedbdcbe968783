//! Compiles graphs, runs them on random data and holds them against the evaluator.

use crate::{Cpu, Target};
use nnc_backend::{Backend, Instance, Options, pack};
use nnc_base::Name;
use nnc_eval::{Data, Tensor};
use nnc_graph::{Elem, Literal, Module, ParamOrigin, TensorType};
use nnc_plan::{Machine, Plan, WeightSource};
use nnc_runtime::Blob;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A small generator of numbers that are the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between -1 and 1.
    pub(crate) fn float(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn below(&mut self, bound: i64) -> i64 {
        (self.next() % bound.max(1) as u64) as i64
    }

    /// A tensor; integers lie below `bound`.
    pub(crate) fn tensor(&mut self, elem: Elem, shape: Vec<usize>, bound: i64) -> Tensor {
        let len = shape.iter().product();
        let wide: Vec<f64> = (0..len)
            .map(|_| if elem.is_float() { self.float() } else { self.below(bound) as f64 })
            .collect();
        let wide = Tensor { elem: Elem::F64, shape: shape.clone(), data: Data::F64(wide) };
        Tensor { shape, ..wide.cast(elem) }
    }
}

pub(crate) fn bytes_of(tensor: &Tensor) -> Vec<u8> {
    macro_rules! bytes {
        ($items:expr) => {
            $items.iter().flat_map(|it| it.to_ne_bytes()).collect()
        };
    }
    match &tensor.data {
        Data::F64(it) => bytes!(it),
        Data::F32(it) => bytes!(it),
        Data::F16(it) => bytes!(it),
        Data::BF16(it) => bytes!(it),
        Data::I64(it) => bytes!(it),
        Data::I32(it) => bytes!(it),
        Data::I8(it) => bytes!(it),
        Data::U8(it) => it.clone(),
        Data::Bool(it) => it.iter().map(|&it| u8::from(it)).collect(),
    }
}

pub(crate) fn tensor_of(elem: Elem, shape: Vec<usize>, bytes: &[u8]) -> Tensor {
    macro_rules! items {
        ($ty:ty, $size:literal) => {
            bytes.as_chunks::<$size>().0.iter().map(|it| <$ty>::from_ne_bytes(*it)).collect()
        };
    }
    let data = match elem {
        Elem::F64 => Data::F64(items!(f64, 8)),
        Elem::F32 => Data::F32(items!(f32, 4)),
        Elem::F16 => Data::F16(items!(half::f16, 2)),
        Elem::BF16 => Data::BF16(items!(half::bf16, 2)),
        Elem::I64 => Data::I64(items!(i64, 8)),
        Elem::I32 => Data::I32(items!(i32, 4)),
        Elem::I8 => Data::I8(items!(i8, 1)),
        Elem::U8 => Data::U8(bytes.to_vec()),
        Elem::Bool => Data::Bool(bytes.iter().map(|it| *it != 0).collect()),
    };
    Tensor { elem, shape, data }
}

fn shape_of(ty: &TensorType, dims: &[(Name, i64)]) -> Vec<usize> {
    let size = |name: Name| dims.iter().find(|it| it.0 == name).map(|it| it.1);
    ty.shape.iter().map(|it| it.eval(&size).unwrap() as usize).collect()
}

/// The weights of a plan.
pub(crate) fn weights(
    module: &Module,
    plan: &Plan,
    params: &BTreeMap<String, Tensor>,
) -> Arc<Blob> {
    let mut bytes = vec![0; plan.weights_bytes as usize];
    for slot in &plan.weights {
        let tensor = source(module, &slot.source, &slot.ty, params);
        let range = slot.offset as usize..(slot.offset + slot.bytes) as usize;
        pack(&slot.packing, slot.ty.elem.bytes(), &bytes_of(&tensor), &mut bytes[range]);
    }
    Arc::new(Blob::from_bytes(&bytes).unwrap())
}

fn source(
    module: &Module,
    source_of: &WeightSource,
    ty: &TensorType,
    params: &BTreeMap<String, Tensor>,
) -> Tensor {
    match source_of {
        WeightSource::Stored(name) => params[name].clone(),
        WeightSource::Param(param) => panic!("{param:?} is not resolved"),
        WeightSource::Literal(literal) => {
            let wide = match literal {
                Literal::Floats(it) => it.clone(),
                Literal::Ints(it) => it.iter().map(|&it| it as f64).collect(),
                Literal::Bools(it) => it.iter().map(|&it| f64::from(u8::from(it))).collect(),
            };
            let shape = shape_of(ty, &[]);
            Tensor { elem: Elem::F64, shape, data: Data::F64(wide) }.cast(ty.elem)
        }
        WeightSource::Derived { graph, from } => {
            let types = module.graphs[*graph].inputs.clone();
            let inputs: Vec<Tensor> =
                from.iter().zip(&types).map(|(it, ty)| source(module, it, ty, params)).collect();
            let options = nnc_eval::Options::default();
            nnc_eval::evaluate_graph(module, *graph, &[], &[], &inputs, &options).unwrap().remove(0)
        }
    }
}

/// A module made ready to be run on a target.
pub(crate) struct Ready {
    pub(crate) module: Module,
    pub(crate) params: BTreeMap<String, Tensor>,
    pub(crate) instance: Instance,
}

pub(crate) fn ready(module: Module, target: &str, seed: u64) -> Ready {
    let machine = Cpu.machine(&Options::new(target, "test")).unwrap();
    ready_on(module, target, &machine, seed)
}

/// Planned for a machine that the target's is like.
pub(crate) fn ready_on(module: Module, target: &str, machine: &Machine, seed: u64) -> Ready {
    let mut random = Random::new(seed);
    let mut params = BTreeMap::new();
    for entry in &module.entries {
        for param in module.graphs[entry.graph].params.values() {
            if param.origin == ParamOrigin::Stored && !params.contains_key(&param.name) {
                let tensor = random.tensor(param.ty.elem, shape_of(&param.ty, &[]), 5);
                params.insert(param.name.clone(), tensor);
            }
        }
    }
    let options = Options::new(target, "test");
    let plan = Arc::new(nnc_plan::plan(&module, machine).unwrap());
    let code = match Cpu.load(&plan, &options) {
        Ok(code) => code,
        Err(error) => panic!("{error}\n{plan}"),
    };
    let weights = weights(&module, &plan, &params);
    let instance = Instance::new(&module, plan, code, weights).unwrap();
    Ready { module, params, instance }
}

impl Ready {
    /// Runs an entry once on random inputs and compares all outputs.
    pub(crate) fn check(&mut self, entry: usize, dims: &[i64], seed: u64, tolerance: f64) {
        let interface = self.instance.interfaces()[entry].clone();
        let named: Vec<(Name, i64)> =
            interface.dims.iter().zip(dims).map(|(it, &value)| (it.name, value)).collect();
        let mut random = Random::new(seed);
        let inputs: Vec<Tensor> = interface
            .inputs
            .iter()
            .zip(&interface.entry.inputs)
            .map(|(ty, input)| {
                let size = |name: Name| named.iter().find(|it| it.0 == name).map(|it| it.1);
                let bound = input.index_bound.as_ref().and_then(|it| it.eval(&size)).unwrap_or(7);
                random.tensor(ty.elem, shape_of(ty, &named), bound)
            })
            .collect();
        let params = |name: &str| self.params.get(name).cloned();
        let options = nnc_eval::Options::default();
        let name = interface.entry.name;
        let expected =
            nnc_eval::evaluate(&self.module, name.as_str(), &named, &params, &inputs, &options)
                .unwrap();
        let mut given: Vec<Vec<u8>> = inputs.iter().map(bytes_of).collect();
        let in_place = self.instance.in_place(entry);
        let sizes: Vec<usize> = interface
            .outputs
            .iter()
            .map(|ty| interface.bytes(ty, dims).unwrap() as usize)
            .collect();
        let mut fresh: Vec<Vec<u8>> = sizes
            .iter()
            .zip(&in_place)
            .filter(|(_, place)| place.is_none())
            .map(|(&size, _)| vec![0xa5; size])
            .collect();
        {
            let mut inputs: Vec<&mut [u8]> = given.iter_mut().map(Vec::as_mut_slice).collect();
            let mut outputs: Vec<&mut [u8]> = fresh.iter_mut().map(Vec::as_mut_slice).collect();
            self.instance.run(entry, dims, &mut inputs, &mut outputs).unwrap();
        }
        let mut fresh = fresh.into_iter();
        for (at, ty) in interface.outputs.iter().enumerate() {
            let bytes = match in_place[at] {
                Some(input) => given[input].clone(),
                None => fresh.next().unwrap(),
            };
            let found = tensor_of(ty.elem, shape_of(ty, &named), &bytes);
            compare(&found, &expected.tensors[at], tolerance, &|| {
                format!("entry {name}, output {at}, dims {dims:?}\n{}", self.instance.plan())
            });
        }
    }
}

fn compare(found: &Tensor, expected: &Tensor, tolerance: f64, about: &dyn Fn() -> String) {
    assert_eq!(found.shape, expected.shape);
    let (found, expected) = (found.to_f64(), expected.to_f64());
    // Relative to the largest value: a sum that cancels has no accuracy of its own.
    let finite = expected.iter().filter(|it| it.is_finite());
    let scale = finite.fold(0.0, |most: f64, it| most.max(it.abs())).max(1e-30);
    for (at, (&found, &expected)) in found.iter().zip(&expected).enumerate() {
        let same = found == expected
            || (found.is_nan() && expected.is_nan())
            || (found - expected).abs() <= tolerance * scale;
        assert!(same, "element {at}: {found}, expected {expected}; {}", about());
    }
}

/// The targets that can be run here.
pub(crate) fn targets() -> Vec<&'static str> {
    crate::NAMES
        .into_iter()
        .filter(|name| Target::named(name).is_some_and(|it| it.runs_here()))
        .collect()
}

/// Runs the only entry of a graph text on all targets, with and without optimisation.
pub(crate) fn check(text: &str, dims: &[&[i64]]) {
    check_within(text, dims, 2e-6);
}

pub(crate) fn check_within(text: &str, dims: &[&[i64]], tolerance: f64) {
    let module = nnc_graph::parse(text).unwrap_or_else(|error| panic!("{error}"));
    nnc_graph::verify(&module).unwrap_or_else(|error| panic!("{error}"));
    for target in targets() {
        let mut optimised = module.clone();
        let options = nnc_opt::Options::default();
        nnc_opt::run(&mut optimised, nnc_opt::pipeline(), &options, &mut |_| {}).unwrap();
        for module in [module.clone(), optimised] {
            let mut ready = ready(module, target, 11);
            for (at, dims) in dims.iter().enumerate() {
                for entry in 0..ready.module.entries.len() {
                    ready.check(entry, dims, at as u64 + 3, tolerance);
                }
            }
        }
    }
}
