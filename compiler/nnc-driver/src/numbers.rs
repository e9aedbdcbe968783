//! Numbers as people read them.

/// `109,482,240`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `11.17 G`, in powers of a thousand.
pub fn amount(number: f64) -> String {
    scaled(number, 1000.0, &["", " k", " M", " G", " T", " P", " E"])
}

/// `417.6 MiB`, in powers of 1024.
pub fn bytes(number: f64) -> String {
    scaled(number, 1024.0, &[" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"])
}

/// The middle one in order; NaN of none.
pub fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn scaled(number: f64, step: f64, units: &[&str]) -> String {
    let mut number = number;
    let mut at = 0;
    while number.abs() >= step && at + 1 < units.len() {
        number /= step;
        at += 1;
    }
    let digits = if at == 0 || number >= 1000.0 {
        0
    } else if number >= 100.0 {
        1
    } else {
        2
    };
    format!("{number:.digits$}{}", units[at])
}

#[cfg(test)]
mod tests {
    use super::{amount, bytes, count};

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!([0, 999, 1000, 25_557_032].map(count), ["0", "999", "1,000", "25,557,032"]);
        assert_eq!([0.0, 999.0, 4.0891e9].map(amount), ["0", "999", "4.09 G"]);
        assert_eq!([12.0, 2048.0, 1.5e9].map(bytes), ["12 B", "2.00 KiB", "1.40 GiB"]);
    }
}
