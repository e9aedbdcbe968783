//! The CPU back end of nnc: kernel templates, objects and JIT.
