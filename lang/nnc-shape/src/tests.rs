//! Tests of the crate as a whole.

mod normal_form;
