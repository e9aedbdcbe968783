//! How large the parts of a transformer may become before a program is refused.

/// Values of one operation.
pub(crate) const VALUES: usize = 4096;
/// Combinations of values that a function at one position is tabulated for.
pub(crate) const COMBINATIONS: usize = 1 << 17;
/// Pairs of combinations that a condition of a selector is tabulated for.
pub(crate) const PAIRS: usize = 1 << 22;
/// Hidden units of one function.
pub(crate) const UNITS: usize = 1 << 14;
/// Operations of one expression.
pub(crate) const NODES: usize = 1 << 12;
