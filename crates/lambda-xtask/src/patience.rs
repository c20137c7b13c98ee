//! Questions to docker: each has a bound, and one that takes long is said.
//!
//! An engine that accepts a connection and then says nothing would else look like a tool that hangs.

use std::io;
use std::process::{Command, Output};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::display::note;
use crate::process::{DOCKER_LIMIT, output};

/// How long docker may be silent before that is said.
const SILENCE: Duration = Duration::from_secs(5);

/// Runs a question to docker to its end. An error of the kind `TimedOut`: it took longer than
/// [`DOCKER_LIMIT`], and was killed with all that it started.
pub(crate) fn ask_docker(command: &mut Command) -> io::Result<Output> {
    let _late = Late::note(words_of(command));
    output(command, DOCKER_LIMIT)
}

/// The program and its first two arguments.
fn words_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args().take(2));
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Something that is waited for: over when this is dropped.
pub(crate) struct Late {
    _over: Sender<()>,
}

impl Late {
    /// Says after [`SILENCE`] that this question has no answer yet.
    pub(crate) fn note(question: String) -> Late {
        Late::after(SILENCE, move || {
            let limit = DOCKER_LIMIT.as_secs();
            note(&format!(
                "note: no answer from `{question}` for {} s, waiting for at most {limit} s: does the Docker engine hang?",
                SILENCE.as_secs()
            ));
        })
    }

    /// Does something if it is not over by then.
    pub(crate) fn after(time: Duration, act: impl FnOnce() + Send + 'static) -> Late {
        let (over, is_over) = channel::<()>();
        thread::spawn(move || {
            if is_over.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                act();
            }
        });
        Late { _over: over }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_when_it_is_late() {
        let (sender, acted) = channel();
        let late = Late::after(Duration::ZERO, move || sender.send(()).unwrap());
        acted.recv().unwrap();
        drop(late);
    }

    #[test]
    fn what_is_over_is_not_late() {
        let (sender, acted) = channel();
        drop(Late::after(Duration::from_secs(3600), move || sender.send(()).unwrap()));
        // The other end is gone without a word.
        assert!(acted.recv().is_err());
    }

    #[test]
    fn a_question_is_named_by_its_first_words() {
        let mut command = Command::new("docker");
        assert_eq!(words_of(command.args(["image", "inspect", "a", "b"])), "docker image inspect");
    }
}
