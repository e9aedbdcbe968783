//! The phases of the nnc compiler in order.
