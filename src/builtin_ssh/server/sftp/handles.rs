//! Files and directories that a client holds open.

use std::collections::HashMap;
use std::fs::{File, ReadDir};

/// The most handles, below the usual limit of open files (1024).
pub const MAX_HANDLES: usize = 900;

/// What a handle stands for.
pub enum Open {
    File(File),
    Directory(ReadDir),
}

/// All that are open.
#[derive(Default)]
pub struct Handles {
    open: HashMap<u32, Open>,
    /// Numbers are not used again, so that a stale handle is refused.
    last: u32,
}

impl Handles {
    /// A new handle; absent where there are too many.
    pub fn add(&mut self, open: Open) -> Option<u32> {
        if self.open.len() >= MAX_HANDLES {
            return None;
        }
        self.last = self.last.wrapping_add(1);
        self.open.insert(self.last, open);
        Some(self.last)
    }

    pub fn file(&self, handle: u32) -> Option<&File> {
        match self.open.get(&handle)? {
            Open::File(file) => Some(file),
            Open::Directory(_) => None,
        }
    }

    pub fn directory(&mut self, handle: u32) -> Option<&mut ReadDir> {
        match self.open.get_mut(&handle)? {
            Open::Directory(entries) => Some(entries),
            Open::File(_) => None,
        }
    }

    /// Whether it was open.
    pub fn close(&mut self, handle: u32) -> bool {
        self.open.remove(&handle).is_some()
    }
}
