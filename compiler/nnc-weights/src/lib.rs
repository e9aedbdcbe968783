//! Weight files and checkpoint maps of nnc.
