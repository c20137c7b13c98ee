//! What must hold of the text of a `RUN`: what is understood to the last word is so only without a word
//! that isn't.

use dockerfile::Command;
use lambda_images::installs::{Surroundings, actions};

pub(crate) fn check_installs(text: &str) {
    let read = |text: String| actions(&Command::Shell(text), &[], &Surroundings::default());
    if read(text.to_owned()).is_err() || text.ends_with('\\') {
        return;
    }
    for unknown in ["cp a b", "echo `x`", "echo $(x)", "true | x", "true > x", "x=y uv lock"] {
        let all = format!("{text}\n{unknown}");
        assert!(read(all.clone()).is_err(), "{all:?} is understood");
    }
}
