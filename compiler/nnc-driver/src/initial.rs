//! What parameters are without a checkpoint.
//!
//! Each tensor has a random stream of its own, named by its path. With `fan_in` the
//! product of all axes but the first, and `fan_out` that of all but the second:
//!
//! | init | values |
//! |---|---|
//! | `zeros`, `ones`, a number | that |
//! | `normal(s)` | normal, mean 0, standard deviation s |
//! | `uniform(a, b)` | uniform from a to b |
//! | `kaiming` | normal, mean 0, standard deviation √(2 / fan_in) (He et al., 2015) |
//! | `xavier` | uniform within ±√(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010) |

use crate::{Error, Random, Tensor};
use nnc_hir::Init;

/// The values of a parameter, by the seed and the parameter's path.
pub(crate) fn initial(param: &nnc_lower::ParamInfo, seed: u64) -> Result<Tensor, Error> {
    let shape: Vec<usize> =
        param.shape.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect();
    let count: usize = shape.iter().product();
    let mut values = Distribution::of(&param.init, &shape)
        .ok_or_else(|| Error::internal(format!("init `{}` is not known", param.init.name)))?
        .stream(Random::new(seed, &param.name));
    let values: Vec<f64> = (0..count).map(|_| values()).collect();
    Ok(Tensor::from_floats(param.elem, shape, &values))
}

enum Distribution {
    Constant(f64),
    Normal(f64),
    Uniform(f64, f64),
}

impl Distribution {
    fn of(init: &Init, shape: &[usize]) -> Option<Distribution> {
        let all_but = |axis: usize| -> f64 {
            let others = shape.iter().enumerate().filter(|(at, _)| *at != axis || shape.len() < 2);
            others.map(|(_, size)| *size as f64).product()
        };
        let (fan_in, fan_out) = (all_but(0).max(1.0), all_but(1).max(1.0));
        Some(match (init.name.as_str(), init.args.as_slice()) {
            ("zeros", []) => Distribution::Constant(0.0),
            ("ones", []) => Distribution::Constant(1.0),
            ("constant", [value]) => Distribution::Constant(*value),
            ("normal", [deviation]) => Distribution::Normal(*deviation),
            ("uniform", [low, high]) => Distribution::Uniform(*low, *high),
            ("kaiming", []) => Distribution::Normal((2.0 / fan_in).sqrt()),
            ("xavier", []) => {
                let limit = (6.0 / (fan_in + fan_out)).sqrt();
                Distribution::Uniform(-limit, limit)
            }
            _ => return None,
        })
    }

    fn stream(self, mut random: Random) -> impl FnMut() -> f64 {
        move || match self {
            Distribution::Constant(value) => value,
            Distribution::Normal(deviation) => deviation * random.normal(),
            Distribution::Uniform(low, high) => low + (high - low) * random.uniform(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::initial;
    use nnc_base::{Name, Span};
    use nnc_graph::Elem;
    use nnc_hir::Init;

    fn values(name: &str, args: &[f64], shape: &[i64]) -> Vec<f32> {
        let info = nnc_lower::ParamInfo {
            name: "w".to_owned(),
            elem: Elem::F32,
            shape: shape.to_vec(),
            formulas: Vec::new(),
            init: Init { name: Name::new(name), args: args.to_vec() },
            span: Span::NONE,
            made: None,
        };
        initial(&info, 1).unwrap().to_f32()
    }

    fn deviation(values: &[f32]) -> f32 {
        (values.iter().map(|it| it * it).sum::<f32>() / values.len() as f32).sqrt()
    }

    #[test]
    fn constants_are_constant() {
        assert_eq!(values("ones", &[], &[2, 2]), [1.0; 4]);
        assert_eq!(values("constant", &[0.5], &[3]), [0.5; 3]);
    }

    #[test]
    fn kaiming_keeps_the_variance_through_a_rectifier() {
        let wide = values("kaiming", &[], &[64, 8, 5, 5]);
        let expected = (2.0f32 / 200.0).sqrt();
        assert!((deviation(&wide) / expected - 1.0).abs() < 0.05);
    }

    #[test]
    fn xavier_is_within_its_limits() {
        let limit = (6.0f32 / 96.0).sqrt();
        let all = values("xavier", &[], &[64, 32]);
        assert!(all.iter().all(|it| it.abs() <= limit));
        assert!((deviation(&all) / (limit / 3.0f32.sqrt()) - 1.0).abs() < 0.05);
    }

    #[test]
    fn the_same_seed_gives_the_same_values() {
        assert_eq!(values("normal", &[2.0], &[8]), values("normal", &[2.0], &[8]));
    }
}
