//! Block fusion: kernels that follow one another take turns over slices of rows.
//!
//! What a wide layer leaves, an expanded image say, is read by the next while it is in the
//! cache, and not after all of it has gone to memory and come back (Lavin, "On the Efficiency
//! of Convolutional Neural Networks", section 5: waterline analysis and block fusion).

use super::Planner;
use super::finish::step_buffers;
use crate::{
    Address, Batch, Border, BufferId, Chain, Kernel, KernelKind, Loop, LoopRole, Matrix, Part,
    Place, StageKind, Step, Window,
};
use nnc_shape::Dim;

/// An item without overlapping windows is at least this part of all rows.
const ITEMS: i64 = 8;
/// With windows that overlap, fewer: the rows of an overlap are computed twice.
const ITEMS_WITH_OVERLAP: i64 = 2;

/// A launch that may be a part.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    kind: &'a KernelKind,
    out: &'a Address,
    row: usize,
    /// The loop of images around the rows.
    image: Option<usize>,
}

/// What a part needs of the one before.
struct Link {
    /// Rows of the one before for each row of this one, and which: `scale*row + low` to
    /// `scale*row + high`.
    scale: i64,
    low: i64,
    high: i64,
    /// Iterations of the row loop in a row.
    width: i64,
    batch: Batch,
}

/// A chain as far as it goes.
struct Growing<'a> {
    parts: Vec<(Candidate<'a>, Part)>,
    /// What each part but the first needs of the one before.
    links: Vec<Link>,
}

impl Planner<'_> {
    /// Joins launches where that saves a way to memory.
    pub(super) fn chain(&mut self) {
        let mut at = 0;
        while at < self.steps.len() {
            if let Some(mut chain) = self.chain_from(at) {
                at -= self.keep_in_scratch(&mut chain);
                let end = at + chain.parts.len();
                if let Step::Launch(last) = &self.steps[end - 1] {
                    let kernel = Kernel {
                        name: format!("chain_{}", last.name),
                        kind: KernelKind::Chain(chain),
                        span: last.span,
                    };
                    self.steps.splice(at..end, [Step::Launch(Box::new(kernel))]);
                }
            }
            at += 1;
        }
    }

    /// Takes what only the chain's own parts touch out of the arena, and the steps that clear
    /// its borders, which stand before the chain; how many these were.
    fn keep_in_scratch(&mut self, chain: &mut Chain) -> usize {
        let steps = self.steps.len();
        let mut offset = 0;
        for window in chain.parts.iter_mut().filter_map(|it| it.window.as_mut()) {
            let buffer = &mut self.buffers[window.buffer];
            let elements = window.rows * window.pitch;
            buffer.elements = Dim::constant(elements);
            buffer.place = Place::Scratch { offset };
            offset += (elements as u64 * buffer.elem.bytes() as u64).next_multiple_of(64);
            self.steps.retain(|step| match border_of(step, window.buffer) {
                Some(border) => {
                    let pitch = Dim::constant(window.pitch);
                    let mut inner = border.axes.iter().skip_while(|it| it.stride != pitch);
                    window.before = inner.next().map_or(0, |row| row.before);
                    window.inner = inner.cloned().collect();
                    false
                }
                None => true,
            });
        }
        steps - self.steps.len()
    }

    /// The longest chain that begins at a step, if it is worth it.
    fn chain_from(&self, start: usize) -> Option<Chain> {
        let l2 = self.machine.l2_bytes;
        let first = self.candidate(start)?;
        let rows = first.loops()[first.row].extent.clone();
        let batch = first.image.map_or(Batch::None, Batch::Loop);
        let part = Part::new(first.kind.clone(), batch, first.row, 1, rows);
        let mut chain = Growing { parts: vec![(first, part)], links: Vec::new() };
        let mut is_worth_it = false;
        while let Some(next) = self.candidate(start + chain.parts.len()) {
            let Some(link) = self.link(&chain, &next) else { break };
            let bytes = self.intermediate_bytes(&chain)?;
            if bytes < l2 / 8 || !self.dies_between(&chain, start) || !self.border_has_rows(&chain)
            {
                break;
            }
            is_worth_it |= bytes >= l2;
            let (_, before) = &chain.parts[chain.parts.len() - 1];
            let rows = match link.batch {
                Batch::Merged => before.rows.clone(),
                Batch::None | Batch::Loop(_) => next.loops()[next.row].extent.clone(),
            };
            let part = Part::new(next.kind.clone(), link.batch, next.row, link.width, rows);
            chain.parts.push((next, part));
            chain.links.push(link);
        }
        (is_worth_it && self.weights_fit(&chain)).then(|| self.closed(chain))?
    }

    fn candidate(&self, at: usize) -> Option<Candidate<'_>> {
        let Step::Launch(kernel) = self.steps.get(at)? else { return None };
        let (out, row, others): (_, _, Vec<usize>) = match &kernel.kind {
            KernelKind::Contraction(it) => {
                let row = it.loops.iter().position(|it| it.role == LoopRole::Row)?;
                (&it.out, row, (0..row).collect())
            }
            KernelKind::Stages(it) => {
                let [stage] = it.stages.as_slice() else { return None };
                let walks =
                    matches!(stage.kind, StageKind::Running { .. } | StageKind::Scatter { .. });
                if walks || stage.loops[0].role != LoopRole::Row {
                    return None;
                }
                let step = stage.out.stride(0)?;
                let around = |at: &usize| stage.out.stride(*at).is_none_or(|it| it > step);
                let rows =
                    (1..stage.loops.len()).filter(|&at| stage.loops[at].role == LoopRole::Row);
                (&stage.out, 0, rows.filter(around).collect())
            }
            KernelKind::Attention(_)
            | KernelKind::Sort(_)
            | KernelKind::Border(_)
            | KernelKind::Chain(_) => return None,
        };
        let image = match others.as_slice() {
            [] => None,
            [image] => Some(*image),
            _ => return None,
        };
        let is_plain = out.data.is_empty() && out.stride(row).is_some_and(|it| it > 0);
        is_plain.then_some(Candidate { kind: &kernel.kind, out, row, image })
    }

    /// How the rows of `next` follow from those of the last part; `None` where they do not,
    /// or `next` touches what another part does.
    fn link(&self, chain: &Growing<'_>, next: &Candidate<'_>) -> Option<Link> {
        let root = |buffer: BufferId| self.roots[buffer.index()];
        let (last, part) = &chain.parts[chain.parts.len() - 1];
        let touched = |wanted: BufferId| {
            let mut all = chain.parts.iter().flat_map(|(it, _)| it.addresses());
            all.any(|it| root(it.buffer) == wanted)
        };
        let written =
            |wanted: BufferId| chain.parts.iter().any(|(it, _)| root(it.out.buffer) == wanted);
        if touched(root(next.out.buffer)) {
            return None;
        }
        let mut link: Option<Link> = None;
        for read in next.addresses().skip(1).filter(|it| written(root(it.buffer))) {
            let is_right = next.right().is_some_and(|it| std::ptr::eq(it, read));
            if is_right || read.buffer != last.out.buffer || !read.data.is_empty() {
                return None;
            }
            let found = self.link_by(last, part, next, read)?;
            link = match link {
                None => Some(found),
                Some(it) if (it.scale, it.width) == (found.scale, found.width) => {
                    Some(Link { low: it.low.min(found.low), high: it.high.max(found.high), ..it })
                }
                Some(_) => return None,
            };
        }
        link
    }

    fn link_by(
        &self,
        last: &Candidate<'_>,
        part: &Part,
        next: &Candidate<'_>,
        read: &Address,
    ) -> Option<Link> {
        let pitch = last.out.stride(last.row)?;
        let step = read.stride(next.row).filter(|&it| it > 0)?;
        let loops = next.loops();
        let image = |at: usize| last.out.stride(at);
        let (scale, width, batch) = match (part.batch, next.image) {
            // Rows of images on both sides.
            (Batch::Loop(mine), Some(theirs))
                if read.stride(theirs)? == image(mine)?
                    && loops[theirs].extent == last.loops()[mine].extent
                    && step % pitch == 0 =>
            {
                (step / pitch, 1, Batch::Loop(theirs))
            }
            // One loop over the pixels of all images.
            (Batch::Loop(mine), None)
                if pitch % step == 0
                    && image(mine)? == pitch * part.rows.as_constant()?
                    && loops[next.row].extent
                        == &last.loops()[mine].extent * &part.rows * (pitch / step) =>
            {
                (1, pitch / step, Batch::Merged)
            }
            (Batch::None, None) if step == pitch && loops[next.row].extent == part.rows => {
                (1, 1, Batch::None)
            }
            (Batch::None, None)
                if pitch % step == 0 && loops[next.row].extent == &part.rows * (pitch / step) =>
            {
                (1, pitch / step, Batch::Merged)
            }
            (Batch::None, None) if part.width == 1 && step % pitch == 0 => {
                (step / pitch, 1, Batch::None)
            }
            _ => return None,
        };
        // How far the other loops go from where a row's own element lies.
        let origin = last.out.offset.as_constant()?;
        let start = read.offset.as_constant()?;
        let (mut least, mut most) = (start, start + step * (width - 1));
        for (at, it) in loops.iter().enumerate() {
            if at == next.row || next.image == Some(at) {
                continue;
            }
            let reach = match read.stride(at)? {
                0 => 0,
                stride => stride * (it.extent.as_constant()? - 1),
            };
            least += reach.min(0);
            most += reach.max(0);
        }
        let row = |element: i64| element.div_euclid(pitch) - origin.div_euclid(pitch);
        Some(Link { scale, low: row(least), high: row(most), width, batch })
    }

    /// Bytes of what the last part leaves, of one image.
    fn intermediate_bytes(&self, chain: &Growing<'_>) -> Option<u64> {
        let (last, part) = &chain.parts[chain.parts.len() - 1];
        let rows = part.rows.eval(&|_| Some(1))? * part.width;
        let bytes = last.out.stride(last.row)? * rows * self.elem_bytes(last.out.buffer);
        u64::try_from(bytes).ok()
    }

    fn elem_bytes(&self, buffer: BufferId) -> i64 {
        self.buffers[buffer].elem.bytes() as i64
    }

    /// Whether nothing but the next part reads what the last part leaves, so that rows which
    /// the chain does not need are missed by nobody.
    fn dies_between(&self, chain: &Growing<'_>, start: usize) -> bool {
        let root = |buffer: BufferId| self.roots[buffer.index()];
        let (last, _) = &chain.parts[chain.parts.len() - 1];
        let mine = root(last.out.buffer);
        let next = start + chain.parts.len();
        let others = self.steps.iter().enumerate().filter(|(at, step)| {
            !(start..=next).contains(at) && border_of(step, last.out.buffer).is_none()
        });
        matches!(self.buffers[mine].place, Place::Arena { .. })
            && others.flat_map(|(_, step)| step_buffers(step)).all(|it| root(it) != mine)
    }

    /// Whether the border of what the last part leaves, if it has one, says which rows it is of:
    /// a window has to know how many stand before row 0.
    fn border_has_rows(&self, chain: &Growing<'_>) -> bool {
        let (last, _) = &chain.parts[chain.parts.len() - 1];
        let pitch = &last.out.strides[last.row];
        let mut borders = self.steps.iter().filter_map(|it| border_of(it, last.out.buffer));
        borders.all(|border| border.axes.iter().any(|axis| axis.stride == *pitch))
    }

    /// Weights are read again at every step: from the cache, or it is not worth it.
    fn weights_fit(&self, chain: &Growing<'_>) -> bool {
        let bytes = chain.parts.iter().try_fold(0i64, |sum, (it, _)| {
            let own = match it.kind {
                KernelKind::Contraction(it) => match &it.right {
                    Matrix::Panels { start, .. } => {
                        let elements = self.buffers[start.buffer].elements.as_constant()?;
                        elements * self.elem_bytes(start.buffer)
                    }
                    Matrix::Strided(_) => return None,
                },
                _ => 0,
            };
            Some(sum + own)
        });
        bytes.is_some_and(|it| it as u64 <= self.machine.l2_bytes / 4)
    }

    /// The chain with each part's rows in terms of the last one's.
    fn closed(&self, chain: Growing<'_>) -> Option<Chain> {
        let (mut scale, mut first, mut last) = (1, 0, 0);
        let mut parts: Vec<Part> = Vec::new();
        let mut bytes_per_row = 0;
        let mut links = chain.links.iter().rev();
        for (candidate, part) in chain.parts.iter().rev() {
            if !parts.is_empty() {
                let link = links.next()?;
                last = last * link.scale + link.high + 1 - link.scale;
                first = first * link.scale + link.low;
                scale *= link.scale;
                let pitch = candidate.out.stride(candidate.row)? * part.width;
                bytes_per_row += scale * pitch * self.elem_bytes(candidate.out.buffer);
            }
            parts.push(Part { scale, first, last, ..part.clone() });
        }
        parts.reverse();
        let (end, part) = chain.parts.last()?;
        let batch = match part.batch {
            Batch::None => Dim::constant(1),
            Batch::Loop(at) => end.loops()[at].extent.clone(),
            // As many as before the loops were merged.
            Batch::Merged => chain
                .parts
                .iter()
                .find_map(|(it, part)| match part.batch {
                    Batch::Loop(at) => Some(it.loops()[at].extent.clone()),
                    Batch::None | Batch::Merged => None,
                })
                .unwrap_or_else(|| Dim::constant(1)),
        };
        let rows = part.rows.clone();
        let count = rows.eval(&|_| Some(1))?;
        let overlaps = parts.iter().any(|it| it.last > it.first);
        let items = if overlaps { ITEMS_WITH_OVERLAP } else { ITEMS };
        let rows_per_item = (count + items - 1) / items;
        // As many rows as half of the cache holds, in steps of equal length.
        let most = (self.machine.l2_bytes as i64 / 2 / bytes_per_row.max(1)).max(1);
        let steps = (rows_per_item + most - 1) / most;
        let mut step = (rows_per_item + steps - 1) / steps;
        if step > 2 * ROWS_TOGETHER {
            step -= step % ROWS_TOGETHER;
        }
        // What a step keeps for the next must not reach into where it is moved to.
        let kept = parts.iter().map(|it| (it.last - it.first + it.scale - 1) / it.scale);
        step = step.max(kept.max().unwrap_or(0));
        let inner = parts.len() - 1;
        for (part, (candidate, _)) in parts.iter_mut().zip(&chain.parts).take(inner) {
            let pitch = candidate.out.stride(candidate.row)? * part.width;
            part.window = Some(Window {
                buffer: candidate.out.buffer,
                rows: part.scale * step + part.last - part.first,
                pitch,
                image: match part.batch {
                    Batch::None => Dim::constant(0),
                    Batch::Loop(at) => candidate.out.strides[at].clone(),
                    Batch::Merged => &part.rows * pitch,
                },
                before: 0,
                inner: Vec::new(),
            });
        }
        Some(Chain { batch, rows, rows_per_item, rows_per_step: step, parts })
    }
}

/// Rows of register tiles of all heights that schedules choose for wide matrices.
const ROWS_TOGETHER: i64 = 48;

impl<'a> Candidate<'a> {
    fn loops(&self) -> &'a [Loop] {
        match self.kind {
            KernelKind::Contraction(it) => &it.loops,
            KernelKind::Stages(it) => it.stages.first().map_or(&[], |it| &it.loops),
            KernelKind::Attention(_)
            | KernelKind::Sort(_)
            | KernelKind::Border(_)
            | KernelKind::Chain(_) => &[],
        }
    }

    /// All that it names, the result first.
    fn addresses(&self) -> impl Iterator<Item = &'a Address> {
        let (reads, sides): (&[Address], [Option<&Address>; 2]) = match self.kind {
            KernelKind::Contraction(it) => (&it.reads, [Some(&it.left), self.right()]),
            KernelKind::Stages(it) => (it.stages.first().map_or(&[], |it| &it.reads), [None, None]),
            KernelKind::Attention(_)
            | KernelKind::Sort(_)
            | KernelKind::Border(_)
            | KernelKind::Chain(_) => (&[], [None, None]),
        };
        [self.out].into_iter().chain(reads).chain(sides.into_iter().flatten())
    }

    fn right(&self) -> Option<&'a Address> {
        match self.kind {
            KernelKind::Contraction(it) => match &it.right {
                Matrix::Panels { start, .. } | Matrix::Strided(start) => Some(start),
            },
            _ => None,
        }
    }
}

impl Part {
    fn new(kind: KernelKind, batch: Batch, row: usize, width: i64, rows: Dim) -> Part {
        Part { kind, batch, row, width, rows, scale: 1, first: 0, last: 0, window: None }
    }
}

/// The border that a step clears, if it is a buffer's.
fn border_of(step: &Step, buffer: BufferId) -> Option<&Border> {
    let Step::Launch(kernel) = step else { return None };
    match &kernel.kind {
        KernelKind::Border(it) if it.buffer == buffer => Some(it),
        _ => None,
    }
}
