//! Recognises matrix products and dense convolutions among sums of products.

use crate::flat::Flat;
use crate::schedule;
use crate::window::plain_read;
use crate::{
    Address, Buffer, BufferId, Contraction, Loop, LoopRole, Machine, Matrix, Packing, Place,
};
use nnc_base::Table;
use nnc_graph::{Binary, Elem, Scalar};
use nnc_shape::Dim;

/// A contraction whose right operand still has to be brought into its form.
pub(crate) struct Found {
    pub(crate) flat: Flat,
    pub(crate) roles: Vec<LoopRole>,
    pub(crate) left: usize,
    pub(crate) right: usize,
    pub(crate) form: RightForm,
}

/// How the right operand will be read.
pub(crate) enum RightForm {
    /// A parameter, packed before the program runs.
    Packed { packing: Packing, width: u32 },
    /// Unit stride as it lies.
    Strided,
    /// Packed while the program runs.
    PackedOnTheWay,
}

/// Sees a contraction in a flat nest whose scalars are value and finish.
pub(crate) fn recognise(flat: &Flat, buffers: &Table<Buffer>, machine: &Machine) -> Option<Found> {
    let Scalar::Binary(Binary::Mul, left, right) = &flat.scalars[0] else { return None };
    let sides = [plain_read(left)?.0 as usize, plain_read(right)?.0 as usize];
    for side in sides {
        let read = &flat.reads[side];
        let elem = buffers[read.buffer].elem;
        if !read.data.is_empty() || !matches!(elem, Elem::F32 | Elem::F16 | Elem::BF16) {
            return None;
        }
    }
    let [a, b] = sides;
    let is_weight =
        |read: usize| matches!(buffers[flat.reads[read].buffer].place, Place::Weights { .. });
    let mut candidates = [(a, b), (b, a)];
    candidates.sort_by_key(|&(_, right)| !is_weight(right));
    let found: Vec<Found> = candidates
        .iter()
        .filter_map(|&(left, right)| orient(flat, left, right, is_weight(right), machine))
        .collect();
    // A right operand packed while the program runs is the last resort.
    found.into_iter().min_by_key(|it| matches!(it.form, RightForm::PackedOnTheWay))
}

fn orient(
    flat: &Flat,
    left: usize,
    right: usize,
    packed: bool,
    machine: &Machine,
) -> Option<Found> {
    let zero = Dim::constant(0);
    let mut flat = flat.clone();
    flat.drop_unit_loops();
    let moves = |flat: &Flat, read: usize, at: usize| flat.reads[read].strides[at] != zero;
    let result = |flat: &Flat, at: usize| !flat.loops[at].reduced;
    let all: Vec<usize> = (0..flat.loops.len()).collect();
    let pick = |test: &dyn Fn(usize) -> bool| -> Vec<usize> {
        all.iter().copied().filter(|&at| test(at)).collect()
    };
    let mut rows =
        pick(&|at| result(&flat, at) && moves(&flat, left, at) && !moves(&flat, right, at));
    let mut columns =
        pick(&|at| result(&flat, at) && !moves(&flat, left, at) && moves(&flat, right, at));
    let batch = pick(&|at| result(&flat, at) && moves(&flat, left, at) == moves(&flat, right, at));
    let mut inner = pick(&|at| !result(&flat, at));
    let by_stride = |address: &Address, at: usize| {
        std::cmp::Reverse(address.strides[at].as_constant().map_or(i64::MAX, i64::abs))
    };
    rows.sort_by_key(|&at| by_stride(&flat.out, at));
    columns.sort_by_key(|&at| by_stride(&flat.out, at));
    inner.sort_by_key(|&at| by_stride(&flat.reads[left], at));
    let column = *columns.last()?;
    if flat.out.stride(column) != Some(1) || inner.is_empty() {
        return None;
    }
    let panel_source = flat.reads[right].clone();
    let constant = |dim: &Dim| dim.as_constant().and_then(|it| u64::try_from(it).ok());
    let pairs = |loops: &[usize]| -> Option<Vec<(u64, u64)>> {
        loops
            .iter()
            .map(|&at| {
                Some((constant(&flat.loops[at].extent)?, constant(&panel_source.strides[at])?))
            })
            .collect()
    };
    // Neighbouring column loops are one where every address agrees.
    let mut single = vec![column];
    let mut rest = columns[..columns.len() - 1].to_vec();
    let mut merged_columns = flat.loops[column].extent.clone();
    while let Some(&outer) = rest.last() {
        let agrees =
            flat.addresses().all(|it| it.strides[outer] == &it.strides[column] * &merged_columns);
        if !agrees || flat.is_pinned(outer) || flat.is_pinned(column) {
            break;
        }
        merged_columns = &merged_columns * &flat.loops[outer].extent;
        rest.pop();
        single.insert(0, outer);
    }
    let batch: Vec<usize> = rest.iter().copied().chain(batch).collect();
    let form = if packed {
        let columns = constant(&merged_columns)?;
        let width = schedule::panel_width(columns, machine);
        let in_right: Vec<usize> =
            batch.iter().copied().filter(|&at| panel_source.strides[at] != zero).collect();
        let packing = Packing::Panels {
            batch: as_one(pairs(&in_right)?),
            inner: as_one(pairs(&inner)?),
            columns,
            column_stride: constant(&panel_source.strides[column])?,
            width,
        };
        if panel_source.offset != zero {
            return None;
        }
        RightForm::Packed { packing, width }
    } else if panel_source.stride(column) == Some(1) {
        RightForm::Strided
    } else {
        RightForm::PackedOnTheWay
    };
    let order: Vec<usize> = [&batch[..], &rows, &single, &inner].concat();
    let counts = [batch.len(), rows.len(), single.len(), inner.len()];
    flat.reorder(&order);
    let [mut batch, mut rows, columns, mut inner] = counts;
    for _ in 1..columns {
        flat.merge(batch + rows);
    }
    let mut at = batch;
    while rows > 1 && at + 1 < batch + rows {
        if flat.can_merge(at, None) {
            flat.merge(at);
            rows -= 1;
        } else {
            at += 1;
        }
    }
    if rows == 0 {
        flat.insert_unit_loop(batch, false);
        rows = 1;
    }
    // A size that is known only when the program runs may be 1; as a batch it can be
    // shared out among threads whatever it is.
    while rows > 1 && flat.loops[batch].extent.as_constant().is_none() {
        batch += 1;
        rows -= 1;
    }
    // What is packed lies in the order of the loops, whatever its strides were.
    let ignored = (!matches!(form, RightForm::Strided)).then_some(right);
    let keeps_strides = matches!(form, RightForm::PackedOnTheWay);
    let mut at = batch + rows + 1;
    while at + 1 < flat.loops.len() {
        if !keeps_strides && flat.can_merge(at, ignored) {
            flat.merge(at);
            inner -= 1;
        } else {
            at += 1;
        }
    }
    let roles = std::iter::repeat_n(LoopRole::Batch, batch)
        .chain(std::iter::repeat_n(LoopRole::Row, rows))
        .chain([LoopRole::Column])
        .chain(std::iter::repeat_n(LoopRole::Inner, inner))
        .collect();
    Some(Found { flat, roles, left, right, form })
}

/// Neighbouring loops that walk memory like one, as one: equal copies look equal.
fn as_one(loops: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (extent, stride) in loops {
        match merged.last_mut() {
            Some(outer) if outer.1 == extent * stride => *outer = (outer.0 * extent, stride),
            _ => merged.push((extent, stride)),
        }
    }
    merged
}

impl Found {
    /// Strides of the packed right operand along the batch loops, for panels laid
    /// out `[batch…][panels][inner…][width]`.
    pub(crate) fn panel_start(&self, panels: BufferId, width: u32) -> Address {
        let zero = Dim::constant(0);
        let count = |role: LoopRole| self.roles.iter().filter(|it| **it == role).count();
        let batch = count(LoopRole::Batch);
        let column = batch + count(LoopRole::Row);
        let inner = self.flat.loops[column + 1..]
            .iter()
            .fold(Dim::constant(1), |size, it| &size * &it.extent);
        let width = i64::from(width);
        let panel_count =
            (&self.flat.loops[column].extent + (width - 1)).floor_div(&Dim::constant(width));
        let mut step = panel_count * inner * width;
        let mut strides = vec![zero.clone(); self.flat.loops.len()];
        for at in (0..batch).rev() {
            if self.flat.reads[self.right].strides[at] != zero {
                strides[at] = step.clone();
                step = step * &self.flat.loops[at].extent;
            }
        }
        Address { buffer: panels, offset: zero, strides, data: Vec::new() }
    }

    /// The kernel, with the right operand in its final form.
    pub(crate) fn finish(
        self,
        right: Matrix,
        machine: &Machine,
        out_holds_sums: bool,
    ) -> Contraction {
        let vectors = match &right {
            Matrix::Panels { width, .. } => width / machine.lanes,
            Matrix::Strided(_) => {
                let column = self.roles.iter().position(|it| *it == LoopRole::Column);
                let columns = column.and_then(|at| self.flat.loops[at].extent.as_constant());
                columns.map_or(if machine.registers >= 32 { 4 } else { 2 }, |it| {
                    schedule::panel_width(it as u64, machine) / machine.lanes
                })
            }
        };
        let loops: Vec<Loop> = self
            .flat
            .loops
            .iter()
            .zip(&self.roles)
            .map(|(it, role)| Loop {
                name: it.name.clone(),
                extent: it.extent.clone(),
                role: *role,
            })
            .collect();
        let schedule = schedule::contraction(&loops, vectors, machine, out_holds_sums);
        let (reads, finish) = used_reads(&self.flat.reads, &self.flat.scalars[1]);
        Contraction {
            loops,
            left: self.flat.reads[self.left].clone(),
            right,
            out: self.flat.out,
            finish,
            reads,
            schedule,
        }
    }
}

/// The reads that a scalar (and their data indices) name, renumbered.
pub(crate) fn used_reads(reads: &[Address], scalar: &Scalar) -> (Vec<Address>, Scalar) {
    let mut renumbered =
        Renumbered { all: reads, used: Vec::new(), places: vec![None; reads.len()] };
    let scalar = renumbered.scalar(scalar);
    (renumbered.used, scalar)
}

/// Collects addresses in the order in which scalars first name them.
pub(crate) struct Renumbered<'a> {
    pub(crate) all: &'a [Address],
    pub(crate) used: Vec<Address>,
    pub(crate) places: Vec<Option<u32>>,
}

impl Renumbered<'_> {
    pub(crate) fn scalar(&mut self, scalar: &Scalar) -> Scalar {
        match scalar {
            Scalar::Read { operand, .. } => Scalar::read(self.read(*operand as usize), Vec::new()),
            _ => scalar.map_children(&mut |it| self.scalar(it)),
        }
    }

    fn read(&mut self, at: usize) -> u32 {
        if let Some(place) = self.places[at] {
            return place;
        }
        let mut address = self.all[at].clone();
        for index in &mut address.data {
            index.value = self.scalar(&index.value);
        }
        let place = self.used.len() as u32;
        self.used.push(address);
        self.places[at] = Some(place);
        place
    }
}
