//! The plan as text, for people and for `--emit=plan`.

use crate::{
    Address, Attention, Body, BorderAxis, Buffer, Chain, Contraction, Kernel, KernelKind, Loop,
    LoopRole, Matrix, Packing, Part, Place, Plan, Stage, StageKind, Step, WeightSource, Window,
};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (_, body) in self.bodies.iter() {
            writeln!(f, "{body}")?;
        }
        for entry in &self.entries {
            writeln!(f, "entry {} = @{}", entry.name, self.bodies[entry.body].name)?;
        }
        writeln!(f, "weights {} bytes", self.weights_bytes)?;
        for slot in &self.weights {
            writeln!(
                f,
                "  +{} {} : {}",
                slot.offset,
                source(&slot.source),
                packing(&slot.packing)
            )?;
        }
        Ok(())
    }
}

fn source(source: &WeightSource) -> String {
    match source {
        WeightSource::Param(param) => format!("param {}", param.raw()),
        WeightSource::Stored(name) => format!("{name:?}"),
        WeightSource::Derived { graph, from } => {
            let from: Vec<String> = from.iter().map(self::source).collect();
            format!("graph{}({})", graph.raw(), from.join(", "))
        }
        WeightSource::Literal(literal) => format!("literal of {}", literal.len()),
    }
}

fn packing(packing: &Packing) -> String {
    let pairs = |pairs: &[(u64, u64)]| {
        pairs.iter().map(|(extent, stride)| format!("[{extent}]*{stride}")).collect::<String>()
    };
    match packing {
        Packing::Plain => "plain".to_owned(),
        Packing::Strided { extents, strides } => {
            let both: Vec<(u64, u64)> =
                extents.iter().copied().zip(strides.iter().copied()).collect();
            format!("strided {}", pairs(&both))
        }
        Packing::Panels { batch, inner, columns, column_stride, width } => format!(
            "panels {}[{columns} by {width}]*{column_stride} {}",
            pairs(batch),
            pairs(inner)
        ),
    }
}

impl Display for Body {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "body @{}", self.name)?;
        for dim in &self.dims {
            match dim.max {
                Some(max) => write!(f, " {} in {}..={max}", dim.name, dim.min)?,
                None => write!(f, " {} in {}..", dim.name, dim.min)?,
            }
        }
        writeln!(
            f,
            " arena {} (at least {}) weights {} {{",
            self.arena_bytes, self.arena_lower_bound, self.weights_bytes
        )?;
        for (id, buffer) in self.buffers.iter() {
            writeln!(f, "  b{} = {}", id.raw(), BufferText(buffer))?;
        }
        for step in &self.steps {
            match step {
                Step::Launch(kernel) => write!(f, "{kernel}")?,
                Step::Call { body, dims, pointers, arena_offset, weights_offset, .. } => {
                    let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
                    let pointers: Vec<String> =
                        pointers.iter().map(|it| format!("b{}", it.raw())).collect();
                    writeln!(
                        f,
                        "  call body{}({}) with {} arena+{arena_offset} weights+{weights_offset}",
                        body.raw(),
                        dims.join(", "),
                        pointers.join(", ")
                    )?;
                }
                Step::Repeat { body, variable, extent, condition, pointers, carries, .. } => {
                    let pointers: Vec<String> =
                        pointers.iter().map(|(it, step)| format!("b{}+{step}", it.raw())).collect();
                    let carries: Vec<String> = carries
                        .iter()
                        .map(|(from, to)| format!("b{} to b{}", from.raw(), to.raw()))
                        .collect();
                    let condition = condition.map(|it| format!(" while b{}", it.raw()));
                    writeln!(
                        f,
                        "  repeat body{} for {variable} < {extent}{} with {} carry {}",
                        body.raw(),
                        condition.unwrap_or_default(),
                        pointers.join(", "),
                        carries.join(", ")
                    )?;
                }
                Step::Copy { from, to } => {
                    writeln!(f, "  copy b{} to b{}", from.raw(), to.raw())?;
                }
            }
        }
        f.write_str("}")
    }
}

struct BufferText<'a>(&'a Buffer);

impl Display for BufferText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let buffer = self.0;
        let list = |dims: &[nnc_shape::Dim]| {
            dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        write!(f, "{} {}[{}]", buffer.name, buffer.elem, list(&buffer.shape))?;
        write!(f, " strides [{}]", list(&buffer.strides))?;
        if buffer.origin != nnc_shape::Dim::constant(0) {
            write!(f, " origin {}", buffer.origin)?;
        }
        match buffer.place {
            Place::Arena { offset } => write!(f, " at arena+{offset}"),
            Place::Scratch { offset } => write!(f, " at scratch+{offset}"),
            Place::Pointer(at) => write!(f, " at pointer {at}"),
            Place::Weights { offset } => write!(f, " at weights+{offset}"),
        }
    }
}

impl Display for Kernel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        kernel(f, &self.name, &self.kind)
    }
}

fn kernel(f: &mut Formatter<'_>, name: &str, kind: &KernelKind) -> fmt::Result {
    match kind {
        KernelKind::Contraction(it) => contraction(f, name, it),
        KernelKind::Attention(it) => attention(f, name, it),
        KernelKind::Stages(it) => {
            writeln!(f, "  {name} = stages over {} by {}", it.parallel, it.grain)?;
            it.stages.iter().try_for_each(|it| stage(f, it))
        }
        KernelKind::Sort(it) => {
            let order = if it.descending { "descending" } else { "ascending" };
            writeln!(f, "  {name} = sort {order} {} of {}", it.count, it.extent)?;
            writeln!(f, "      over {}", loops(&it.loops))?;
            let [values, positions] = [&it.values, &it.positions].map(address);
            writeln!(f, "      {} -> {values}, {positions}", address(&it.source))
        }
        KernelKind::Border(it) => {
            write!(f, "  {name} = border of b{}", it.buffer.raw())?;
            for axis in &it.axes {
                let BorderAxis { stride, before, extent, after } = axis;
                write!(f, " [{before} + {extent} + {after}]*{stride}")?;
            }
            writeln!(f)
        }
        KernelKind::Chain(it) => {
            let Chain { batch, rows, rows_per_item, rows_per_step, parts } = it;
            writeln!(
                f,
                "  {name} = chain over {batch}, {rows} by {rows_per_item} in steps of {rows_per_step}"
            )?;
            parts.iter().enumerate().try_for_each(|(at, part)| {
                let Part { kind, batch, row, width, rows, scale, first, last, window } = part;
                writeln!(f, "    part {at}: {scale}*from + {first} .. {scale}*to + {last} of {rows} rows, {width} of l{row} each, images {batch:?}")?;
                if let Some(Window { buffer, rows, pitch, before, .. }) = window {
                    writeln!(f, "      keeps {rows} rows of {pitch} of b{} from row -{before}", buffer.raw())?;
                }
                kernel(f, &format!("  part {at}"), kind)
            })
        }
    }
}

fn loops(loops: &[Loop]) -> String {
    let role = |role: LoopRole| match role {
        LoopRole::Batch => "batch",
        LoopRole::Row => "row",
        LoopRole::Column => "column",
        LoopRole::Inner => "inner",
        LoopRole::Key => "key",
    };
    loops
        .iter()
        .enumerate()
        .map(|(at, it)| format!("{at}:{} {} {}", role(it.role), it.name, it.extent))
        .collect::<Vec<_>>()
        .join(", ")
}

fn address(address: &Address) -> String {
    let mut text = format!("b{}[{}", address.buffer.raw(), address.offset);
    for (at, stride) in address.strides.iter().enumerate() {
        if *stride != nnc_shape::Dim::constant(0) {
            // Writing into a string cannot fail.
            let _ = write!(text, " + {stride}*l{at}");
        }
    }
    for index in &address.data {
        let _ = write!(text, " + {}*({:?})", index.stride, index.value);
    }
    text.push(']');
    text
}

fn reads(f: &mut Formatter<'_>, reads: &[Address]) -> fmt::Result {
    reads.iter().enumerate().try_for_each(|(at, it)| writeln!(f, "      %{at} = {}", address(it)))
}

fn contraction(f: &mut Formatter<'_>, name: &str, it: &Contraction) -> fmt::Result {
    writeln!(f, "  {name} = contraction over {}", loops(&it.loops))?;
    let right = match &it.right {
        Matrix::Panels { start, width } => format!("panels of {width} {}", address(start)),
        Matrix::Strided(right) => address(right),
    };
    writeln!(f, "      {} * {right} -> {}", address(&it.left), address(&it.out))?;
    reads(f, &it.reads)?;
    let s = &it.schedule;
    write!(
        f,
        "      tile {}x{} unroll {} prefetch {}",
        s.tile_rows, s.tile_vectors, s.unroll, s.prefetch
    )?;
    if let Some(block) = s.inner_block {
        write!(f, " inner block {block}")?;
    }
    if let Some(rows) = s.rows_per_item {
        write!(f, " rows per item {rows}")?;
    }
    writeln!(f)
}

fn attention(f: &mut Formatter<'_>, name: &str, it: &Attention) -> fmt::Result {
    writeln!(f, "  {name} = attention over {}", loops(&it.loops))?;
    writeln!(
        f,
        "      query {} key {} value {} -> {}",
        address(&it.query),
        address(&it.key),
        address(&it.value),
        address(&it.out)
    )?;
    reads(f, &it.reads)
}

fn stage(f: &mut Formatter<'_>, it: &Stage) -> fmt::Result {
    let kind = match &it.kind {
        StageKind::Map { .. } => "map".to_owned(),
        StageKind::Reduce { op, guard, .. } => {
            format!("{}{}", op.name(), if guard.is_some() { " guarded" } else { "" })
        }
        StageKind::Softmax { guard, .. } => {
            format!("softmax{}", if guard.is_some() { " guarded" } else { "" })
        }
        StageKind::Running { op, backwards, exclusive, .. } => {
            let backwards = if *backwards { " backwards" } else { "" };
            let exclusive = if *exclusive { " exclusive" } else { "" };
            format!("running {}{backwards}{exclusive}", op.name())
        }
        StageKind::Scatter { op, places, .. } => format!("scatter {} into {places}", op.name()),
    };
    write!(f, "    {kind} over {}", loops(&it.loops))?;
    if let Some(vector) = it.vector {
        write!(f, " lanes l{vector}")?;
    }
    if let Some(tile) = it.tile {
        write!(f, " tile {} of l{} over l{}", tile.rows, tile.row, tile.tap)?;
    }
    writeln!(f, " -> {} {}", it.elem, address(&it.out))?;
    reads(f, &it.reads)
}
