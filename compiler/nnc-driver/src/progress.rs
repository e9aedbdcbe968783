//! Telling how far long work is.

/// Whoever shows progress. Called from several threads.
pub trait Progress: Sync {
    /// Work of this kind starts: `total` steps of it, which may be bytes.
    fn begin(&self, what: &str, total: u64);

    fn advance(&self, by: u64);

    /// The work that began last is done.
    fn end(&self);
}

/// Shows nothing.
impl Progress for () {
    fn begin(&self, _: &str, _: u64) {}

    fn advance(&self, _: u64) {}

    fn end(&self) {}
}
