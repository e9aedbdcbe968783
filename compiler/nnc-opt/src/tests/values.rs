//! Compares two modules by what they compute.

use nnc_base::Name;
use nnc_eval::{Data, Options, Precision, Tensor, evaluate_graph};
use nnc_graph::{Elem, Graph, GraphId, Module, ParamOrigin, TensorType};

/// Numbers that look random and are the same every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// In -1..1, not symmetric around 0.
    fn number(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 * 1.9 - 0.9
    }

    fn tensor(&mut self, ty: &TensorType, dims: &[(Name, i64)]) -> Tensor {
        let size = |name| dims.iter().find(|it| it.0 == name).map(|it| it.1);
        let shape: Vec<usize> =
            ty.shape.iter().map(|dim| dim.eval(&size).unwrap() as usize).collect();
        let count = shape.iter().product();
        if ty.elem.is_float() {
            let data = (0..count).map(|_| self.number()).collect();
            return Tensor { elem: Elem::F64, shape, data: Data::F64(data) }.cast(ty.elem);
        }
        // Small, so that they may be positions along any axis of three or more.
        let most = if ty.elem == Elem::Bool { 2 } else { 3 };
        let data = (0..count).map(|_| self.below(most) as i64).collect();
        Tensor { elem: Elem::I64, shape, data: Data::I64(data) }.cast(ty.elem)
    }

    /// Sizes that a graph's ranges and facts allow.
    fn dims(&mut self, graph: &Graph) -> Vec<(Name, i64)> {
        for _ in 0..1000 {
            let dims: Vec<(Name, i64)> = graph
                .dims
                .iter()
                .map(|dim| {
                    let most = dim.max.unwrap_or(i64::MAX).min(dim.min + 7);
                    (dim.name, dim.min + self.below((most - dim.min + 1) as u64) as i64)
                })
                .collect();
            let size = |name| dims.iter().find(|it| it.0 == name).map(|it| it.1);
            if graph.facts.iter().all(|fact| fact.holds(&size) == Some(true)) {
                return dims;
            }
        }
        panic!("no sizes of @{} satisfy its facts", graph.name);
    }
}

/// The graphs that are run: the entries', or the last.
fn roots(module: &Module) -> Vec<GraphId> {
    if module.entries.is_empty() {
        return module.graphs.ids().last().into_iter().collect();
    }
    module.entries.iter().map(|entry| entry.graph).collect()
}

/// Whether anything is kept in 16 bits.
fn is_narrow(module: &Module) -> bool {
    let text = module.to_string();
    text.contains("f16[") || text.contains("f16(")
}

/// Runs both modules on the same random parameters, sizes and inputs, once with
/// every operation rounded to its type and once without rounding.
pub(crate) fn assert_same_values(before: &Module, after: &Module) {
    let mut random = Random(0x5eed);
    for (left, right) in roots(before).into_iter().zip(roots(after)) {
        let graph = &before.graphs[left];
        for _ in 0..3 {
            let dims = random.dims(graph);
            let stored: Vec<Tensor> = graph
                .params
                .values()
                .filter(|it| it.origin == ParamOrigin::Stored)
                .map(|it| random.tensor(&it.ty, &dims))
                .collect();
            let inputs: Vec<Tensor> =
                graph.inputs.iter().map(|ty| random.tensor(ty, &dims)).collect();
            // Folding a literal rounds it once and for all, even where nothing else is.
            for (precision, tolerance) in [(Precision::Declared, 2e-5), (Precision::Wide, 2e-6)] {
                if precision == Precision::Wide && is_narrow(before) {
                    continue;
                }
                let options = Options { precision, ..Options::default() };
                let run = |module: &Module, id| {
                    evaluate_graph(module, id, &dims, &stored, &inputs, &options)
                        .unwrap_or_else(|error| panic!("{error:?}\n{module}"))
                };
                let (wanted, found) = (run(before, left), run(after, right));
                assert_eq!(wanted.len(), found.len());
                for (at, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
                    let tolerance = match (precision, wanted.elem) {
                        (Precision::Declared, Elem::BF16) => 2e-2,
                        (Precision::Declared, Elem::F16) => 4e-3,
                        _ => tolerance,
                    };
                    assert_close(wanted, found, tolerance, || {
                        format!("output {at} with {dims:?}, {precision:?}\n{before}\n=>\n{after}")
                    });
                }
            }
        }
    }
}

fn assert_close(wanted: &Tensor, found: &Tensor, tolerance: f64, about: impl Fn() -> String) {
    assert_eq!((wanted.elem, &wanted.shape), (found.elem, &found.shape), "{}", about());
    for (at, (wanted, found)) in wanted.to_f64().iter().zip(found.to_f64()).enumerate() {
        let close = (wanted - found).abs() <= tolerance * (1.0 + wanted.abs())
            || wanted.is_nan() && found.is_nan()
            || *wanted == found;
        assert!(close, "{wanted} became {found} at {at} of {}", about());
    }
}
