//! How much memory the machine can still give.

use crate::{Error, Failure};

/// Bytes that can be had without taking them from others; `None` if the system does not
/// say.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let machine = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)?;
    Some(container().map_or(machine, |it| it.min(machine)))
}

/// What the container's limit leaves, if there is one.
fn container() -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok();
    let most: u64 = read("memory.max")?.trim().parse().ok()?;
    let used: u64 = read("memory.current")?.trim().parse().ok()?;
    Some(most.saturating_sub(used))
}

/// Refuses what the machine has no memory for: a system that promises too much ends the
/// process later, without a word. `parts` are what the memory is for.
pub(crate) fn check(model: &str, parts: &[(&str, u64)]) -> Result<(), Error> {
    match available() {
        Some(available) => check_against(model, parts, available),
        None => Ok(()),
    }
}

fn check_against(model: &str, parts: &[(&str, u64)], available: u64) -> Result<(), Error> {
    let needed = parts.iter().fold(0u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
    if needed <= available {
        return Ok(());
    }
    let list: Vec<String> =
        parts.iter().map(|(what, bytes)| format!("{} for {what}", megabytes(*bytes))).collect();
    Err(Error::Input(
        Failure::new(format!(
            "`{model}` needs {} of memory, {} are free",
            megabytes(needed),
            megabytes(available)
        ))
        .note(list.join(", "))
        .help("lower the bounds of the entry's sizes, or take a machine with more memory"),
    ))
}

fn megabytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::{available, check_against};

    #[test]
    fn too_much_is_refused_with_what_it_is_for() {
        let parts = [("weights", 3 << 30), ("values on the way", 1 << 30)];
        assert_eq!(check_against("m", &parts, 4 << 30), Ok(()));
        let error = check_against("m", &parts, (4 << 30) - 1).unwrap_err();
        insta::assert_snapshot!(error, @"`m` needs 4096 MiB of memory, 4096 MiB are free");
        assert!(available().is_none_or(|it| it > 1 << 20));
    }
}
