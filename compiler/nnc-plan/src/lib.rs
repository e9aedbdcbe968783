//! The plan: a graph cut into kernels, with schedules and memory as data.
//!
//! A [`Plan`] is what every back end emits code from. Read [`Body`] and [`Step`]
//! for how a program runs, then [`Kernel`] for what one launch computes. The way
//! there: [`plan()`] chooses layouts, recognises patterns, orders the launches and
//! places every buffer in one arena.
//!
//! Neighbouring kernels may become one: stages that share a loop, and chains ([`Chain`]) that
//! take turns over rows.
//!
//! A kernel speaks of loops and addresses alone: which index map of the graph
//! they came from, or what layout a buffer has, is settled here. All sizes,
//! strides and offsets count elements and may depend on the body's run-time dims.
//!
//! This crate does not know any instruction set, MLIR, or how a schedule becomes
//! code; a [`Machine`] tells it lane counts, register counts and cache sizes.

mod address;
mod attention;
mod body;
mod buffer;
mod contraction;
mod flat;
mod kernel;
mod layout;
mod machine;
mod memory;
mod plan;
mod program;
mod schedule;
mod stage;
mod text;
mod tile;
mod window;
mod work;

pub use address::{Address, DataIndex};
pub use buffer::{Buffer, BufferId, Place};
pub use kernel::{
    Attention, Batch, Border, BorderAxis, Chain, Contraction, ContractionSchedule, Kernel,
    KernelKind, Loop, LoopRole, Matrix, Part, Sort, Stage, StageKind, Stages, Tile, Window,
};
pub use machine::Machine;
pub use plan::{PlanError, plan};
pub use program::{Body, BodyId, Packing, Plan, PlanEntry, Step, WeightSlot, WeightSource};
pub use work::Work;
