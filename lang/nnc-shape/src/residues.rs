//! Polynomials over a number, decided by all remainders that the variables can have.
//!
//! So `T*(T - 1) / 2` is exact: of two numbers in a row one is even.

use nnc_base::Name;

use crate::dim::{Atom, Dim};
use crate::facts::Verdict;

/// More remainders than these are not gone through.
const MOST_TRIED: i64 = 1024;

/// Whether a number divides a polynomial, whatever the variables are; unknown where it has other
/// parts than variables.
pub(crate) fn judge_residues(divisor: i64, of: &Dim) -> Verdict {
    let mut plain = true;
    of.visit_atoms(&mut |atom| plain &= matches!(atom, Atom::Var(_)));
    let vars: Vec<Name> = of.vars().into_iter().collect();
    let mut cases: i64 = 1;
    for _ in &vars {
        cases = cases.saturating_mul(divisor);
    }
    if !plain || divisor <= 0 || cases > MOST_TRIED {
        return Verdict::Unknown;
    }
    let divides = |case: i64| {
        let size = |name: Name| {
            let index = vars.iter().position(|it| *it == name)?;
            Some(case / divisor.pow(u32::try_from(index).ok()?) % divisor)
        };
        of.eval(&size).map(|value| value % divisor == 0)
    };
    let mut verdicts = (0..cases).map(divides);
    match verdicts.next().flatten() {
        Some(first) if verdicts.all(|it| it == Some(first)) => {
            if first {
                Verdict::Proven
            } else {
                Verdict::Refuted
            }
        }
        _ => Verdict::Unknown,
    }
}
