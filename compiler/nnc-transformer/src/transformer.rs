//! The finished transformer: sizes, and matrices under the names of the library's layer.

use crate::value::Value;
use crate::weights::{Row, Sparse};
use nnc_graph::Elem;
use std::fmt::Write;

/// A transformer in the form of `std.rasp.Transformer`.
#[derive(Clone, PartialEq, Debug)]
pub struct Transformer {
    /// The function that it computes.
    pub name: String,
    pub sizes: Sizes,
    /// How many heads each layer uses; others of [`Sizes::heads`] are zeros.
    pub heads: Vec<usize>,
    /// How many hidden units each layer uses.
    pub units: Vec<usize>,
    /// What the function's values are stored as.
    pub elem: Elem,
    /// The values that it may give.
    pub values: Vec<Value>,
    pub tensors: Vec<Weight>,
}

/// The sizes of all layers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sizes {
    pub vocab: usize,
    /// The greatest length of the sequence.
    pub length: usize,
    /// Directions of the residual stream.
    pub width: usize,
    pub heads: usize,
    /// Of a query and a key in one head, and of what it moves.
    pub key: usize,
    pub value: usize,
    pub hidden: usize,
    pub layers: usize,
    /// How many values the output has.
    pub outputs: usize,
}

/// One parameter.
#[derive(Clone, PartialEq, Debug)]
pub struct Weight {
    pub name: String,
    pub shape: Vec<usize>,
    /// Row-major.
    pub data: Vec<f32>,
}

impl Transformer {
    pub(crate) fn new(name: &str, sparse: &Sparse, elem: Elem) -> Transformer {
        let most = |count: &dyn Fn(&crate::weights::Layer) -> usize| {
            sparse.layers.iter().map(count).max().unwrap_or(0).max(1)
        };
        let heads = |count: &dyn Fn(&crate::weights::Head) -> usize| {
            most(&|layer| layer.heads.iter().map(count).max().unwrap_or(0))
        };
        let sizes = Sizes {
            vocab: sparse.tokens.len(),
            length: sparse.positions.len(),
            width: sparse.directions.max(1),
            heads: most(&|layer| layer.heads.len()),
            key: heads(&|head| head.scores.len()),
            value: heads(&|head| head.moves.len()),
            hidden: most(&|layer| layer.neurons.len()),
            layers: sparse.layers.len().max(1),
            outputs: sparse.output.len().max(1),
        };
        Transformer {
            name: name.to_owned(),
            sizes,
            heads: sparse.layers.iter().map(|layer| layer.heads.len()).collect(),
            units: sparse.layers.iter().map(|layer| layer.neurons.len()).collect(),
            elem,
            values: sparse.values.clone(),
            tensors: tensors(sparse, &sizes),
        }
    }

    /// How many numbers the parameters hold.
    pub fn parameters(&self) -> usize {
        self.tensors.iter().map(|it| it.data.len()).sum()
    }

    /// `2 layers, 3 heads (1 + 2), width 40`.
    pub fn summary(&self) -> String {
        let layers = self.heads.len();
        let heads: usize = self.heads.iter().sum();
        let each: Vec<String> = self.heads.iter().map(usize::to_string).collect();
        let each = if layers > 1 { format!(" ({})", each.join(" + ")) } else { String::new() };
        let plural = |count: usize, word: &str| {
            format!("{count} {word}{}", if count == 1 { "" } else { "s" })
        };
        format!(
            "{}, {}{each}, width {}, {}, {}",
            plural(layers, "layer"),
            plural(heads, "head"),
            self.sizes.width,
            plural(self.units.iter().sum(), "hidden unit"),
            plural(self.parameters(), "parameter"),
        )
    }

    /// The program: a model of the library's layer whose entry gives the function's values.
    pub fn text(&self) -> String {
        let Sizes { vocab, length, width, heads, key, value, hidden, layers, outputs } = self.sizes;
        let result = match self.elem {
            Elem::Bool => "bools",
            elem if elem.is_int() => "ints",
            _ => "numbers",
        };
        let mut text = String::new();
        let _ =
            writeln!(text, "# The function `{}` as a transformer: {}.", self.name, self.summary());
        let _ = writeln!(text, "# Tokens are 0 to {}, sequences at most {length} long.", vocab - 1);
        let _ = writeln!(text, "\nuse std.rasp.{{Transformer}}\n");
        let sizes = [vocab, length, width, heads, key, value, hidden, layers, outputs];
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let _ = writeln!(text, "model {} = Transformer<{}> {{", self.name, sizes.join(", "));
        let _ = writeln!(text, "    entry {} = {result} with {{ T <= {length} }}", self.name);
        text.push_str("}\n");
        text
    }
}

fn tensors(sparse: &Sparse, sizes: &Sizes) -> Vec<Weight> {
    let width = sizes.width;
    let start = sparse.start.map(|direction| Row::from([(direction, 1.0)])).unwrap_or_default();
    let mut tensors = vec![
        matrix("tokens.table", &sparse.tokens, &[sizes.vocab], width),
        matrix("positions", &sparse.positions, &[sizes.length], width),
        matrix("start", &[start], &[], width),
    ];
    let none = Row::new();
    for layer in 0..sizes.layers {
        let (heads, neurons) = match sparse.layers.get(layer) {
            Some(layer) => (layer.heads.as_slice(), layer.neurons.as_slice()),
            None => (&[][..], &[][..]),
        };
        let (mut query, mut key, mut value, mut out) = (vec![], vec![], vec![], vec![]);
        for head in 0..sizes.heads {
            let (scores, moves) = match heads.get(head) {
                Some(head) => (head.scores.as_slice(), head.moves.as_slice()),
                None => (&[][..], &[][..]),
            };
            for at in 0..sizes.key {
                let (of_query, of_key) = scores.get(at).map_or((&none, &none), |it| (&it.0, &it.1));
                query.push(of_query.clone());
                key.push(of_key.clone());
            }
            for at in 0..sizes.value {
                let step = moves.get(at);
                value.push(step.map_or_else(Row::new, |it| it.0.clone()));
                out.push(step.map_or_else(Row::new, |it| Row::from([(it.1, 1.0)])));
            }
        }
        let name = |field: &str| format!("blocks.{layer}.{field}");
        let (heads, hidden) = (sizes.heads, sizes.hidden);
        tensors.push(matrix(&name("query"), &query, &[heads, sizes.key], width));
        tensors.push(matrix(&name("key"), &key, &[heads, sizes.key], width));
        tensors.push(matrix(&name("value"), &value, &[heads, sizes.value], width));
        tensors.push(matrix(&name("out"), &out, &[heads, sizes.value], width));
        let of = |part: &dyn Fn(&crate::weights::Neuron) -> Row| -> Vec<Row> {
            (0..hidden).map(|at| neurons.get(at).map_or_else(Row::new, part)).collect()
        };
        tensors.push(matrix(&name("up.weight"), &of(&|it| it.reads.clone()), &[hidden], width));
        let offsets = (0..hidden).map(|at| neurons.get(at).map_or(0.0, |it| it.offset as f32));
        let data = offsets.collect();
        tensors.push(Weight { name: name("up.bias"), shape: vec![hidden], data });
        tensors.push(matrix(&name("down"), &of(&|it| it.writes.clone()), &[hidden], width));
    }
    tensors.push(matrix("unembed", &sparse.output, &[sizes.outputs], width));
    let values = sparse.values.iter().map(|it| it.number() as f32).collect();
    tensors.push(Weight { name: "values".to_owned(), shape: vec![sizes.outputs], data: values });
    tensors
}

/// Rows of the residual stream's width, with `lead` as the axes before it.
fn matrix(name: &str, rows: &[Row], lead: &[usize], width: usize) -> Weight {
    let mut data = vec![0.0; rows.len() * width];
    for (at, row) in rows.iter().enumerate() {
        for (direction, factor) in row {
            data[at * width + direction] = *factor as f32;
        }
    }
    let shape = lead.iter().copied().chain([width]).collect();
    Weight { name: name.to_owned(), shape, data }
}
