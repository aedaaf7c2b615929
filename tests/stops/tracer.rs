//! `Tracer`: follows a process call by call, and ends it after the one that it is told.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

use super::calls::change;

/// What was seen of a process until its end.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    /// Each call that changed something, in order.
    pub(crate) changes: Vec<String>,
    /// Whether it was ended after the last of them.
    pub(crate) stopped: bool,
}

/// A process that is being followed.
#[derive(Debug)]
pub(crate) struct Tracer {
    thread: JoinHandle<Traced>,
    is_stopping: Arc<AtomicBool>,
}

/// What to do, and when.
pub(crate) struct Order {
    /// Where changes count.
    pub(crate) below: PathBuf,
    /// The call after which it ends.
    pub(crate) last: usize,
    /// Done between that call and the kill, while the process stands still.
    pub(crate) cut: Box<dyn FnOnce() + Send>,
}

impl Tracer {
    /// Follows a running process, all of its threads. `Err`: the system does not allow it.
    pub(crate) fn attach(process: u32, order: Order) -> Result<Self, Errno> {
        let process = Pid::from_raw(i32::try_from(process).expect("a process has such a number"));
        let (ready, is_ready) = mpsc::channel();
        let is_stopping = Arc::new(AtomicBool::new(false));
        let says_stopping = Arc::clone(&is_stopping);
        let thread = std::thread::spawn(move || match seize(process) {
            Err(errno) => {
                ready.send(Err(errno)).expect("somebody waits");
                Traced::default()
            }
            Ok(threads) => Following {
                process,
                order: Some(order),
                waited_for: threads,
                ready,
                is_stopping: says_stopping,
                inside: HashMap::new(),
                changing: None,
                waiting: VecDeque::new(),
                traced: Traced::default(),
            }
            .follow(),
        });
        is_ready.recv().expect("it says so")?;
        Ok(Self { thread, is_stopping })
    }

    /// Whether the call after which it ends was made.
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// Waits for the end of the process.
    pub(crate) fn end(self) -> Traced {
        self.thread.join().expect("the tracer ends")
    }
}

/// Takes hold of every thread; those that come later are held from their start.
fn seize(process: Pid) -> Result<HashSet<Pid>, Errno> {
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK;
    let mut seized = HashSet::new();
    loop {
        let mut is_new = false;
        let threads =
            std::fs::read_dir(format!("/proc/{process}/task")).map_err(|_| Errno::ESRCH)?;
        for thread in threads.flatten() {
            let thread = thread.file_name().to_string_lossy().parse().map_err(|_| Errno::ESRCH)?;
            let thread = Pid::from_raw(thread);
            if seized.contains(&thread) {
                continue;
            }
            match ptrace::seize(thread, options) {
                // It came from one that is held, or it is over.
                Err(Errno::EPERM) if !seized.is_empty() => continue,
                Err(Errno::ESRCH) => continue,
                held => held?,
            }
            ptrace::interrupt(thread)?;
            seized.insert(thread);
            is_new = true;
        }
        if !is_new {
            return Ok(seized);
        }
    }
}

/// Where a thread is.
#[derive(Debug, Clone)]
enum Inside {
    /// In a call that changes nothing.
    Anything,
    /// In a call that changes this.
    Change(String),
}

struct Following {
    process: Pid,
    order: Option<Order>,
    /// Threads that do not stop at calls yet.
    waited_for: HashSet<Pid>,
    ready: mpsc::Sender<Result<(), Errno>>,
    is_stopping: Arc<AtomicBool>,
    inside: HashMap<Pid, Inside>,
    /// The thread that changes something right now. One at a time, so that there is an order.
    changing: Option<Pid>,
    /// Threads that want to.
    waiting: VecDeque<(Pid, String)>,
    traced: Traced,
}

impl Following {
    fn follow(mut self) -> Traced {
        let ours = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let any = ours | WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT;
        loop {
            let seen = match waitid(Id::All, any) {
                Err(Errno::EINTR) => continue,
                Err(_) => break,
                Ok(seen) => seen,
            };
            let Some(thread) = seen.pid() else { break };
            let is_end = matches!(seen, WaitStatus::Exited(..) | WaitStatus::Signaled(..));
            if thread == self.process && is_end {
                // Its parent wants to see that, too.
                break;
            }
            let Ok(seen) = waitpid(thread, Some(ours)) else { break };
            if self.saw(thread, seen) {
                break;
            }
        }
        // Who waits for the first stop of a process that is gone.
        self.ready.send(Err(Errno::ESRCH)).ok();
        self.traced
    }

    /// Looks at a thread that stands still, and lets it go on. `true`: this was the end.
    fn saw(&mut self, thread: Pid, seen: WaitStatus) -> bool {
        let signal = match seen {
            WaitStatus::PtraceSyscall(_) => match self.at_call(thread) {
                AtCall::GoOn => None,
                AtCall::Wait => return false,
                AtCall::End => return true,
            },
            WaitStatus::Stopped(_, signal) => Some(signal),
            WaitStatus::PtraceEvent(..) => None,
            _ => {
                self.is_gone(thread);
                return false;
            }
        };
        self.go_on(thread, signal);
        if self.waited_for.remove(&thread) && self.waited_for.is_empty() {
            self.ready.send(Ok(())).ok();
        }
        false
    }

    fn at_call(&mut self, thread: Pid) -> AtCall {
        let Ok(registers) = ptrace::getregs(thread) else { return AtCall::GoOn };
        let Some(inside) = self.inside.remove(&thread) else {
            let arguments = [
                registers.rdi,
                registers.rsi,
                registers.rdx,
                registers.r10,
                registers.r8,
                registers.r9,
            ];
            let Some(order) = &self.order else { return AtCall::GoOn };
            let call = registers.orig_rax;
            match change(thread.as_raw(), call, &arguments, &order.below) {
                None => drop(self.inside.insert(thread, Inside::Anything)),
                Some(what) if self.changing.is_some() => {
                    self.waiting.push_back((thread, what));
                    return AtCall::Wait;
                }
                Some(what) => self.begin(thread, what),
            }
            return AtCall::GoOn;
        };
        let Inside::Change(what) = inside else { return AtCall::GoOn };
        let failed = registers.rax.cast_signed() < 0;
        if !failed {
            self.traced.changes.push(what);
            if let Some(order) = self.order.take_if(|order| self.traced.changes.len() == order.last)
            {
                self.is_stopping.store(true, Ordering::SeqCst);
                (order.cut)();
                kill(self.process, Signal::SIGKILL).ok();
                self.traced.stopped = true;
                return AtCall::End;
            }
        }
        self.next();
        AtCall::GoOn
    }

    fn begin(&mut self, thread: Pid, what: String) {
        self.changing = Some(thread);
        self.inside.insert(thread, Inside::Change(what));
    }

    /// Lets the next thread change something.
    fn next(&mut self) {
        self.changing = None;
        if let Some((thread, what)) = self.waiting.pop_front() {
            self.begin(thread, what);
            self.go_on(thread, None);
        }
    }

    fn go_on(&mut self, thread: Pid, signal: Option<Signal>) {
        if ptrace::syscall(thread, signal) == Err(Errno::ESRCH) {
            self.is_gone(thread);
        }
    }

    fn is_gone(&mut self, thread: Pid) {
        self.inside.remove(&thread);
        self.waited_for.remove(&thread);
        if self.changing == Some(thread) {
            self.next();
        }
    }
}

enum AtCall {
    GoOn,
    /// It goes on when the others are through.
    Wait,
    End,
}
