//! The weights of a plan: parameters as the kernels want them, in one blob.
//!
//! [`pack_weights`] computes what parameters alone decide, lays every tensor out as its
//! slot says, and keeps the result in the [`Cache`], under the hash of all it depends on:
//! a second start maps the file and computes nothing.

mod cache;
mod fill;

pub use cache::Cache;

use crate::file::Unfinished;
use crate::runner::no_memory;
use crate::{Error, Params, Progress};
use memmap2::MmapMut;
use nnc_graph::{Graph, GraphId, Module, Op};
use nnc_plan::{Plan, WeightSource};
use nnc_runtime::{Arena, Blob};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Changes when the same inputs give other bytes.
const FORMAT: &str = "nnc packed weights 1";

/// The weights of a plan that was made from `module`.
///
/// While they are computed, memory beside the blob holds one parameter a thread; with a
/// cache the blob itself is a file that is mapped and written in place.
pub fn pack_weights(
    module: &Module,
    plan: &Plan,
    params: &Params<'_>,
    cache: Option<&Cache>,
    progress: &dyn Progress,
) -> Result<Blob, Error> {
    // What starts as random numbers is not worth keeping.
    let identity = match cache {
        Some(cache) => params.identity(cache, progress)?,
        None => None,
    };
    let (Some(cache), Some(identity)) = (cache, identity) else {
        return in_memory(module, plan, params, progress);
    };
    let path = cache.packed(&key(module, plan, &identity));
    if let Some(blob) = cache.find(&path, plan.weights_bytes) {
        return Ok(blob);
    }
    // A cache that cannot be written is no reason to stop.
    let Ok(unfinished) = Unfinished::beside(&path) else {
        return in_memory(module, plan, params, progress);
    };
    if reserve(&unfinished, plan.weights_bytes).is_err() {
        return in_memory(module, plan, params, progress);
    }
    // SAFETY: nobody else knows the file's name, and every pattern of bits is a byte.
    #[expect(unsafe_code, reason = "mapping a file is unsafe")]
    let map = unsafe { MmapMut::map_mut(&unfinished.file) };
    let Ok(mut map) = map else { return in_memory(module, plan, params, progress) };
    fill::fill(module, plan, params, &mut map, progress)?;
    drop(map);
    unfinished.finish(&path)?;
    cache.make_room(&path);
    Blob::open(&path).map_err(|error| Error::input(error.to_string()))
}

/// Takes the disk's space now: a mapped file that finds none later ends the process.
fn reserve(unfinished: &Unfinished, bytes: u64) -> std::io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = &unfinished.file;
    let zeros = vec![0u8; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let count = left.min(zeros.len() as u64);
        file.write_all(&zeros[..count as usize])?;
        left -= count;
    }
    file.seek(SeekFrom::Start(0)).map(|_| ())
}

fn in_memory(
    module: &Module,
    plan: &Plan,
    params: &Params<'_>,
    progress: &dyn Progress,
) -> Result<Blob, Error> {
    let bytes = usize::try_from(plan.weights_bytes).unwrap_or(usize::MAX);
    let mut arena = Arena::zeroed(bytes).map_err(no_memory)?;
    fill::fill(module, plan, params, arena.as_bytes_mut(), progress)?;
    Ok(Blob::from_arena(arena))
}

/// The hash of all that the packed bytes depend on.
fn key(module: &Module, plan: &Plan, identity: &str) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(FORMAT);
    add(env!("CARGO_PKG_VERSION"));
    add(identity);
    for slot in &plan.weights {
        add(&format!("{slot:?}"));
    }
    add(&derivations(module, plan));
    hex(&hash.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of the graphs that derive parameters, which has no places of the program in
/// it, so that a change of another part leaves it as it is.
fn derivations(module: &Module, plan: &Plan) -> String {
    let mut wanted: Vec<GraphId> = Vec::new();
    for slot in &plan.weights {
        graphs_of(&slot.source, &mut wanted);
    }
    let mut needed: BTreeSet<GraphId> = BTreeSet::new();
    while let Some(id) = wanted.pop() {
        if !needed.insert(id) {
            continue;
        }
        for (_, node) in module.graphs[id].nodes() {
            match &node.op {
                Op::Call(call) => wanted.push(call.callee),
                Op::Scan(scan) => wanted.push(scan.body),
                Op::Input(_)
                | Op::Param(_)
                | Op::Const(_)
                | Op::Nest(_)
                | Op::Write { .. }
                | Op::Order { .. }
                | Op::Running(_)
                | Op::Scatter { .. }
                | Op::Reshape => {}
            }
        }
    }
    let graphs = module
        .graphs
        .iter()
        .map(|(id, graph)| if needed.contains(&id) { graph.clone() } else { Graph::new("") });
    Module { graphs: graphs.collect(), entries: Vec::new() }.to_string()
}

fn graphs_of(source: &WeightSource, graphs: &mut Vec<GraphId>) {
    if let WeightSource::Derived { graph, from } = source {
        graphs.push(*graph);
        from.iter().for_each(|it| graphs_of(it, graphs));
    }
}

#[cfg(test)]
mod tests;
