//! What this process takes of its machine, from Linux's `/proc`; elsewhere nothing is known.

/// Ticks of the processor times in `/proc`, on all machines that Linux runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// What this process takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Seconds of processors, since the start.
    pub cpu_secs: f64,
    /// Bytes of memory.
    pub resident_bytes: u64,
    /// Open files and connections.
    pub open_files: u64,
    /// Most of them.
    pub open_files_max: u64,
}

impl Usage {
    /// What it takes now; `None` where that cannot be told.
    pub fn now() -> Option<Self> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
        Some(Self {
            cpu_secs: cpu_secs(&read("stat")?)?,
            resident_bytes: resident_bytes(&read("status")?)?,
            open_files: std::fs::read_dir("/proc/self/fd").ok()?.count() as u64,
            open_files_max: open_files_max(&read("limits")?)?,
        })
    }
}

/// What this machine calls itself; `None` where that cannot be told.
pub fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The 14th and 15th field, counted behind the name, which may have anything in it.
fn cpu_secs(stat: &str) -> Option<f64> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut ticks = behind.split_ascii_whitespace().skip(11).take(2).map(str::parse::<u32>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some(f64::from(user.checked_add(system)?) / TICKS_A_SECOND)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

fn open_files_max(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let most = line.split_ascii_whitespace().next()?;
    if most == "unlimited" { Some(u64::MAX) } else { most.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself() {
        let usage = Usage::now().unwrap();
        assert!(usage.resident_bytes > 1 << 20 && usage.open_files >= 3);
        assert!(usage.open_files_max >= usage.open_files);
        assert!(!host_name().unwrap().contains(char::is_whitespace));
        let stat = "12 (a) b (c)) S 1 12 12 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 1 1 1";
        assert!((cpu_secs(stat).unwrap() - 3.0).abs() < 1e-9);
    }
}
