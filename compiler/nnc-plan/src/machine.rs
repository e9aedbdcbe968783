//! What the planner needs to know of the machine.

/// A CPU, as far as schedules depend on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// 32-bit lanes of a vector register: 16 for AVX-512, 8 for AVX2, 4 for SSE2.
    pub lanes: u32,
    /// Vector registers: 32 or 16.
    pub registers: u32,
    /// Bytes of the first- and second-level data caches of a core.
    pub l1_bytes: u64,
    pub l2_bytes: u64,
}

impl Machine {
    pub const AVX512: Machine =
        Machine { lanes: 16, registers: 32, l1_bytes: 48 << 10, l2_bytes: 1 << 20 };
    pub const AVX2: Machine =
        Machine { lanes: 8, registers: 16, l1_bytes: 32 << 10, l2_bytes: 512 << 10 };
    pub const SSE2: Machine =
        Machine { lanes: 4, registers: 16, l1_bytes: 32 << 10, l2_bytes: 256 << 10 };
}
