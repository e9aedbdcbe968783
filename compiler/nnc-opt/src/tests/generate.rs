//! Modules made at random, of the parts that networks are made of.

use super::values::Random;
use nnc_base::{Name, Span};
use nnc_graph::{
    Affine, Axis, Binary, Call, Compare, Elem, FormalParam, Graph, GraphId, Index, Literal, Module,
    Nest, NestKind, Node, Op, ParamId, ParamOrigin, ReduceOp, Reduction, RunDim, Scalar,
    TensorType, Unary, Value, Var,
};
use nnc_shape::Dim;

/// A verified module with one graph that is run, and sometimes one that it calls.
pub(super) fn module(seed: u64) -> Module {
    let mut random = Random(seed);
    let mut module = Module::default();
    let callee = (random.below(3) == 0).then(|| {
        let mut maker = Maker::new("body", &mut random);
        let shape = vec![maker.dim("T"), Dim::constant(6)];
        let start = maker.input(Elem::F32, shape.clone());
        maker.grow(3);
        // A body as a layer has it: what comes out is shaped as what goes in.
        let out = maker.linear(start, 6);
        let out = maker.binary(Binary::Add, out, start);
        maker.graph.outputs.push(out);
        module.graphs.push(maker.graph)
    });
    let mut maker = Maker::new("main", &mut random);
    maker.grow(3);
    if let Some(callee) = callee {
        maker.calls(&module, callee);
    }
    maker.grow(6);
    maker.finish();
    module.graphs.push(maker.graph);
    module
}

struct Maker<'a> {
    graph: Graph,
    random: &'a mut Random,
    /// Float values to go on from.
    pool: Vec<Value>,
}

fn at(var: u32) -> Index {
    Index::var(Var(var))
}

fn affine(terms: &[(u32, i64)], offset: i64) -> Index {
    let terms = terms.iter().map(|(var, factor)| (Var(*var), Dim::constant(*factor))).collect();
    Index::Affine(Affine { terms, offset: Dim::constant(offset) })
}

fn all(count: usize) -> Vec<Index> {
    (0..count as u32).map(at).collect()
}

impl<'a> Maker<'a> {
    fn new(name: &str, random: &'a mut Random) -> Maker<'a> {
        let mut graph = Graph::new(name);
        graph.dims.push(RunDim { name: Name::new("T"), min: 1, max: Some(9) });
        let mut maker = Maker { graph, random, pool: Vec::new() };
        let shapes: [&[i64]; 3] = [&[0, 6], &[5, 0, 6], &[3, 15]];
        for shape in shapes {
            let shape = shape
                .iter()
                .map(|&it| if it == 0 { maker.dim("T") } else { Dim::constant(it) })
                .collect();
            let elem = if maker.random.below(5) == 0 { Elem::BF16 } else { Elem::F32 };
            let value = maker.input(elem, shape);
            if elem == Elem::BF16 {
                let rank = maker.shape(value).len();
                let read = Scalar::cast(Elem::F32, Scalar::read(0, all(rank)));
                let shape = maker.shape(value);
                maker.map(shape, None, read, vec![value]);
            }
        }
        maker
    }

    fn dim(&self, name: &str) -> Dim {
        Dim::var(Name::new(name))
    }

    fn input(&mut self, elem: Elem, shape: Vec<Dim>) -> Value {
        let value = self.graph.add_input(TensorType::new(elem, shape), Span::NONE);
        if elem == Elem::F32 {
            self.pool.push(value);
        }
        value
    }

    /// A parameter that is stored.
    fn param(&mut self, shape: &[i64]) -> Value {
        let ty = TensorType::new(Elem::F32, shape.iter().map(|it| Dim::constant(*it)).collect());
        let name = format!("p{}", self.graph.params.len());
        let origin = ParamOrigin::Stored;
        let id =
            self.graph.params.push(FormalParam { name, ty: ty.clone(), origin, span: Span::NONE });
        self.graph.add(Op::Param(id), Vec::new(), ty, Span::NONE)
    }

    fn shape(&self, value: Value) -> Vec<Dim> {
        self.graph.ty(value).shape.clone()
    }

    fn pick(&mut self) -> Value {
        // What came last is more likely to be gone on from, so that chains arise.
        let count = self.pool.len() as u64;
        let back = self.random.below(count).min(self.random.below(count));
        self.pool[(count - 1 - back) as usize]
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.below(of.len() as u64) as usize]
    }

    fn add(&mut self, nest: Nest, operands: Vec<Value>) -> Value {
        let ty = TensorType::new(nest.elem, nest.shape());
        let value = self.graph.add(Op::Nest(nest), operands, ty, Span::NONE);
        let ty = self.graph.ty(value);
        if ty.elem == Elem::F32 && ty.rank() > 0 {
            self.pool.push(value);
        }
        value
    }

    fn axes(extents: Vec<Dim>) -> Vec<Axis> {
        let name = |(at, extent)| Axis { name: Name::new(&format!("a{at}")), extent };
        extents.into_iter().enumerate().map(name).collect()
    }

    fn map(
        &mut self,
        extents: Vec<Dim>,
        groups: Option<Vec<u32>>,
        value: Scalar,
        operands: Vec<Value>,
    ) -> Value {
        let groups = groups.unwrap_or_else(|| vec![1; extents.len()]);
        let axes = Maker::axes(extents);
        self.add(Nest { axes, groups, elem: Elem::F32, kind: NestKind::Map { value } }, operands)
    }

    fn reduce(
        &mut self,
        result: Vec<Dim>,
        reduced: Vec<Dim>,
        op: ReduceOp,
        guard: Option<Scalar>,
        value: Scalar,
        operands: Vec<Value>,
    ) -> Value {
        let groups = vec![1; result.len()];
        let reduction = Reduction {
            op,
            axes: Maker::axes(reduced),
            guard,
            value,
            accumulator: Elem::F32,
            finish: Scalar::Acc,
        };
        let kind = NestKind::Reduce(reduction);
        self.add(Nest { axes: Maker::axes(result), groups, elem: Elem::F32, kind }, operands)
    }

    fn grow(&mut self, steps: u64) {
        for _ in 0..steps + self.random.below(steps) {
            let value = self.pick();
            match self.random.below(18) {
                0 | 1 => drop(self.unary(value)),
                2 => drop(self.residual(value)),
                3 => drop(self.transpose(value)),
                4 => drop(self.merge(value)),
                5 => drop(self.cut(value)),
                6 => self.slice(value),
                7 => {
                    let count = self.one(&[3, 4, 6]);
                    let last = self.linear(value, count);
                    self.bias(last);
                }
                8 => self.scores(value),
                9 => self.window(value),
                10 => drop(self.softmax(value)),
                11 => self.norm(value),
                12 => self.batch_norm(value),
                13 => self.gather(value),
                14 => self.prefix(value),
                15 => self.segment(value),
                16 => self.sorted(value),
                _ => self.reshape(value),
            }
        }
    }

    fn unary(&mut self, value: Value) -> Value {
        let shape = self.shape(value);
        let x = Scalar::read(0, all(shape.len()));
        let result = match self.random.below(5) {
            0 => Scalar::unary(Unary::Tanh, x),
            1 => Scalar::binary(Binary::Mul, x, Scalar::float(0.5)),
            2 => Scalar::binary(Binary::Max, x, Scalar::float(0.0)),
            3 => {
                let decay = Scalar::unary(
                    Unary::Exp,
                    Scalar::unary(Unary::Neg, Scalar::unary(Unary::Abs, x.clone())),
                );
                Scalar::binary(Binary::Mul, x, decay)
            }
            _ => Scalar::binary(Binary::Div, x, Scalar::float(4.0)),
        };
        self.map(shape, None, result, vec![value])
    }

    fn binary(&mut self, op: Binary, left: Value, right: Value) -> Value {
        let shape = self.shape(left);
        let (x, y) = (all(shape.len()), all(shape.len()));
        let value = Scalar::binary(op, Scalar::read(0, x), Scalar::read(1, y));
        self.map(shape, None, value, vec![left, right])
    }

    fn residual(&mut self, value: Value) -> Value {
        let shape = self.shape(value);
        let alike: Vec<Value> =
            self.pool.iter().copied().filter(|it| self.shape(*it) == shape).collect();
        let other = self.one(&alike);
        let op = self.one(&[Binary::Add, Binary::Mul, Binary::Max]);
        self.binary(op, value, other)
    }

    fn transpose(&mut self, value: Value) -> Value {
        let mut shape = self.shape(value);
        let rank = shape.len();
        if rank < 2 {
            return value;
        }
        let (a, b) = (rank - 1, self.random.below(rank as u64 - 1) as usize);
        let mut places = all(rank);
        places.swap(a, b);
        shape.swap(a, b);
        self.map(shape, None, Scalar::read(0, places), vec![value])
    }

    /// Two axes become one of the result, the second outside.
    fn merge(&mut self, value: Value) -> Value {
        let shape = self.shape(value);
        if shape.len() < 2 {
            return value;
        }
        let first = self.random.below(shape.len() as u64 - 1) as usize;
        let mut extents = shape.clone();
        let mut places = all(shape.len());
        if self.random.below(2) == 0 {
            extents.swap(first, first + 1);
            places.swap(first, first + 1);
        }
        let mut groups = vec![1; shape.len() - 1];
        groups[first] = 2;
        self.map(extents, Some(groups), Scalar::read(0, places), vec![value])
    }

    /// An axis of constant size becomes two.
    fn cut(&mut self, value: Value) -> Value {
        let shape = self.shape(value);
        let cuts = [(6, 3), (6, 2), (15, 5), (15, 3), (4, 2), (30, 6)];
        for (axis, extent) in shape.iter().enumerate() {
            for (whole, inner) in cuts {
                if extent.as_constant() != Some(whole) || self.random.below(2) == 0 {
                    continue;
                }
                let mut extents = shape.clone();
                extents[axis] = Dim::constant(inner);
                extents.insert(axis, Dim::constant(whole / inner));
                let places = (0..shape.len())
                    .map(|it| {
                        let var = it as u32;
                        match it.cmp(&axis) {
                            std::cmp::Ordering::Less => at(var),
                            std::cmp::Ordering::Equal => affine(&[(var, inner), (var + 1, 1)], 0),
                            std::cmp::Ordering::Greater => at(var + 1),
                        }
                    })
                    .collect();
                return self.map(extents, None, Scalar::read(0, places), vec![value]);
            }
        }
        value
    }

    fn slice(&mut self, value: Value) {
        let mut shape = self.shape(value);
        for axis in 0..shape.len() {
            if let Some(size @ 3..) = shape[axis].as_constant() {
                let mut places = all(shape.len());
                places[axis] = match self.random.below(3) {
                    0 => affine(&[(axis as u32, 1)], 1),
                    1 => affine(&[(axis as u32, 2)], 0),
                    _ => affine(&[(axis as u32, -1)], size - 1),
                };
                shape[axis] = Dim::constant(size / 2);
                self.map(shape, None, Scalar::read(0, places), vec![value]);
                return;
            }
        }
    }

    fn linear(&mut self, value: Value, count: i64) -> Value {
        let shape = self.shape(value);
        let rank = shape.len();
        let Some(size) = shape.last().and_then(|it| it.as_constant()) else { return value };
        let weight = self.param(&[count, size]);
        let mut result = shape.clone();
        result[rank - 1] = Dim::constant(count);
        let mut places = all(rank);
        places[rank - 1] = at(rank as u32);
        let product = Scalar::binary(
            Binary::Mul,
            Scalar::read(0, places),
            Scalar::read(1, vec![at(rank as u32 - 1), at(rank as u32)]),
        );
        self.reduce(
            result,
            vec![Dim::constant(size)],
            ReduceOp::Sum,
            None,
            product,
            vec![value, weight],
        )
    }

    fn bias(&mut self, value: Value) {
        let shape = self.shape(value);
        let last = shape.len() as u32 - 1;
        let Some(size) = shape[last as usize].as_constant() else { return };
        let bias = self.param(&[size]);
        let sum = Scalar::binary(
            Binary::Add,
            Scalar::read(0, all(shape.len())),
            Scalar::read(1, vec![at(last)]),
        );
        self.map(shape, None, sum, vec![value, bias]);
    }

    /// `s[.., i, j] = Σ x[.., i, k] * x[.., j, k]`, scaled and through a softmax.
    fn scores(&mut self, value: Value) {
        let shape = self.shape(value);
        let rank = shape.len();
        if rank < 2 {
            return;
        }
        let mut result = shape.clone();
        result[rank - 1] = shape[rank - 2].clone();
        let k = rank as u32;
        let (mut left, mut right) = (all(rank), all(rank));
        left[rank - 1] = at(k);
        right[rank - 2] = at(k - 1);
        right[rank - 1] = at(k);
        let product = Scalar::binary(Binary::Mul, Scalar::read(0, left), Scalar::read(1, right));
        let other = self.pool.iter().copied().find(|it| self.shape(*it) == shape);
        let operands = vec![value, other.unwrap_or(value)];
        let scores = self.reduce(
            result,
            vec![shape[rank - 1].clone()],
            ReduceOp::Sum,
            None,
            product,
            operands,
        );
        let scaled = self.unary(scores);
        let weights = self.softmax(scaled);
        // And back: o[.., i, k] = Σ_j p[.., i, j] * x[.., j, k].
        let (mut left, mut right) = (all(rank), all(rank));
        left[rank - 1] = at(k);
        right[rank - 2] = at(k);
        let product = Scalar::binary(Binary::Mul, Scalar::read(0, left), Scalar::read(1, right));
        let reduced = vec![shape[rank - 2].clone()];
        self.reduce(shape, reduced, ReduceOp::Sum, None, product, vec![weights, value]);
    }

    /// A window of three along the last axis, with or without padding.
    fn window(&mut self, value: Value) {
        let shape = self.shape(value);
        let last = shape.len() as u32 - 1;
        let size = shape[last as usize].clone();
        let Some(constant) = size.as_constant() else { return };
        if constant < 3 {
            return;
        }
        let (stride, pad) = (self.one(&[1, 2]), self.one(&[0, 1]));
        let mut result = shape.clone();
        result[last as usize] = Dim::constant((constant + 2 * pad - 3) / stride + 1);
        let place = affine(&[(last, stride), (last + 1, 1)], -pad);
        let Index::Affine(position) = place.clone() else { return };
        let position = Scalar::Index { elem: Elem::I32, value: position };
        let guard = Scalar::binary(
            Binary::And,
            Scalar::compare(Compare::Le, Scalar::int(0), position.clone()),
            Scalar::compare(Compare::Lt, position, Scalar::int(constant)),
        );
        let mut places = all(shape.len());
        places[last as usize] = place;
        let read = Scalar::read(0, places);
        let op = self.one(&[ReduceOp::Max, ReduceOp::Sum]);
        let mut operands = vec![value];
        let body = if op == ReduceOp::Sum {
            operands.push(self.param(&[3]));
            Scalar::binary(Binary::Mul, read, Scalar::read(1, vec![at(last + 1)]))
        } else {
            read
        };
        self.reduce(result, vec![Dim::constant(3)], op, Some(guard), body, operands);
    }

    fn softmax(&mut self, value: Value) -> Value {
        let shape = self.shape(value);
        let rank = shape.len() as u32;
        let index = |var: u32| Scalar::Index { elem: Elem::I32, value: Affine::var(Var(var)) };
        let guard = (rank >= 2 && self.random.below(2) == 0)
            .then(|| Scalar::compare(Compare::Le, index(rank - 1), index(rank - 2)));
        let (guard, mut operands) = match guard {
            // The mask as a tensor of its own.
            Some(_) if self.random.below(2) == 0 => {
                let extents = shape[rank as usize - 2..].to_vec();
                let value = Scalar::compare(Compare::Le, index(1), index(0));
                let kind = NestKind::Map { value };
                let axes = Maker::axes(extents);
                let mask =
                    self.add(Nest { axes, groups: vec![1; 2], elem: Elem::Bool, kind }, vec![]);
                (Some(Scalar::read(0, vec![at(rank - 2), at(rank - 1)])), vec![mask])
            }
            guard => (guard, Vec::new()),
        };
        let read = Scalar::read(operands.len() as u32, all(shape.len()));
        operands.push(value);
        let kind = NestKind::Softmax { axis: Var(rank - 1), guard, value: read };
        let groups = vec![1; shape.len()];
        self.add(Nest { axes: Maker::axes(shape), groups, elem: Elem::F32, kind }, operands)
    }

    /// `x * rsqrt(mean(x²) + eps) * gamma + beta`, and what follows it.
    fn norm(&mut self, value: Value) {
        let shape = self.shape(value);
        let last = shape.len() - 1;
        let Some(size) = shape[last].as_constant() else { return };
        let x = || Scalar::read(0, all(shape.len()));
        let square = Scalar::binary(Binary::Mul, x(), x());
        let reduced = vec![shape[last].clone()];
        let sum =
            self.reduce(shape[..last].to_vec(), reduced, ReduceOp::Sum, None, square, vec![value]);
        if last == 0 {
            return;
        }
        let mean =
            Scalar::binary(Binary::Div, Scalar::read(0, all(last)), Scalar::float(size as f64));
        let scale =
            Scalar::unary(Unary::Rsqrt, Scalar::binary(Binary::Add, mean, Scalar::float(0.1)));
        let scale = self.map(shape[..last].to_vec(), None, scale, vec![sum]);
        let (gamma, beta) = (self.param(&[size]), self.param(&[size]));
        let own = |operand| Scalar::read(operand, vec![at(last as u32)]);
        let scaled = Scalar::binary(Binary::Mul, x(), Scalar::read(1, all(last)));
        let gained = Scalar::binary(Binary::Mul, scaled, own(2));
        let shifted = Scalar::binary(Binary::Add, gained, own(3));
        let normed = self.map(shape.clone(), None, shifted, vec![value, scale, gamma, beta]);
        self.linear(normed, 4);
        if self.random.below(2) == 0 {
            self.linear(normed, 3);
        }
    }

    /// `(x - mean) * (scale * rsqrt(exp(variance) + eps)) + bias` along the last axis.
    fn batch_norm(&mut self, value: Value) {
        let value = self.linear(value, 6);
        let shape = self.shape(value);
        if shape.last().and_then(|it| it.as_constant()) != Some(6) {
            return;
        }
        let last = shape.len() as u32 - 1;
        let params: Vec<Value> = (0..4).map(|_| self.param(&[6])).collect();
        let own = |operand| Scalar::read(operand, vec![at(last)]);
        let centred = Scalar::binary(Binary::Sub, Scalar::read(0, all(shape.len())), own(1));
        let variance =
            Scalar::binary(Binary::Add, Scalar::unary(Unary::Exp, own(2)), Scalar::float(0.01));
        let scale = Scalar::binary(Binary::Mul, own(3), Scalar::unary(Unary::Rsqrt, variance));
        let scaled = Scalar::binary(Binary::Mul, centred, scale);
        let result = Scalar::binary(Binary::Add, scaled, own(4));
        let operands = [value].into_iter().chain(params).collect();
        self.map(shape, None, result, operands);
    }

    /// Rows of a value by numbers that are an input.
    fn gather(&mut self, value: Value) {
        let shape = self.shape(value);
        if shape[0].as_constant().is_none_or(|it| it < 3) {
            return;
        }
        let time = self.dim("T");
        let ids = self.input(Elem::I32, vec![time.clone()]);
        let mut result = shape.clone();
        result[0] = time;
        let mut places = all(shape.len());
        places[0] = Index::Data(Box::new(Scalar::read(1, vec![at(0)])));
        self.map(result, None, Scalar::read(0, places), vec![value, ids]);
    }

    /// What a guard takes up to each place of an axis, or behind it.
    fn prefix(&mut self, value: Value) {
        let shape = self.shape(value);
        let rank = shape.len() as u32;
        let axis = self.random.below(u64::from(rank)) as u32;
        let order = self.one(&[Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge]);
        let index = |var: u32| Scalar::Index { elem: Elem::I32, value: Affine::var(Var(var)) };
        let guard = Scalar::compare(order, index(rank), index(axis));
        let mut places = all(shape.len());
        places[axis as usize] = at(rank);
        let walked = vec![shape[axis as usize].clone()];
        let op = self.one(&[ReduceOp::Sum, ReduceOp::Product]);
        let x = Scalar::unary(Unary::Tanh, Scalar::read(0, places));
        self.reduce(shape, walked, op, Some(guard), x, vec![value]);
    }

    /// Sums by an index along the first axis, where some indices have no place.
    fn segment(&mut self, value: Value) {
        let shape = self.shape(value);
        let ids = self.input(Elem::I32, vec![shape[0].clone()]);
        let rank = shape.len() as u32;
        let mut result = shape.clone();
        result[0] = Dim::constant(self.one(&[2, 5]));
        let mut places = all(shape.len());
        places[0] = at(rank);
        let here = Scalar::Index { elem: Elem::I32, value: Affine::var(Var(0)) };
        let guard = Scalar::compare(Compare::Eq, Scalar::read(1, vec![at(rank)]), here);
        let (one, zero) = (Scalar::float(1.0), Scalar::float(0.0));
        let x = Scalar::read(0, places);
        let (guard, x) = match self.random.below(2) {
            0 => (Some(guard), x),
            _ => (None, Scalar::binary(Binary::Mul, Scalar::select(guard, one, zero), x)),
        };
        let walked = vec![shape[0].clone()];
        self.reduce(result, walked, ReduceOp::Sum, guard, x, vec![value, ids]);
    }

    /// The values of the last axis in order.
    fn sorted(&mut self, value: Value) {
        let shape = self.shape(value);
        let Some(k) = shape.last().cloned() else { return };
        let descending = self.random.below(2) == 0;
        let positions = TensorType::new(Elem::I32, shape.clone());
        let types = vec![TensorType::new(Elem::F32, shape), positions];
        let op = Op::Order { descending, k };
        let node = self.graph.push(Node { op, operands: vec![value], types, span: Span::NONE });
        self.pool.push(Value::of(node));
    }

    fn reshape(&mut self, value: Value) {
        let mut shape = self.shape(value);
        match self.random.below(2) {
            0 if shape.len() >= 2 => {
                let last = shape.pop().unwrap();
                let before = shape.pop().unwrap();
                shape.push(&before * &last);
            }
            _ => match shape.last().and_then(|it| it.as_constant()) {
                Some(size) if size % 3 == 0 && size > 3 => {
                    shape.pop();
                    shape.push(Dim::constant(size / 3));
                    shape.push(Dim::constant(3));
                }
                _ => return,
            },
        }
        let ty = TensorType::new(Elem::F32, shape);
        let reshaped = self.graph.add(Op::Reshape, vec![value], ty, Span::NONE);
        self.pool.push(reshaped);
        self.unary(reshaped);
    }

    /// Calls the body twice in a row.
    fn calls(&mut self, module: &Module, callee: GraphId) {
        let body = &module.graphs[callee];
        let time = self.dim("T");
        for _ in 0..2 {
            let mut operands = Vec::new();
            for ty in &body.inputs {
                let known = self.pool.iter().rev().copied().find(|it| self.graph.ty(*it) == ty);
                let value = known.unwrap_or_else(|| self.input(ty.elem, ty.shape.clone()));
                operands.push(value);
            }
            let mut params: Vec<ParamId> = Vec::new();
            for param in body.params.values() {
                let shape: Vec<i64> =
                    param.ty.shape.iter().map(|it| it.as_constant().unwrap()).collect();
                let value = self.param(&shape);
                if let Op::Param(id) = self.graph.node(value.node).op {
                    params.push(id);
                }
            }
            let call = Call { callee, dims: vec![time.clone()], params };
            let types = body.outputs.iter().map(|it| body.ty(*it).clone()).collect();
            let node = Node { op: Op::Call(call), operands, types, span: Span::NONE };
            let value = Value::of(self.graph.push(node));
            self.pool.push(value);
        }
    }

    /// Returns the last values, and one in the middle; a literal has its place too.
    fn finish(&mut self) {
        let value = self.pick();
        let shape = self.shape(value);
        let ty = TensorType::new(Elem::F32, vec![Dim::constant(2)]);
        let literal = Op::Const(Literal::Floats(vec![0.25, 0.25]));
        let literal = self.graph.add(literal, Vec::new(), ty, Span::NONE);
        let place = vec![affine(&[], 1)];
        let scaled =
            Scalar::binary(Binary::Mul, Scalar::read(0, all(shape.len())), Scalar::read(1, place));
        self.map(shape, None, scaled, vec![value, literal]);
        let count = self.pool.len();
        let mut outputs = vec![self.pool[count - 1], self.pool[count - 2]];
        outputs.push(self.pick());
        outputs.dedup();
        self.graph.outputs = outputs;
    }
}
