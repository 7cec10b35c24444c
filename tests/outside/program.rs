//! A program beside us: its output line by line, a deadline for everything, and its end when we are done with it.
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Longer than any scenario lasts, on a slow machine too. What takes longer has failed.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A running program. It is killed when the value goes.
pub struct Program {
    name: String,
    child: Child,
    /// Whether it is at the head of a process group of its own.
    leads: bool,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Program {
    /// Starts `command`. `screen`: whether its standard output is of interest.
    pub fn start(name: &str, mut command: Command, screen: bool) -> Program {
        command.stdin(Stdio::null());
        Program::spawn(name, command, screen, false)
    }

    /// Starts a program that is told what to do line by line.
    pub fn start_with_input(name: &str, mut command: Command) -> Program {
        command.stdin(Stdio::piped());
        Program::spawn(name, command, true, false)
    }

    /// Starts a program that starts others, which end with it.
    pub fn start_with_children(name: &str, mut command: Command) -> Program {
        command.stdin(Stdio::null()).process_group(0);
        Program::spawn(name, command, true, true)
    }

    fn spawn(name: &str, mut command: Command, screen: bool, leads: bool) -> Program {
        command.stderr(Stdio::piped());
        command.stdout(if screen { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn().unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!("{:?} is not installed: run `make deps`", command.get_program()),
            _ => panic!("{name} did not start: {error}"),
        });
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            follow(stdout, sender.clone());
        }
        follow(child.stderr.take().expect("stderr is piped"), sender);
        let input = child.stdin.take();
        Program { name: name.into(), child, leads, input, lines, said: Vec::new() }
    }

    /// The line in which `wanted` finds something, said already or waited for; fails when the program ends or the
    /// deadline passes first.
    pub fn await_line<T>(&mut self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        if let Some(found) = self.said.iter().find_map(|line| wanted(line)) {
            return found;
        }
        loop {
            let problem = match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => {
                    self.said.push(line);
                    match self.said.last().and_then(|line| wanted(line)) {
                        Some(found) => return found,
                        None => continue,
                    }
                }
                Err(RecvTimeoutError::Timeout) => "said nothing more in time",
                Err(RecvTimeoutError::Disconnected) => "ended",
            };
            let tail = self.tail();
            panic!("{} {problem} before {what}\n{tail}", self.name);
        }
    }

    /// Tells it a line.
    pub fn says(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it was started with an input");
        let heard = writeln!(input, "{line}");
        if let Err(error) = heard {
            let tail = self.tail();
            panic!("{} did not hear {line:?}: {error}\n{tail}", self.name);
        }
    }

    /// Its number among the processes.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by name.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("a shell runs").success(), "{} is not there to be signalled", self.name);
    }

    /// Waits for the program's own end.
    pub fn await_end(&mut self) -> ExitStatus {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().expect("the program is our child"),
                Err(RecvTimeoutError::Timeout) => {
                    let tail = self.tail();
                    panic!("{} did not end in time\n{tail}", self.name);
                }
            }
        }
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// Everything that it said and that was waited past.
    pub fn said(&self) -> &[String] {
        &self.said
    }

    /// The last lines that it said, for a failure's message.
    pub fn tail(&mut self) -> String {
        self.said.extend(self.lines.try_iter());
        let from = self.said.len().saturating_sub(60);
        format!("--- the last words of {}:\n{}\n---", self.name, self.said[from..].join("\n"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.leads {
            let kill = format!("kill -KILL -{}", self.child.id());
            // It fails only when all of them have ended.
            let _ = Command::new("sh").args(["-c", &kill]).status();
        }
        // Both fail only when it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program, also where it stands beside the path of those who are not root.
pub fn installed(name: &str) -> PathBuf {
    let beside = PathBuf::from("/usr/sbin").join(name);
    if beside.is_file() { beside } else { name.into() }
}

fn follow(output: impl Read + Send + 'static, sender: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
}
