//! Amounts as they are written in limits: `5M`, `2.5ms`, `512KiB`, `median`.

use super::Metric;
use crate::Error;
use nnc_search::Bound;

/// The bound that a limit of a metric has.
pub(super) fn bound(metric: &Metric, text: &str) -> Result<Bound, Error> {
    let text = text.trim();
    if text == "median" {
        return Ok(Bound::Median);
    }
    let end = text.find(|it: char| !it.is_ascii_digit() && !".+-".contains(it));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let number: Option<f64> = number.parse().ok().filter(|it: &f64| it.is_finite());
    let scale = scale(metric, unit.trim());
    match (number, scale) {
        (Some(number), Some(scale)) => Ok(Bound::Value(number * scale)),
        _ => Err(wrong(metric, text)),
    }
}

fn scale(metric: &Metric, unit: &str) -> Option<f64> {
    Some(match (metric, unit) {
        (Metric::Latency, "s") => 1e3,
        (Metric::Latency, "ms") => 1.0,
        (Metric::Latency, "us" | "µs") => 1e-3,
        (Metric::Latency, _) => return None,
        (Metric::Memory, "" | "B") => 1.0,
        (Metric::Memory, "kB" | "KB") => 1e3,
        (Metric::Memory, "MB") => 1e6,
        (Metric::Memory, "GB") => 1e9,
        (Metric::Memory, "KiB") => 1024.0,
        (Metric::Memory, "MiB") => 1024.0 * 1024.0,
        (Metric::Memory, "GiB") => 1024.0 * 1024.0 * 1024.0,
        (Metric::Memory, _) => return None,
        (_, "") => 1.0,
        (_, "k" | "K") => 1e3,
        (_, "M") => 1e6,
        (_, "G") => 1e9,
        (_, "T") => 1e12,
        _ => return None,
    })
}

fn wrong(metric: &Metric, text: &str) -> Error {
    let name = metric.name();
    let (what, example) = match metric {
        Metric::Latency => ("a time", "2.5ms"),
        Metric::Memory => ("a number of bytes", "512KiB"),
        Metric::Params | Metric::Flops => ("a number", "5M"),
        Metric::Entry(_) => ("a number", "12.5"),
    };
    Error::usage(format!("`{text}` is no amount of {name}"))
        .help(format!("write {what}, such as {name}={example}, or {name}=median"))
}

#[cfg(test)]
mod tests {
    use super::bound;
    use crate::search::Metric;
    use nnc_search::Bound;

    #[test]
    fn amounts_have_the_units_of_their_metric() {
        let value = |metric: &Metric, text: &str| match bound(metric, text) {
            Ok(Bound::Value(value)) => value,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(value(&Metric::Params, "5M"), 5e6);
        assert_eq!(value(&Metric::Flops, "1.25 G"), 1.25e9);
        assert_eq!(value(&Metric::Memory, "512KiB"), 524_288.0);
        assert_eq!(value(&Metric::Latency, "2.5ms"), 2.5);
        assert_eq!(value(&Metric::Latency, "300us"), 0.3);
        assert_eq!(value(&Metric::Entry("score".to_owned()), "-3"), -3.0);
        assert_eq!(bound(&Metric::Flops, "median"), Ok(Bound::Median));
        for (metric, text) in [
            (Metric::Latency, "5"),
            (Metric::Latency, "5M"),
            (Metric::Params, "5MiB"),
            (Metric::Memory, "5ms"),
            (Metric::Params, "M"),
            (Metric::Params, ""),
            (Metric::Params, "1..2"),
        ] {
            assert!(bound(&metric, text).is_err(), "{text}");
        }
        insta::assert_snapshot!(
            bound(&Metric::Latency, "5").unwrap_err(),
            @"`5` is no amount of latency"
        );
    }
}
