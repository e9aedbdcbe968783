//! What stored elements become.

use half::{bf16, f16};
use insta::assert_snapshot;
use nnc_graph::Elem;

use super::build::{file, ramp, safetensors};
use crate::{Conversion, Stored, WeightFile, conversion};

fn tensor(dtype: &str, count: usize, data: &[u8]) -> WeightFile {
    let end = data.len();
    let header =
        format!(r#"{{"x":{{"dtype":"{dtype}","shape":[{count}],"data_offsets":[0,{end}]}}}}"#);
    file(safetensors(&header, data))
}

#[test]
fn every_pair_has_one_conversion() {
    let stored = [
        Stored::F64,
        Stored::F32,
        Stored::F16,
        Stored::BF16,
        Stored::F8E4M3,
        Stored::F8E5M2,
        Stored::Q4K,
        Stored::I64,
        Stored::I16,
        Stored::I8,
        Stored::U64,
        Stored::U8,
        Stored::Bool,
    ];
    let mut table = String::new();
    for stored in stored {
        let row = Elem::ALL.map(|elem| match conversion(stored, elem) {
            Conversion::Exact => format!("{elem} "),
            Conversion::Rounding => format!("~{elem} "),
            Conversion::Checked => format!("{elem}? "),
            Conversion::Impossible { .. } => String::new(),
        });
        table.push_str(&format!("{stored}: {}\n", row.concat().trim_end()));
    }
    assert_snapshot!(table, @r"
    f64: f64 ~f32 ~f16 ~bf16
    f32: f64 f32 ~f16 ~bf16
    f16: f64 f32 f16 ~bf16
    bf16: f64 f32 ~f16 bf16
    f8_e4m3: f64 f32 f16 bf16
    f8_e5m2: f64 f32 f16 bf16
    q4_K: f64 f32 ~f16 ~bf16
    i64: ~f64 ~f32 ~f16 ~bf16 i64 i32? i8? u8? bool?
    i16: f64 f32 ~f16 ~bf16 i64 i32 i8? u8? bool?
    i8: f64 f32 f16 bf16 i64 i32 i8 u8? bool?
    u64: ~f64 ~f32 ~f16 ~bf16 i64? i32? i8? u8? bool?
    u8: f64 f32 f16 bf16 i64 i32 i8? u8 bool?
    bool: f64 f32 f16 bf16 i64 i32 i8 u8 bool
    ");
}

#[test]
fn all_halves_widen_exactly_and_come_back() {
    let bits: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    for (dtype, elem) in [("F16", Elem::F16), ("BF16", Elem::BF16)] {
        let halves = tensor(dtype, 65536, &bits);
        let wide = halves.read("x", Elem::F32).unwrap();
        for (bits, wide) in (0..=u16::MAX).zip(wide.as_chunks().0) {
            let expected = match elem {
                Elem::F16 => f16::from_bits(bits).to_f32(),
                _ => bf16::from_bits(bits).to_f32(),
            };
            let wide = f32::from_le_bytes(*wide);
            assert!(wide == expected || wide.is_nan() && expected.is_nan(), "{bits}");
        }
        let wide = tensor("F32", 65536, &wide);
        let back = wide.read("x", elem).unwrap();
        for (bits, back) in (0..=u16::MAX).zip(back.as_chunks().0) {
            let back = u16::from_le_bytes(*back);
            let nan = f16::from_bits(bits).is_nan() || bf16::from_bits(bits).is_nan();
            assert!(back == bits || nan, "{bits} {back}");
        }
        assert_eq!(halves.read("x", elem).unwrap(), bits);
    }
}

#[test]
fn narrowing_rounds_once() {
    // Just above the middle of two halves, which rounding to f32 first would make the
    // middle itself.
    let above = 1.0 + 2f64.powi(-11) + 2f64.powi(-40);
    let values =
        [above, -above, 1.0 + 2f64.powi(-11), 65519.9, 2f64.powi(-25) * (1.0 + 1e-12), 0.0];
    let doubles = tensor("F64", 6, &values.map(f64::to_le_bytes).concat());
    let halves = doubles.read("x", Elem::F16).unwrap();
    let halves: Vec<f64> =
        halves.as_chunks().0.iter().map(|it| f16::from_le_bytes(*it).to_f64()).collect();
    let up = 1.0 + 2f64.powi(-10);
    assert_eq!(halves, [up, -up, 1.0, 65504.0, 2f64.powi(-24), 0.0]);
    let above = 1.0 + 2f64.powi(-8) + 2f64.powi(-40);
    let doubles = tensor("F64", 2, &[above.to_le_bytes(), f64::NAN.to_le_bytes()].concat());
    let brains = doubles.read("x", Elem::BF16).unwrap();
    assert_eq!(bf16::from_le_bytes([brains[0], brains[1]]).to_f64(), 1.0 + 2f64.powi(-7));
    assert!(bf16::from_le_bytes([brains[2], brains[3]]).is_nan());
    let ints = tensor(
        "I64",
        2,
        &[((1i64 << 62) + (1 << 54) + 1).to_le_bytes(), (-3i64).to_le_bytes()].concat(),
    );
    let brains = ints.read("x", Elem::BF16).unwrap();
    assert_eq!(bf16::from_le_bytes([brains[0], brains[1]]).to_f64(), 2f64.powi(62) + 2f64.powi(55));
    assert_eq!(bf16::from_le_bytes([brains[2], brains[3]]).to_f64(), -3.0);
}

#[test]
fn eight_bit_floats_have_the_values_of_their_standard() {
    // OCP 8-bit floating point, table 1: extremes of both formats.
    let e4m3 = tensor("F8_E4M3", 5, &[0x7e, 0x01, 0x08, 0xb8, 0x7f]);
    let read = e4m3.read("x", Elem::F64).unwrap();
    let read: Vec<f64> = read.as_chunks().0.iter().map(|it| f64::from_le_bytes(*it)).collect();
    assert_eq!(read[..4], [448.0, 2f64.powi(-9), 2f64.powi(-6), -1.0]);
    assert!(read[4].is_nan());
    let e5m2 = tensor("F8_E5M2", 4, &[0x7b, 0x01, 0x7c, 0xbc]);
    let read = e5m2.read("x", Elem::F64).unwrap();
    let read: Vec<f64> = read.as_chunks().0.iter().map(|it| f64::from_le_bytes(*it)).collect();
    assert_eq!(read, [57344.0, 2f64.powi(-16), f64::INFINITY, -1.0]);
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let mut wide = ramp(3000);
    wide[4 * 2500..4 * 2501].copy_from_slice(&1e6f32.to_le_bytes());
    let wide = tensor("F32", 3000, &wide);
    assert_snapshot!(wide.read("x", Elem::F16).unwrap_err(), @"`w.bin`: tensor `x` has 1000000.0 at [2500], which f16 cannot hold; read it as a wider type");
    assert!(wide.read("x", Elem::BF16).is_ok());
    assert_snapshot!(wide.read("x", Elem::I32).unwrap_err(), @"`w.bin`: tensor `x` is stored as f32, which cannot be read as i32; read it as a float, and convert in the program");
    let ints = tensor("I64", 2, &[0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0]);
    assert_snapshot!(ints.read("x", Elem::I32).unwrap_err(), @"`w.bin`: tensor `x` has 4294967295 at [1], which i32 cannot hold; read it as a wider type");
    assert_snapshot!(ints.read("x", Elem::Bool).unwrap_err(), @"`w.bin`: tensor `x` has 4294967295 at [1], which bool cannot hold; read it as a wider type");
    assert_eq!(ints.read("x", Elem::F64).unwrap()[8..], 4294967295f64.to_le_bytes());
    let bools = tensor("BOOL", 3, &[1, 0, 2]);
    assert_snapshot!(bools.read("x", Elem::Bool).unwrap_err(), @"`w.bin`: tensor `x` has the byte 2 at [2], which bool cannot hold; read it as a wider type");
    let infinite =
        tensor("F64", 2, &[f64::INFINITY.to_le_bytes(), 1e300f64.to_le_bytes()].concat());
    assert_snapshot!(infinite.read("x", Elem::F32).unwrap_err(), @"`w.bin`: tensor `x` has 1e300 at [1], which f32 cannot hold; read it as a wider type");
    let huge = tensor("U64", 1, &[255; 8]);
    assert_eq!(huge.read("x", Elem::F64).unwrap(), 18446744073709551616f64.to_le_bytes());
    assert_snapshot!(huge.read("x", Elem::I64).unwrap_err(), @"`w.bin`: tensor `x` has 18446744073709551615 at [0], which i64 cannot hold; read it as a wider type");
    let opaque = tensor("F4", 2, &[0]);
    assert_snapshot!(opaque.read("x", Elem::F32).unwrap_err(), @"`w.bin`: tensor `x` is stored as f4, which cannot be read as f32; nnc does not read this type; convert the file, for instance to f16");
}

#[test]
fn values_that_are_no_numbers_are_found() {
    let mut data = ramp(5000);
    data[4 * 4000..4 * 4001].copy_from_slice(&f32::NEG_INFINITY.to_le_bytes());
    data[4 * 4001..4 * 4002].copy_from_slice(&f32::NAN.to_le_bytes());
    let header = r#"{"good":{"dtype":"F32","shape":[10],"data_offsets":[0,40]},"bad":{"dtype":"F32","shape":[31,160],"data_offsets":[40,19880]},"ints":{"dtype":"I32","shape":[30],"data_offsets":[19880,20000]}}"#;
    let found = file(safetensors(header, &data)).non_finite().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].tensor.as_str(), found[0].count), ("bad", 2));
    assert_eq!(found[0].index, [24, 150]);
    assert_eq!(found[0].value, f64::NEG_INFINITY);
    let doubles = [1.0, f64::NAN].map(f64::to_le_bytes).concat();
    assert_eq!(tensor("F64", 2, &doubles).non_finite().unwrap()[0].index, [1]);
}
