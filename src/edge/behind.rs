//! Threads behind the calls: whoever writes down or tells others works when no call wants the processor.
use rustix::process::setpriority_process;
use std::io;
use std::thread::{Builder, JoinHandle};

/// How far behind: Linux gives such a thread a tenth of what an ordinary one gets while both want the same processor
/// (sched(7), "The nice value").
const NICE: i32 = 10;

/// Starts a thread behind the calls.
///
/// # Errors
/// No thread can be started.
pub fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).spawn(move || {
        // Nobody's process is the calling thread alone (setpriority(2)), and what it starts inherits it.
        if let Err(error) = setpriority_process(None, NICE) {
            tracing::debug!(%error, "a thread works beside the calls and not behind them");
        }
        work();
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;

    #[test]
    fn it_is_behind_and_nobody_else_is() {
        let before = getpriority_process(None).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = thread("behind", move || tell.send(getpriority_process(None)).unwrap()).unwrap();
        assert_eq!(told.recv().unwrap(), Ok(NICE));
        thread.join().unwrap();
        assert_eq!(getpriority_process(None), Ok(before));
    }
}
