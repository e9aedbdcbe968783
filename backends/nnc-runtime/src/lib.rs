//! What programs compiled by nnc link: thread pool, arena, tensor views.
