//! Kernels, schedules and memory plan of an nnc graph.
