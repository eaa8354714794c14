//! Sealing and opening a packet allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use cipher_survey::cipher_cores::libraries;
use cipher_survey::cipher_cores::suite::Suite;
use cipher_survey::cipher_cores::timed_loop::TimedLoop;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts the allocations of this thread.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: the system's allocator does it all.
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
    let (libraries, loaded) = libraries::load(None);
    loaded.unwrap();
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
