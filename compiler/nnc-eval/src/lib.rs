//! The reference evaluator of nnc graphs.
