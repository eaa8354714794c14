//! Cipher cores: sealing and opening SSH packets with each library, by the SSH names of ciphers and
//! MACs.
//!
//! ```text
//! cargo bench --bench cipher_cores -- aes128-gcm
//! cargo bench --bench cipher_cores -- 'seal/libcrypto/32768'
//! ```

use std::time::Duration;

use cipher_survey::cipher_cores::implementation::Implementation;
use cipher_survey::cipher_cores::libraries;
use cipher_survey::cipher_cores::suite::Suite;
use cipher_survey::cipher_cores::timed_loop::TimedLoop;
use cipher_survey::model::cipher_cores::Work;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Bytes of payload in a packet.
const SIZES: [usize; 5] = [64, 256, 1024, 8192, 32768];

fn benches(criterion: &mut Criterion) {
    let (libraries, loaded) = libraries::load(None);
    if let Err(error) = loaded {
        eprintln!("libcrypto is not measured: {error}");
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
    for work in [Work::Seal, Work::Open] {
        let name = BenchmarkId::new(format!("{work}/{}", library.name()), size);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|packets| {
                // Whole batches: at least as many packets as were asked for.
                let batches = packets.div_ceil(timed_loop.batch() as u64);
                let mut time = Duration::ZERO;
                for _ in 0..batches {
                    time += timed_loop.timed(work, None).expect("it seals and opens").0;
                }
                let measured = batches * timed_loop.batch() as u64;
                time.mul_f64(packets as f64 / measured as f64)
            });
        });
    }
}

criterion_group!(cipher_cores, benches);
criterion_main!(cipher_cores);
