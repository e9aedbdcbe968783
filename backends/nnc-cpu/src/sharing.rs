//! One function for all kernels that differ in nothing but where their buffers are.
//!
//! Layers of a network repeat, and with them kernels. Such a kernel is emitted once, for a body
//! in which each of its buffers is a pointer, and each launch passes a frame of its own:
//!
//! ```text
//! body(frame):       own = [.., .., scratch, dims…, a, b]; nncrt_parallel_for(shared, own, items);
//!                    own = [.., .., scratch, dims…, b, c]; nncrt_parallel_for(shared, own, items)
//! shared(own, item, thread)
//! ```

use nnc_base::Table;
use nnc_graph::{Elem, RunDim};
use nnc_plan::{Body, BodyId, Buffer, BufferId, Kernel, KernelKind, Place, Plan};
use std::collections::BTreeMap;

/// Which launches of a plan share functions.
pub(crate) struct Sharing {
    pub(crate) kernels: Vec<SharedKernel>,
    launches: BTreeMap<(BodyId, usize), SharedLaunch>,
}

/// A kernel that is launched from several places.
pub(crate) struct SharedKernel {
    /// One of them, with buffers of `body`.
    pub(crate) kernel: Kernel,
    /// What it runs in: all buffers are pointers.
    pub(crate) body: Body,
}

/// A launch of a shared kernel.
pub(crate) struct SharedLaunch {
    /// Its place in [`Sharing::kernels`].
    pub(crate) kernel: usize,
    /// The caller's buffers, in the order of the kernel's pointers.
    pub(crate) pointers: Vec<BufferId>,
}

impl Sharing {
    pub(crate) fn of(plan: &Plan) -> Sharing {
        let mut launches = Vec::new();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (id, at, kernel) in plan.launches() {
            let (kind, pointers) = apart_from_place(&kernel.kind);
            let key = key(&kind, &pointers, &plan.bodies[id]);
            *counts.entry(key.clone()).or_default() += 1;
            launches.push((id, at, kernel, key, pointers));
        }
        let mut sharing = Sharing { kernels: Vec::new(), launches: BTreeMap::new() };
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        for (id, at, kernel, key, pointers) in launches {
            if counts[&key] < 2 {
                continue;
            }
            let kernels = &mut sharing.kernels;
            let number = *numbers.entry(key).or_insert_with(|| {
                kernels.push(shared(kernel, &plan.bodies[id], &pointers));
                kernels.len() - 1
            });
            sharing.launches.insert((id, at), SharedLaunch { kernel: number, pointers });
        }
        sharing
    }

    pub(crate) fn launch(&self, body: BodyId, at: usize) -> Option<&SharedLaunch> {
        self.launches.get(&(body, at))
    }

    /// The most pointers that a launch of this body passes to a shared kernel.
    pub(crate) fn most_pointers(&self, body: BodyId) -> usize {
        let own = self.launches.range((body, 0)..=(body, usize::MAX));
        own.map(|(_, launch)| launch.pointers.len()).max().unwrap_or(0)
    }
}

/// The kernel with its buffers numbered in the order it names them, and without the names of its
/// loops; and those buffers.
fn apart_from_place(kind: &KernelKind) -> (KernelKind, Vec<BufferId>) {
    let mut kind = kind.clone();
    let mut buffers: Vec<BufferId> = Vec::new();
    kind.visit_buffers(&mut |it| {
        let place = buffers.iter().position(|known| known == it).unwrap_or_else(|| {
            buffers.push(*it);
            buffers.len() - 1
        });
        *it = BufferId::from_raw(place as u32);
    });
    for loops in kind.loops_mut() {
        loops.iter_mut().for_each(|it| it.name.clear());
    }
    (kind, buffers)
}

/// All that a kernel's code depends on, in words: templates know of a buffer its elements, and of
/// one in scratch memory where it is.
fn key(kind: &KernelKind, buffers: &[BufferId], body: &Body) -> String {
    let places = buffers.iter().map(|&it| &body.buffers[it]);
    let places: Vec<(Elem, Option<&Place>)> = places
        .map(|it| (it.elem, Some(&it.place).filter(|it| matches!(it, Place::Scratch { .. }))))
        .collect();
    let dims: &[RunDim] = &body.dims;
    format!("{dims:?} {places:?} {kind:?}")
}

fn shared(kernel: &Kernel, body: &Body, pointers: &[BufferId]) -> SharedKernel {
    let mut buffers = Table::new();
    let mut places = Vec::new();
    for (at, &pointer) in pointers.iter().enumerate() {
        let buffer = &body.buffers[pointer];
        let place = match &buffer.place {
            it @ Place::Scratch { .. } => it.clone(),
            Place::Arena { .. } | Place::Pointer(_) | Place::Weights { .. } => {
                Place::Pointer(at as u32)
            }
        };
        places.push(buffers.push(Buffer { place, ..buffer.clone() }));
    }
    let (kind, _) = apart_from_place(&kernel.kind);
    let body = Body {
        name: body.name.clone(),
        graph: body.graph,
        dims: body.dims.clone(),
        pointers: places,
        outputs: Vec::new(),
        buffers,
        steps: Vec::new(),
        arena_bytes: 0,
        arena_lower_bound: 0,
        weights_bytes: 0,
        weights: Vec::new(),
        input_orders: Vec::new(),
        output_orders: Vec::new(),
        overwrites: Vec::new(),
    };
    SharedKernel { kernel: Kernel { kind, ..kernel.clone() }, body }
}
