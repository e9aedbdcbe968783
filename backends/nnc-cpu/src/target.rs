//! The CPUs that code is made for.

use inkwell::targets::TargetMachine;
use nnc_mlir::Features;
use nnc_plan::Machine;

/// A CPU as LLVM and the templates see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// As written in `--cpu=`.
    pub name: String,
    /// LLVM's name of the CPU and its feature list.
    pub cpu: String,
    pub features: String,
    pub machine: Machine,
    /// Has fused multiply-add.
    pub fma: bool,
    /// Converts between f16 and f32.
    pub f16c: bool,
    /// Rounds floats to integers (SSE4.1).
    pub round: bool,
    /// Dot products of bytes (AVX512-VNNI).
    pub vnni: bool,
    /// Dot products of bf16 (AVX512-BF16).
    pub bf16: bool,
}

/// What may be written in `--cpu=`.
pub const NAMES: [&str; 4] = ["host", "avx512", "avx2", "baseline"];

impl Target {
    /// The target of a name, one of [`NAMES`].
    pub fn named(name: &str) -> Option<Target> {
        match name {
            "host" => Some(Target::host()),
            "avx512" => Some(Target::fixed(name, "skylake-avx512", Machine::AVX512)),
            "avx2" => Some(Target::fixed(name, "haswell", Machine::AVX2)),
            "baseline" => Some(Target::fixed(name, "x86-64", Machine::SSE2)),
            _ => None,
        }
    }

    /// The machine that this runs on.
    pub fn host() -> Target {
        let cpu = TargetMachine::get_host_cpu_name().to_string();
        let features = TargetMachine::get_host_cpu_features().to_string();
        let has =
            |feature: &str| features.split(',').any(|it| it.strip_prefix('+') == Some(feature));
        let avx512 = ["avx512f", "avx512bw", "avx512dq", "avx512vl"].into_iter().all(has);
        let avx2 = has("avx2") && has("fma");
        let machine = if avx512 {
            Machine::AVX512
        } else if avx2 {
            Machine::AVX2
        } else {
            Machine::SSE2
        };
        Target {
            name: "host".to_owned(),
            fma: has("fma"),
            f16c: has("f16c"),
            round: has("sse4.1"),
            vnni: avx512 && has("avx512vnni"),
            bf16: avx512 && has("avx512bf16"),
            cpu,
            features,
            machine,
        }
    }

    fn fixed(name: &str, cpu: &str, machine: Machine) -> Target {
        let modern = machine != Machine::SSE2;
        Target {
            name: name.to_owned(),
            cpu: cpu.to_owned(),
            // Explicit vectors are as wide as they are meant to be.
            features: String::new(),
            machine,
            fma: modern,
            f16c: modern,
            round: modern,
            vnni: false,
            bf16: false,
        }
    }

    /// 32-bit lanes of a vector register.
    pub fn lanes(&self) -> u32 {
        self.machine.lanes
    }

    /// Whether the machine that this runs on can run code for the target.
    pub fn runs_here(&self) -> bool {
        let host = Target::host();
        self.machine.lanes <= host.machine.lanes
            && self.machine.registers <= host.machine.registers
            && (host.fma || !self.fma)
            && (host.f16c || !self.f16c)
            && (host.round || !self.round)
            && (host.vnni || !self.vnni)
            && (host.bf16 || !self.bf16)
    }

    /// What emitted code may rely on.
    pub fn emits(&self) -> Features {
        Features { fma: self.fma, f16: self.f16c, round: self.round }
    }
}
