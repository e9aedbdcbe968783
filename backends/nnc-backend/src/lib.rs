//! What a back end of nnc takes and gives.
