//! What must hold of the commands of a Dockerfile, a command per line: all of them together install
//! what each of them does, and are known where each of them is.

use lambda_images::installs::{Installs, Project, Tool, are_known, installs};

/// Commands that are looked at one by one.
const MOST_COMMANDS: usize = 8;

pub(crate) fn check_installs(text: &str) {
    let commands: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let all_are_known = are_known(&commands);
    for tool in [Tool::Uv, Tool::Poetry] {
        let all = installs(tool, &commands, &Project::default());
        if commands.len() <= MOST_COMMANDS {
            for command in &commands {
                let one = installs(tool, std::slice::from_ref(command), &Project::default());
                check_holds(&all, &one, command);
            }
        }
    }
    if commands.len() <= MOST_COMMANDS {
        let each = commands.iter().all(|command| are_known(std::slice::from_ref(command)));
        assert_eq!(all_are_known, each, "{commands:?}");
    }
}

/// A command of which nothing is told is one that installs everything, if it is alone.
fn check_holds(all: &Installs, one: &Installs, command: &str) {
    if let (Installs::Wanted(all), Installs::Wanted(one)) = (all, one) {
        assert!(one.is_subset(all), "`{command}` wants {one:?}, and with the others {all:?}");
    }
}
