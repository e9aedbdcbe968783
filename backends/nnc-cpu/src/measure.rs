//! What the machine can do at most, by code from the same builder as the kernels.
//!
//! Ratios to these figures, taken in the same run, compare across machines and noise.

use crate::Target;
use crate::jit::{Import, Loaded};
use crate::machine_code::{Form, machine_code};
use nnc_backend::CompileError;
use nnc_mlir::{Kind, Linkage, Module, Type, Value};
use nnc_runtime::{Arena, pool};
use std::time::Instant;

/// Turns of the multiply-add loop in one item.
const TURNS: i64 = 20_000;

/// Loops that do nothing but multiply and add, or nothing but read.
pub struct Measure {
    lanes: u32,
    chains: u32,
    memory: Arena,
    multiply_add: pool::Body,
    read: pool::Body,
    _code: Loaded,
}

impl Measure {
    /// Loops for the machine that this runs on, the reading one over so many bytes.
    pub fn new(bytes: usize) -> Result<Measure, CompileError> {
        let internal = |error: nnc_mlir::InternalError| CompileError::Internal {
            what: error.what,
            ir: error.ir,
        };
        let target = Target::host();
        let lanes = target.lanes();
        let chains = if target.machine.registers >= 32 { 24 } else { 12 };
        let module = Module::new(target.emits());
        let parameters = [Type::POINTER, Type::I64, Type::I64];
        let vector = Kind::F32.lanes(lanes);
        module.function("multiply_add", &parameters, Linkage::External, |b, arguments| {
            let word = b.offset(arguments[0], Kind::I64, b.int(0));
            let memory = b.load(word, Type::POINTER);
            let factor = b.load(memory, vector);
            let sums: Vec<Value> = (0..chains).map(|it| b.float(vector, f64::from(it))).collect();
            let sums = b.repeat(b.int(0), b.int(TURNS), 1, &sums, |_, sums| {
                sums.iter().map(|&sum| b.fma(sum, factor, factor)).collect()
            });
            // Looks at every sum and stores next to nothing.
            let total = sums.iter().copied().reduce(|left, right| b.add(left, right));
            let total = b.reduce_lanes(total.unwrap_or(factor), |left, right| b.add(left, right));
            let place = b.add(b.mul(arguments[2], b.int(16)), b.int(16));
            b.store(total, b.offset(memory, Kind::F32, place));
        });
        module.function("read", &parameters, Linkage::External, |b, arguments| {
            let word = |at: i64, ty: Type| b.load(b.offset(arguments[0], Kind::I64, b.int(at)), ty);
            let (memory, count) = (word(0, Type::POINTER), word(1, Type::I64));
            let from = b.mul(arguments[1], count);
            let end = b.add(from, count);
            let step = i64::from(8 * lanes);
            let sums = vec![b.zero(vector); 8];
            let sums = b.repeat(from, end, step, &sums, |at, sums| {
                let row = b.offset(memory, Kind::F32, at);
                b.prefetch(b.offset(row, Kind::F32, b.int(1024)));
                b.prefetch(b.offset(row, Kind::F32, b.int(1024 + 64)));
                sums.iter()
                    .enumerate()
                    .map(|(q, &sum)| {
                        let place = b.int(q as i64 * i64::from(lanes));
                        b.add(sum, b.load(b.offset(row, Kind::F32, place), vector))
                    })
                    .collect()
            });
            let total = sums.iter().copied().reduce(|left, right| b.add(left, right));
            let total = b.reduce_lanes(total.unwrap_or(sums[0]), |left, right| b.add(left, right));
            let result = b.offset(arguments[0], Kind::I64, b.add(arguments[2], b.int(2)));
            b.store(total, result);
        });
        let object = machine_code(&module, &target, Form::Object, None).map_err(internal)?;
        let no_imports: [Import; 0] = [];
        let code = Loaded::new(&object, &no_imports).map_err(internal)?;
        let body = |name: &str| -> Result<pool::Body, CompileError> {
            let address = code.address(name).map_err(internal)?;
            // SAFETY: both functions were built with this signature.
            #[expect(unsafe_code, reason = "compiled code")]
            Ok(unsafe { std::mem::transmute::<usize, pool::Body>(address) })
        };
        let (multiply_add, read) = (body("multiply_add")?, body("read")?);
        let step = 8 * lanes as usize * size_of::<f32>() * pool::MAX_THREADS;
        let bytes = bytes.next_multiple_of(step);
        let memory =
            Arena::zeroed(bytes).map_err(|error| CompileError::Environment(error.to_string()))?;
        Ok(Measure { lanes, chains, memory, multiply_add, read, _code: code })
    }

    /// Floating-point operations a second, a multiply-add counting two, of one run of
    /// half a millisecond or so on as many threads as the pool has.
    pub fn multiply_add(&mut self) -> f64 {
        let threads = nnc_runtime::threads() as i64;
        let mut frame = [self.memory.as_mut_ptr() as u64];
        let operations = 2 * i64::from(self.lanes * self.chains) * TURNS * threads;
        operations as f64 / self.time(self.multiply_add, &mut frame, threads)
    }

    /// Bytes a second, of one reading of the memory.
    pub fn read(&mut self) -> f64 {
        let threads = nnc_runtime::threads();
        let bytes = self.memory.as_bytes().len();
        // Slices that a thread claims as it is done with the one before.
        let slices = if threads == 1 { 1 } else { pool::MAX_THREADS };
        let elements = bytes / size_of::<f32>() / slices;
        let mut frame = vec![self.memory.as_mut_ptr() as u64, elements as u64];
        frame.resize(2 + threads, 0);
        bytes as f64 / self.time(self.read, &mut frame, slices as i64)
    }

    fn time(&self, body: pool::Body, frame: &mut [u64], items: i64) -> f64 {
        let start = Instant::now();
        // SAFETY: the frame is what the loops read and write, a word a thread.
        #[expect(unsafe_code, reason = "compiled code")]
        unsafe {
            pool::nncrt_parallel_for(body, frame.as_mut_ptr(), items);
        }
        start.elapsed().as_secs_f64()
    }
}
