//! What members are measured by.

/// A number that a member has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Metric {
    /// Elements that training changes.
    Params,
    /// Floating-point operations of a call.
    Flops,
    /// Bytes of values on the way that live at one time.
    Memory,
    /// Milliseconds of a call, as if the machine were as fast as when the search began.
    Latency,
    /// What an entry without state gives for random inputs and random parameters.
    Entry(String),
}

impl Metric {
    /// The metrics that have names of their own; every other name is one of an entry.
    pub const FIXED: [Metric; 4] = [Metric::Params, Metric::Flops, Metric::Memory, Metric::Latency];

    pub fn of_name(name: &str) -> Metric {
        let fixed = Metric::FIXED.into_iter().find(|it| it.name() == name);
        fixed.unwrap_or_else(|| Metric::Entry(name.to_owned()))
    }

    pub fn name(&self) -> &str {
        match self {
            Metric::Params => "params",
            Metric::Flops => "flops",
            Metric::Memory => "memory",
            Metric::Latency => "latency",
            Metric::Entry(name) => name,
        }
    }

    /// The unit in which a value is read at a glance, and what values are divided by for it.
    pub fn scale(&self, value: f64) -> (&'static str, f64) {
        let pick = |units: &[(&'static str, f64)]| {
            let fits = units.iter().rev().find(|(_, scale)| value.abs() >= *scale);
            fits.copied().unwrap_or(units[0])
        };
        match self {
            Metric::Params | Metric::Flops => {
                pick(&[("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)])
            }
            Metric::Memory => pick(&[
                ("B", 1.0),
                ("KiB", 1024.0),
                ("MiB", 1024.0 * 1024.0),
                ("GiB", 1024.0 * 1024.0 * 1024.0),
            ]),
            Metric::Latency => pick(&[("µs", 1e-3), ("ms", 1.0), ("s", 1e3)]),
            Metric::Entry(_) => ("", 1.0),
        }
    }

    /// A value with its unit.
    pub fn show(&self, value: f64) -> String {
        let (unit, scale) = self.scale(value);
        let digits = match self {
            Metric::Params | Metric::Flops | Metric::Memory if scale == 1.0 => 0,
            Metric::Params | Metric::Flops | Metric::Memory => 2,
            Metric::Latency | Metric::Entry(_) => 3,
        };
        let blank = if unit.is_empty() { "" } else { " " };
        format!("{:.digits$}{blank}{unit}", value / scale)
    }
}
