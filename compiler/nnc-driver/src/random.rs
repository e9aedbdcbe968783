//! Random numbers that are the same on every machine and in every order.
//!
//! Number `i` of a stream is a function of the seed, the stream's name and `i`, so that
//! a tensor's values do not depend on which others there are. The mixing function is the
//! finaliser of SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number
//! Generators*, 2014) over a counter.

/// A stream of random numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Random {
    key: u64,
    next: u64,
}

/// 2^64 divided by the golden ratio, odd: the step of the counter.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Random {
    /// The stream with a name.
    pub fn new(seed: u64, name: &str) -> Random {
        let key = name
            .bytes()
            .fold(mix(seed ^ STEP), |key, byte| mix(key.wrapping_add(STEP) ^ u64::from(byte)));
        Random { key, next: 0 }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.next = self.next.wrapping_add(STEP);
        mix(self.key.wrapping_add(self.next))
    }

    /// Uniform in `0.0..1.0`, a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..bound`; 0 for a bound below 1.
    pub fn below(&mut self, bound: i64) -> i64 {
        let bound = u64::try_from(bound).unwrap_or(0);
        // The high part of a product; its bias is below 2^-31 for any table there is.
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as i64
    }

    /// Normal, with mean 0 and standard deviation 1 (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        // Above 0, so that the logarithm is finite.
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn streams_are_told_apart_by_seed_and_name() {
        let first = |seed, name| Random::new(seed, name).bits();
        assert_eq!(first(1, "x"), first(1, "x"));
        let all = [first(0, "x"), first(1, "x"), first(0, "y"), first(0, ""), first(0, "xx")];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one));
        }
    }

    #[test]
    fn the_numbers_do_not_change_between_versions() {
        let mut random = Random::new(7, "blocks.0.weight");
        let numbers = [random.bits(), random.bits(), random.bits()].map(|it| format!("{it:016x}"));
        insta::assert_snapshot!(numbers.join(" "), @"37cd6854c61a2adb 62aa17069e9edd70 c32a9c7955770f27");
    }

    #[test]
    fn distributions_have_their_moments() {
        let mut random = Random::new(0, "moments");
        let count = 100_000;
        let moments = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / count as f64;
            let variance = values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / count as f64;
            (mean, variance)
        };
        let normal: Vec<f64> = (0..count).map(|_| random.normal()).collect();
        let (mean, variance) = moments(&normal);
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        let uniform: Vec<f64> = (0..count).map(|_| random.uniform()).collect();
        let (mean, variance) = moments(&uniform);
        assert!((mean - 0.5).abs() < 0.01 && (variance - 1.0 / 12.0).abs() < 0.01);
        let mut seen = [0; 5];
        (0..count).for_each(|_| seen[random.below(5) as usize] += 1);
        assert!(seen.iter().all(|it| (19_000..21_000).contains(it)), "{seen:?}");
        assert_eq!(random.below(0), 0);
    }
}
