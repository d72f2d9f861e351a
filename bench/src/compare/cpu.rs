//! Processor time of a process, as the scheduler counts it. Must not know what the process is.

use std::fs;
use std::io;

/// Nanoseconds that all threads of a process have run, those of the kernel's `io_uring` workers
/// included, which are threads of it: first number of each `/proc/PID/task/*/schedstat`. Threads
/// that have ended do not count.
pub(super) fn of_process(pid: u32) -> io::Result<u64> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        match fs::read_to_string(task?.path().join("schedstat")) {
            Ok(line) => total += first_number(&line)?,
            Err(error) if of_an_ended_thread(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(total)
}

/// Whether a thread ended before its file was opened, or between opening and reading it.
fn of_an_ended_thread(error: &io::Error) -> bool {
    const NO_SUCH_PROCESS: i32 = 3;
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(NO_SUCH_PROCESS)
}

fn first_number(line: &str) -> io::Result<u64> {
    let number = line.split_whitespace().next().and_then(|number| number.parse().ok());
    number.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLISECOND;

    /// Held against nothing that was counted before: threads of other tests end meanwhile, and take
    /// what they had with them.
    #[test]
    fn work_of_every_thread_is_counted() {
        const WORK: u64 = 100 * MILLISECOND;
        let (done, go) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
        let worker = std::thread::spawn(move || {
            while of_this_thread() < WORK {}
            done.0.send(()).unwrap();
            let _ended = go.1.recv();
        });
        done.1.recv().unwrap();
        let counted = of_process(std::process::id()).unwrap();
        drop(go.0);
        worker.join().unwrap();
        assert!(counted >= WORK, "{counted} ns");
    }

    fn of_this_thread() -> u64 {
        first_number(&fs::read_to_string("/proc/thread-self/schedstat").unwrap()).unwrap()
    }

    #[test]
    fn threads_that_end_meanwhile_do_no_harm() {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let come_and_go = std::thread::spawn(move || {
            while let Err(std::sync::mpsc::TryRecvError::Empty) = stopped.try_recv() {
                std::thread::spawn(|| ()).join().unwrap();
            }
        });
        for _ in 0..2000 {
            of_process(std::process::id()).unwrap();
        }
        drop(stop);
        come_and_go.join().unwrap();
    }

    #[test]
    fn a_process_that_is_not_there_has_no_time() {
        assert!(of_process(u32::MAX).is_err());
    }
}
