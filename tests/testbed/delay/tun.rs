//! TUN devices: packets of a network device, read and written as a file.

use std::fs::File;
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use super::super::ran;

/// What comes before each packet (linux/virtio_net.h): its checksum and the size of its segments are left
/// for later. So the kernel hands over 64 KiB at once, though each segment on the path has 1500 bytes.
pub const HEADER: usize = 10;

/// The longest packet with its header.
pub const LONGEST: usize = HEADER + (1 << 16);

/// Checksums and segments of both IP versions (linux/if_tun.h: TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6).
const OFFLOAD: libc::c_ulong = 1 | 2 | 4;

/// A device of this thread's network namespace, up, with an address; it goes with its file. Reads and
/// writes do not wait.
pub fn device(name: &str, address: &str) -> File {
    let file = File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open("/dev/net/tun")
        .expect("this test needs /dev/net/tun: root, and the kernel's module tun");
    // SAFETY: all zeros are a valid request.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI | libc::IFF_VNET_HDR) as i16;
    // SAFETY: the file is open, and the request lives until the call returns.
    let made = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &request) };
    assert!(made == 0, "{name}: {}", std::io::Error::last_os_error());
    // SAFETY: this request has a number as its argument.
    let set = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETOFFLOAD, OFFLOAD) };
    assert!(set == 0, "{name}: {}", std::io::Error::last_os_error());
    let ip = |words: String| ran(Command::new("ip").args(words.split_whitespace()));
    ip(format!("addr add {address}/24 dev {name}"));
    ip(format!("link set {name} mtu 1500 txqueuelen 10000 up"));
    file
}
