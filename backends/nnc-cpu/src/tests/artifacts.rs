//! What a C program does with the library and the header.

use super::support::{Random, bytes_of, ready};
use crate::Cpu;
use nnc_backend::{Backend, Form, Options};
use nnc_graph::Elem;
use std::process::Command;

const TEXT: &str = "graph @g(T in 1..=9) {
  param 0 \"w\" : f32[200, 33]
  %0 = input : f32[T, 33]
  %1 = input : i32[T]
  %2 = param 0 : f32[200, 33]
  %3 = nest (%0, %2, %1) [t: T, o: 200] sum f32 [i: 33] { (%0[t, i] * %2[o, i]) } finish { (acc + cast f32(%1[t])) } : f32[T, 200]
  return %3
}
entry forward = @g { input x input ids below 5 output y }";

const MAIN: &str = r#"
#include "net.h"
#include <stdio.h>
#include <stdlib.h>

static int forks;
static void in_turn(net_item run, uint64_t *frame, int64_t items) {
    forks++;
    for (int64_t item = items - 1; item >= 0; item--) run(frame, item, 0);
}

static void *file(const char *path, size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
    FILE *in = fopen(path, "rb");
    if (!in || fread(memory, 1, bytes, in) != bytes) exit(10);
    fclose(in);
    return memory;
}

int main(void) {
    net_memory memory = {aligned_alloc(64, NET_ARENA_BYTES + 64), file("weights", NET_WEIGHTS_BYTES),
                         aligned_alloc(64, NET_SCRATCH_BYTES + 64)};
    float *x = file("x", 7 * 33 * sizeof(float));
    int32_t *ids = file("ids", 7 * sizeof(int32_t));
    static float y[7 * 200];
    if (net_forward(&memory, 10, x, ids, y) != NET_SIZE) return 1;
    int32_t kept = ids[3];
    ids[3] = 5;
    if (net_forward(&memory, 7, x, ids, y) != NET_INDEX) return 2;
    ids[3] = kept;
    net_parallel_for = in_turn;
    if (net_forward(&memory, 7, x, ids, y) != NET_OK) return 3;
    if (!forks) return 4;
    fwrite(y, sizeof(float), 7 * 200, stdout);
    return 0;
}
"#;

#[test]
fn a_c_program_calls_the_library() {
    let Some(compiler) = ["clang-22", "cc", "gcc"]
        .into_iter()
        .find(|it| Command::new(it).arg("--version").output().is_ok())
    else {
        return;
    };
    let module = nnc_graph::parse(TEXT).unwrap();
    let mut ready = ready(module, "host", 3);
    let options = Options::new("baseline", "net");
    let plan = nnc_plan::plan(&ready.module, &Cpu.machine(&options).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (form, name) in [(Form::Library, "libnet.so"), (Form::Header, "net.h")] {
        let artifact = Cpu.compile(&ready.module, &plan, &options, form).unwrap();
        std::fs::write(at(name), artifact.bytes).unwrap();
    }
    let mut random = Random::new(5);
    let x = bytes_of(&random.tensor(Elem::F32, vec![7, 33], 1));
    let ids = bytes_of(&random.tensor(Elem::I32, vec![7], 5));
    std::fs::write(at("x"), &x).unwrap();
    std::fs::write(at("ids"), &ids).unwrap();
    let weights = super::support::weights(&ready.module, &plan, &ready.params);
    std::fs::write(at("weights"), weights.as_bytes()).unwrap();
    std::fs::write(at("main.c"), MAIN).unwrap();
    let built = Command::new(compiler)
        .current_dir(folder.path())
        .args(["-std=c11", "-Wall", "-Werror", "main.c", "-o", "main", "-L.", "-lnet"])
        .arg("-Wl,-rpath,.")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let ran = Command::new(at("main")).current_dir(folder.path()).output().unwrap();
    assert!(ran.status.success(), "exit {:?}", ran.status.code());

    let mut expected = vec![0u8; 7 * 200 * 4];
    let (mut x, mut ids) = (x, ids);
    ready.instance.run(0, &[7], &mut [&mut x, &mut ids], &mut [&mut expected]).unwrap();
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes.as_chunks::<4>().0.iter().map(|it| f32::from_ne_bytes(*it)).collect()
    };
    let (found, expected) = (floats(&ran.stdout), floats(&expected));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{found} {expected}");
    }
}
