//! A transformer's forward pass in f32 that skips zeros, so that hundreds of thousands of
//! inputs take seconds. It is held against the model as the evaluator runs it.

use nnc_driver::transformer::{Sizes, Transformer};

/// For each direction of the residual stream, the rows that read it, with their factors.
type Columns = Vec<Vec<(u32, f32)>>;

struct Block {
    /// For each head: what makes queries, keys and moved values, and where the latter go.
    heads: Vec<[Columns; 4]>,
    up: Columns,
    bias: Vec<f32>,
    /// For each hidden unit, the directions that it writes.
    down: Columns,
}

pub(super) struct Forward {
    sizes: Sizes,
    tokens: Vec<f32>,
    positions: Vec<f32>,
    start: Vec<f32>,
    blocks: Vec<Block>,
    unembed: Columns,
    values: Vec<f32>,
}

/// The columns of a matrix with rows of `width` numbers.
fn columns(data: &[f32], width: usize) -> Columns {
    let mut columns = vec![Vec::new(); width];
    for (row, factors) in data.chunks(width).enumerate() {
        for (column, factor) in factors.iter().enumerate().filter(|it| *it.1 != 0.0) {
            columns[column].push((row as u32, *factor));
        }
    }
    columns
}

/// The rows of a matrix, without zeros.
fn rows(data: &[f32], width: usize) -> Columns {
    let row = |row: &[f32]| {
        let numbered = row.iter().enumerate().filter(|it| *it.1 != 0.0);
        numbered.map(|(at, factor)| (at as u32, *factor)).collect()
    };
    data.chunks(width).map(row).collect()
}

/// `result[row] += Σ factor * x[column]`.
fn add(columns: &Columns, x: &[f32], result: &mut [f32]) {
    for (value, column) in x.iter().zip(columns).filter(|it| *it.0 != 0.0) {
        for (row, factor) in column {
            result[*row as usize] += factor * value;
        }
    }
}

impl Forward {
    pub(super) fn new(transformer: &Transformer) -> Forward {
        let data = |name: &str| -> &[f32] {
            &transformer.tensors.iter().find(|it| it.name == name).unwrap().data
        };
        let sizes = transformer.sizes;
        let width = sizes.width;
        let block = |layer: usize| {
            let of = |field: &str| data(&format!("blocks.{layer}.{field}"));
            let head = |head: usize| {
                let part = |field: &str, size: usize| {
                    &of(field)[head * size * width..(head + 1) * size * width]
                };
                [
                    columns(part("query", sizes.key), width),
                    columns(part("key", sizes.key), width),
                    columns(part("value", sizes.value), width),
                    rows(part("out", sizes.value), width),
                ]
            };
            Block {
                heads: (0..sizes.heads).map(head).collect(),
                up: columns(of("up.weight"), width),
                bias: of("up.bias").to_vec(),
                down: rows(of("down"), width),
            }
        };
        Forward {
            sizes,
            tokens: data("tokens.table").to_vec(),
            positions: data("positions").to_vec(),
            start: data("start").to_vec(),
            blocks: (0..sizes.layers).map(block).collect(),
            unembed: columns(data("unembed"), width),
            values: data("values").to_vec(),
        }
    }

    /// The value at each position.
    pub(super) fn run(&self, tokens: &[usize]) -> Vec<f32> {
        let width = self.sizes.width;
        let mut x = self.start.clone();
        for (at, token) in tokens.iter().enumerate() {
            let word = &self.tokens[token * width..(token + 1) * width];
            let place = &self.positions[at * width..(at + 1) * width];
            x.extend(word.iter().zip(place).map(|(word, place)| word + place));
        }
        for block in &self.blocks {
            block.run(&mut x, &self.sizes);
        }
        let value = |x: &[f32]| {
            let mut scores = vec![0.0; self.sizes.outputs];
            add(&self.unembed, x, &mut scores);
            let first = (0..scores.len()).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
            self.values[first.unwrap()]
        };
        x.chunks(width).skip(1).map(value).collect()
    }
}

impl Block {
    fn run(&self, x: &mut [f32], sizes: &Sizes) {
        let width = sizes.width;
        let mut moved = vec![0.0; x.len()];
        for [query, key, value, out] in &self.heads {
            let project = |columns: &Columns, size: usize| -> Vec<f32> {
                let mut all = vec![0.0; x.len() / width * size];
                for (x, result) in x.chunks(width).zip(all.chunks_mut(size)) {
                    add(columns, x, result);
                }
                all
            };
            let queries = project(query, sizes.key);
            let keys = project(key, sizes.key);
            let values = project(value, sizes.value);
            for (query, moved) in queries.chunks(sizes.key).zip(moved.chunks_mut(width)) {
                let score = |key: &[f32]| key.iter().zip(query).map(|(k, q)| k * q).sum::<f32>();
                let scores: Vec<f32> = keys.chunks(sizes.key).map(score).collect();
                let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let weights: Vec<f32> = scores.iter().map(|it| (it - most).exp()).collect();
                let total: f32 = weights.iter().sum();
                let mut brought = vec![0.0; sizes.value];
                for (weight, value) in weights.iter().zip(values.chunks(sizes.value)) {
                    for (brought, value) in brought.iter_mut().zip(value) {
                        *brought += weight / total * value;
                    }
                }
                add(out, &brought, moved);
            }
        }
        x.iter_mut().zip(&moved).for_each(|(x, moved)| *x += moved);
        for x in x.chunks_mut(width) {
            let mut hidden = vec![0.0; sizes.hidden];
            add(&self.up, x, &mut hidden);
            hidden.iter_mut().zip(&self.bias).for_each(|(it, bias)| *it = (*it + bias).max(0.0));
            add(&self.down, &hidden, x);
        }
    }
}
