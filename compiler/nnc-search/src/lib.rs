//! Search of a space of networks.
//!
//! A [`Space`] is a list of holes with a number of candidates each, and a [`Member`] chooses
//! one for every hole. A [`Search`] says which member comes next, from a seed and from what
//! was found so far and nothing else, so that a search which is told its own log again goes
//! on where the log ends. [`run`] asks an [`Evaluate`] what each member is worth.
//!
//! Read [`Space`], then [`Aims`], which tells better from worse, then [`Search`].
//!
//! This crate does not know what a candidate is or how a metric is found: it compiles
//! nothing, opens no file and has no clock.

mod aims;
mod front;
mod log;
mod picture;
mod run;
mod search;
mod space;
mod strategy;

pub use aims::{Aims, Bound, Direction, Goal, Limit, Limits, Worth};
pub use front::{best, front};
pub use log::{Header, Log, LogError, Record, read};
pub use picture::{Axis, picture};
pub use run::{Evaluate, run};
pub use search::{Finished, Search};
pub use space::{Dice, Member, Slot, Space};
pub use strategy::Strategy;

#[cfg(test)]
mod tests;
