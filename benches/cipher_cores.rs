//! Cipher cores: sealing and opening packets of SSH with each library, by the names that SSH has for
//! ciphers and MACs.
//!
//! ```text
//! cargo bench --bench cipher_cores -- aes128-gcm
//! cargo bench --bench cipher_cores -- 'seal/libcrypto/32768'
//! ```

use std::time::{Duration, Instant};

use cipher_survey::cipher_cores::implementation::{Implementation, compiled_in};
use cipher_survey::cipher_cores::libcrypto::LibCrypto;
use cipher_survey::cipher_cores::packet::Fault;
use cipher_survey::cipher_cores::suite::Suite;
use cipher_survey::cipher_cores::timed_loop::TimedLoop;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Bytes of payload in a packet.
const SIZES: [usize; 5] = [64, 256, 1024, 8192, 32768];

fn benches(criterion: &mut Criterion) {
    let mut libraries = compiled_in();
    match LibCrypto::load(None) {
        Ok(library) => libraries.push(Box::new(library)),
        Err(error) => eprintln!("libcrypto is not measured: {error}"),
    }
    for suite in Suite::all() {
        let mut group = criterion.benchmark_group(suite.to_string().replace(' ', "+"));
        for library in &libraries {
            for size in SIZES {
                let Some(timed_loop) = TimedLoop::new(&**library, suite, size) else { continue };
                group.throughput(Throughput::Bytes(size as u64));
                measure(&mut group, &**library, size, timed_loop);
            }
        }
        group.finish();
    }
}

type Group<'a> = criterion::BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn measure(
    group: &mut Group,
    library: &dyn Implementation,
    size: usize,
    mut timed_loop: TimedLoop,
) {
    let name = |work: &str| BenchmarkId::new(format!("{work}/{}", library.name()), size);
    group.bench_function(name("seal"), |bencher| {
        bencher.iter_custom(|packets| {
            let mut time = Duration::ZERO;
            for _ in 0..batches(&timed_loop, packets) {
                timed_loop.frame();
                time += timed(|| timed_loop.seal());
                timed_loop.open().expect("it opens");
            }
            of_packets(time, &timed_loop, packets)
        });
    });
    group.bench_function(name("open"), |bencher| {
        bencher.iter_custom(|packets| {
            let mut time = Duration::ZERO;
            for _ in 0..batches(&timed_loop, packets) {
                timed_loop.frame();
                timed_loop.seal().expect("it seals");
                time += timed(|| timed_loop.open());
            }
            of_packets(time, &timed_loop, packets)
        });
    });
}

fn timed(work: impl FnOnce() -> Result<(), Fault>) -> Duration {
    let start = Instant::now();
    work().expect("it seals and opens");
    start.elapsed()
}

/// Whole batches: at least as many packets as were asked for.
fn batches(timed_loop: &TimedLoop, packets: u64) -> u64 {
    packets.div_ceil(timed_loop.batch() as u64)
}

fn of_packets(time: Duration, timed_loop: &TimedLoop, packets: u64) -> Duration {
    let measured = batches(timed_loop, packets) * timed_loop.batch() as u64;
    time.mul_f64(packets as f64 / measured as f64)
}

criterion_group!(cipher_cores, benches);
criterion_main!(cipher_cores);
