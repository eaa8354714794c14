//! Scripts that put a file system to work, and what they answer: a write that is flushed, and a read of what is in no
//! cache. Whoever runs them takes the time.

use super::Sections;
use super::script::assign;

/// A file is made of copies of a block of so many random bytes, which no file system makes smaller.
pub const BLOCK: u64 = 4 << 20;

/// Makes the block, beside the file.
pub fn prepare(file: &[u8]) -> String {
    format!(
        "{} dd if=/dev/urandom of=\"$f-block\" bs=65536 count={} 2>&1",
        assign("f", file),
        BLOCK >> 16
    )
}

/// Writes the file anew, of so many blocks. Prints the bytes that it then has; if that failed, also dd's words.
pub fn write(file: &[u8], blocks: u64) -> String {
    format!(
        "{} rm -f \"$f\"; \
         {{ i=0; while [ $i -lt {blocks} ]; do cat \"$f-block\"; i=$((i+1)); done; }} | \
         {{ LC_ALL=C dd of=\"$f\" bs=65536 2>\"$f-words\" || sed -n 1p \"$f-words\"; }}; \
         wc -c <\"$f\"",
        assign("f", file)
    )
}

/// Sends as much through a pipe into no file, from none: what [`write()`] takes besides storage.
pub fn write_nothing(blocks: u64) -> String {
    let count = blocks * (BLOCK >> 16);
    format!(
        "dd if=/dev/zero bs=65536 count={count} 2>/dev/null | dd of=/dev/null bs=65536 2>/dev/null"
    )
}

/// Waits until the disk has the file. Prints `flushed`, or dd's words.
pub fn flush(file: &[u8]) -> String {
    format!(
        "{} LC_ALL=C dd if=/dev/null of=\"$f\" conv=notrunc,fsync 2>\"$f-words\" && echo flushed || \
         sed -n 1p \"$f-words\"",
        assign("f", file)
    )
}

/// Takes a file out of the page cache (GNU dd) and reads from it; dd of other makes reads past the cache. Each prints
/// `read` when it has.
pub const WAYS_TO_READ: [WayToRead; 2] = [
    WayToRead { before: "dd if=\"$f\" iflag=nocache count=0", flag: "" },
    WayToRead {
        before: "dd if=\"$f\" of=/dev/null bs=65536 count=1 iflag=direct",
        flag: "iflag=direct",
    },
];

/// A way to read what is in no cache.
#[derive(Clone, Copy, Debug)]
pub struct WayToRead {
    before: &'static str,
    flag: &'static str,
}

impl WayToRead {
    /// What goes before the clock. Prints `ready` where this way works.
    pub fn prepare(&self, file: &[u8]) -> String {
        format!("{} {} && echo ready", assign("f", file), self.before)
    }

    /// Reads so many blocks. Prints `read`.
    pub fn run(&self, file: &[u8], blocks: u64) -> String {
        let count = blocks * (BLOCK >> 20);
        let (assign, flag) = (assign("f", file), self.flag);
        format!("{assign} dd if=\"$f\" of=/dev/null bs=1048576 count={count} {flag} && echo read")
    }
}

/// Removes the file and the block.
pub fn remove(file: &[u8]) -> String {
    format!("{} rm -f \"$f\" \"$f-block\" \"$f-words\"", assign("f", file))
}

/// Asks how much the kernel takes before a writer into a directory waits for its disk.
pub fn cache(directory: &[u8]) -> String {
    format!(
        "{} for k in dirty_background_ratio dirty_ratio dirty_background_bytes dirty_bytes; do \
         echo @@$k; cat /proc/sys/vm/$k; done\n\
         echo @@available; sed -n 's/^MemAvailable: *//p' /proc/meminfo\n\
         n=$(stat -c %d \"$w\"); b=/sys/class/bdi/$((n>>8&4095)):$((n&255|n>>12&1048320))\n\
         for k in strict_limit max_ratio; do echo @@$k; cat $b/$k; done",
        assign("w", directory)
    )
}

/// Bytes that the kernel takes before a writer waits for the disk (kernel `mm/page-writeback.c`, domain_dirty_freerun:
/// the mean of the two limits; `Documentation/admin-guide/sysctl/vm.rst`). A file system in user space has a share of
/// that alone (`Documentation/ABI/testing/sysfs-class-bdi`).
pub fn cached_bytes(answer: &Sections) -> Option<u64> {
    let available: f64 = answer.line("available")?.split_whitespace().next()?.parse().ok()?;
    let limit = |name: &str, ratio: &str| -> Option<f64> {
        match answer.number::<f64>(name).filter(|&bytes| bytes > 0.0) {
            Some(bytes) => Some(bytes),
            None => Some(answer.number::<f64>(ratio)? / 100.0 * available * 1024.0),
        }
    };
    let background = limit("dirty_background_bytes", "dirty_background_ratio")?;
    let most = limit("dirty_bytes", "dirty_ratio")?;
    let share = match answer.number::<u32>("strict_limit") {
        Some(1) => answer.number::<f64>("max_ratio")? / 100.0,
        _ => 1.0,
    };
    Some(((background + most) / 2.0 * share) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_wait_between_the_two_limits_of_the_kernel() {
        let text = "@@dirty_background_ratio\n10\n@@dirty_ratio\n20\n@@dirty_background_bytes\n0\n\
                    @@dirty_bytes\n0\n@@available\n1000000 kB\n";
        let of = |more: &str| cached_bytes(&Sections::parse(&format!("{text}{more}")));
        assert_eq!(of(""), Some(153_600_000));
        assert_eq!(of("@@strict_limit\n0\n@@max_ratio\n100\n"), Some(153_600_000));
        assert_eq!(of("@@strict_limit\n1\n@@max_ratio\n1\n"), Some(1_536_000));
        assert_eq!(
            of("@@dirty_background_bytes\n1000000\n@@dirty_bytes\n3000000\n"),
            Some(2_000_000)
        );
        assert_eq!(cached_bytes(&Sections::default()), None);
    }
}
