//! Sealing and opening a packet allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use cipher_survey::cipher_cores::implementation::compiled_in;
use cipher_survey::cipher_cores::libcrypto::LibCrypto;
use cipher_survey::cipher_cores::suite::Suite;
use cipher_survey::cipher_cores::timed_loop::TimedLoop;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's, counting what this thread asks for.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all is left to the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[test]
fn a_packet_costs_no_allocation() {
    let mut libraries = compiled_in();
    libraries.push(Box::new(LibCrypto::load(None).unwrap()));
    for library in libraries {
        for suite in Suite::all() {
            let before = ALLOCATIONS.get();
            let Some(mut timed_loop) = TimedLoop::new(&*library, suite, 1024) else { continue };
            assert!(ALLOCATIONS.get() > before, "the count counts");
            let before = ALLOCATIONS.get();
            for _ in 0..3 {
                timed_loop.frame();
                timed_loop.seal().unwrap();
                timed_loop.open().unwrap();
            }
            assert_eq!(ALLOCATIONS.get(), before, "{} with {suite}", library.name());
        }
    }
}
