//! A size that has few values, such as a stride of 1 or 2: what holds at each of them holds.

use nnc_base::Name;

use crate::dim::Dim;
use crate::fact::Fact;
use crate::facts::{Facts, Verdict};

/// Sizes with more values are not gone through.
const MOST_VALUES: i64 = 8;
/// Nor are the values of more variables than these, one in another.
pub(crate) const MOST_ASSUMED: u8 = 1;
/// Nor are any where the facts leave more choices: all cases are gone through at each value.
const MOST_CHOICES: usize = 1;

impl Facts {
    /// What is the same at all values of a variable that has few.
    pub(crate) fn verdict_by_values(&self, question: &Fact, canonical: &Fact) -> Verdict {
        let values = |name: &Name| {
            let (low, high) = self.range(&Dim::var(*name));
            let (low, high) = (low?, high?);
            (low < high && high.checked_sub(low)? < MOST_VALUES).then_some((*name, low, high))
        };
        if self.values_assumed == MOST_ASSUMED || self.choices.len() > MOST_CHOICES {
            return Verdict::Unknown;
        }
        let vars = question.vars();
        let fewest = vars.iter().filter_map(values).min_by_key(|(_, low, high)| high - low);
        let Some((name, low, high)) = fewest else { return Verdict::Unknown };
        let mut verdict = None;
        for value in low..=high {
            let mut here = self.clone();
            here.values_assumed += 1;
            here.assume_equal(&Dim::var(name), &Dim::constant(value));
            if here.contradictory() {
                continue;
            }
            match (here.verdict(question, canonical), verdict) {
                (Verdict::Unknown, _) => return Verdict::Unknown,
                (found, Some(before)) if found != before => return Verdict::Unknown,
                (found, _) => verdict = Some(found),
            }
        }
        verdict.unwrap_or(Verdict::Unknown)
    }
}
