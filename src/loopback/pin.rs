//! Pinning client and server to disjoint halves of the cores. Otherwise three busy processes on two
//! cores vary by 20 % with their placement.

/// Cores for the client and for the server; absent where there is one core only.
pub fn halves() -> std::io::Result<Option<(Vec<u32>, Vec<u32>)>> {
    let set = rustix::thread::sched_getaffinity(None)?;
    let cores: Vec<u32> = (0..rustix::thread::CpuSet::MAX_CPU)
        .filter(|&core| set.is_set(core))
        .map(|core| core as u32)
        .collect();
    Ok(split(&cores))
}

fn split(cores: &[u32]) -> Option<(Vec<u32>, Vec<u32>)> {
    let (client, server) = cores.split_at(cores.len() / 2);
    (!client.is_empty()).then(|| (client.to_vec(), server.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn halves_are_disjoint_and_cover_all() {
        assert_eq!(split(&[0]), None);
        assert_eq!(split(&[2, 3]), Some((vec![2], vec![3])));
        assert_eq!(split(&[0, 1, 2]), Some((vec![0], vec![1, 2])));
    }
}
