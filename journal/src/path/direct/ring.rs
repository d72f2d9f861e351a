//! Buffers and the kernel's ring of writes from them: the file and the buffers are registered once,
//! and each buffer is the kernel's from its write to its completion. Must not know the order of
//! batches.
#![expect(unsafe_code, reason = "memory that the kernel reads from")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use io_uring::{IoUring, opcode, types};

use crate::disk::aligned::AlignedBytes;
use crate::format::BATCH_MAX;

/// The place of the one file among the registered ones.
const FILE: u32 = 0;

pub(super) struct Ring {
    kernel: IoUring,
    buffers: Vec<Buffer>,
    has_file: bool,
}

struct Buffer {
    bytes: AlignedBytes,
    /// What the kernel was told to write from it. It is not touched until that is complete.
    under_way: Option<usize>,
}

impl Ring {
    /// A ring with so many buffers.
    pub(super) fn new(count: usize) -> io::Result<Self> {
        let entries = u32::try_from(count).expect("few buffers").next_power_of_two();
        // No interrupt of this thread for a completion: it finds them when it asks.
        let kernel = IoUring::builder().setup_coop_taskrun().setup_taskrun_flag().build(entries)?;
        let buffer = || Buffer { bytes: AlignedBytes::new(BATCH_MAX), under_way: None };
        let mut buffers: Vec<Buffer> = std::iter::repeat_with(buffer).take(count).collect();
        let registered: Vec<_> = buffers
            .iter_mut()
            .map(|buffer| libc::iovec {
                iov_base: buffer.bytes.as_mut_ptr().cast(),
                iov_len: buffer.bytes.len(),
            })
            .collect();
        // SAFETY: each part is memory of ours, allocated, which neither moves nor is freed before
        // the ring: `AlignedBytes` keep theirs on the heap, `buffers` is never added to or taken
        // from, and `drop` ends the writes first.
        unsafe { kernel.submitter().register_buffers(&registered) }?;
        Ok(Self { kernel, buffers, has_file: false })
    }

    /// Later writes go to this file. The kernel keeps it open for as long.
    pub(super) fn write_to(&mut self, file: &File) -> io::Result<()> {
        let files = [file.as_raw_fd()];
        if self.has_file {
            self.kernel.submitter().register_files_update(FILE, &files)?;
        } else {
            self.kernel.submitter().register_files(&files)?;
            self.has_file = true;
        }
        Ok(())
    }

    pub(super) fn buffer(&mut self, slot: usize) -> &mut [u8] {
        let buffer = &mut self.buffers[slot];
        assert!(buffer.under_way.is_none(), "the kernel has this buffer");
        &mut buffer.bytes
    }

    /// Gives the start of a buffer to the kernel, which begins with the next [`Ring::send`]
    /// or [`Ring::wait`]: a caller that waits next needs one system call for both.
    pub(super) fn write(&mut self, slot: usize, offset: u64, length: usize) {
        assert!(self.has_file, "there is a file to write to");
        let start = self.buffer(slot)[..length].as_ptr();
        let (index, bytes) = (u16::try_from(slot), u32::try_from(length));
        let (index, bytes) = (index.expect("few buffers"), bytes.expect("a batch is short"));
        let write = opcode::WriteFixed::new(types::Fixed(FILE), start, bytes, index);
        let write = write.offset(offset).build().user_data(u64::from(index));
        // SAFETY: the bytes lie within the buffer registered under this index, as the slice above
        // checks; they are marked as the kernel's before anyone else can reach them, and stay so
        // until `completed` has seen the completion. `buffer` refuses them until then, and `drop`
        // waits for it.
        let pushed = unsafe { self.kernel.submission().push(&write) };
        pushed.expect("the ring has an entry for each buffer");
        self.buffers[slot].under_way = Some(length);
    }

    /// The kernel begins with what it was given, if it has not yet. What it does not take now, for
    /// once, it is given again by the next call.
    pub(super) fn send(&mut self) -> io::Result<()> {
        if self.holds_back() { interrupted(self.kernel.submit()) } else { Ok(()) }
    }

    /// Whether there is something that the kernel was not yet told to begin with.
    pub(super) fn holds_back(&mut self) -> bool {
        !self.kernel.submission().is_empty()
    }

    /// What is complete is seen by [`Ring::completed`] from now on.
    pub(super) fn look(&mut self) -> io::Result<()> {
        let hidden = self.kernel.completion().is_empty() && self.kernel.submission().taskrun();
        if hidden { interrupted(self.kernel.submit()) } else { Ok(()) }
    }

    /// A buffer whose write is complete, and durable.
    pub(super) fn completed(&mut self) -> io::Result<Option<usize>> {
        let Some((slot, result)) = self.next_completion() else { return Ok(None) };
        let length = self.buffers[slot].under_way.take().expect("a write is complete once");
        match usize::try_from(result) {
            Ok(written) if written == length => Ok(Some(slot)),
            Ok(written) => {
                let text = format!("{written} of {length} bytes were written");
                Err(io::Error::new(io::ErrorKind::WriteZero, text))
            }
            Err(_) => Err(io::Error::from_raw_os_error(-result)),
        }
    }

    fn next_completion(&mut self) -> Option<(usize, i32)> {
        let entry = self.kernel.completion().next()?;
        let slot = usize::try_from(entry.user_data()).expect("64-bit machine");
        Some((slot, entry.result()))
    }

    /// As [`Ring::send`], and waits until at least one more write is complete.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        interrupted(self.kernel.submit_and_wait(1))
    }

    fn under_way(&self) -> bool {
        self.buffers.iter().any(|buffer| buffer.under_way.is_some())
    }
}

/// A signal ends a wait before its time; who waits looks again.
fn interrupted(entered: io::Result<usize>) -> io::Result<()> {
    match entered {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        while self.under_way() {
            let waited = self.wait();
            match self.next_completion() {
                Some((slot, _)) => self.buffers[slot].under_way = None,
                None if waited.is_ok() => {}
                None => {
                    // The ring does not answer: what the kernel may still read is never freed.
                    Vec::leak(std::mem::take(&mut self.buffers));
                }
            }
        }
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ring({} buffers)", self.buffers.len())
    }
}
