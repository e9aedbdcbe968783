//! The loop of a search.

use crate::aims::{Limits, Worth};
use crate::log::Record;
use crate::search::Search;
use crate::space::Member;

/// Finds what a member is worth.
pub trait Evaluate {
    type Error;

    /// Looks at the metrics of a member in order of what they cost, and may stop at the
    /// first that breaks a limit. What is wrong with this member alone is its
    /// [`Worth::failure`]; an error ends the search.
    fn evaluate(&mut self, member: &Member, limits: Limits<'_>) -> Result<Worth, Self::Error>;
}

/// Goes on until the search is over; `finished` is told of each member before the next.
pub fn run<E: Evaluate>(
    search: &mut Search<'_>,
    evaluator: &mut E,
    finished: &mut dyn FnMut(&Record) -> Result<(), E::Error>,
) -> Result<(), E::Error> {
    while let Some(member) = search.propose() {
        let limits = search.limits();
        let worth = evaluator.evaluate(&member, &limits)?;
        let record = Record { number: search.found().len(), member, worth };
        finished(&record)?;
        search.record(record.member, record.worth);
    }
    Ok(())
}
