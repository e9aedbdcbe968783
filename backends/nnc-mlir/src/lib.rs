//! MLIR module building and lowering for nnc back ends.
