//! The command line of the nnc compiler.

fn main() {}
