//! Symbolic dimensions of nnc: normal form, facts, proofs and witnesses.
