//! Counter-examples made small: whatever can go without the problem going, goes.

use crate::world::World;

/// Each try is a build.
const MOST_TRIES: usize = 150;

pub(crate) fn shrink(
    mut world: World,
    mut problem: String,
    still: impl Fn(&World) -> Option<String>,
) -> (World, String) {
    let mut tries = 0;
    loop {
        let before = tries;
        let smaller = smaller_worlds(&world).into_iter().find_map(|smaller| {
            tries += 1;
            (tries <= MOST_TRIES).then(|| still(&smaller).map(|problem| (smaller, problem)))?
        });
        match smaller {
            Some(found) => (world, problem) = found,
            None => return (world, problem),
        }
        assert!(tries > before, "each round tries something");
    }
}

/// The world without one of its parts.
fn smaller_worlds(world: &World) -> Vec<World> {
    let mut smaller = Vec::new();
    for index in 0..world.instructions.len() {
        if world.instructions.len() > 1 {
            let mut without = world.clone();
            without.instructions.remove(index);
            smaller.push(without);
        }
        for source in 0..world.instructions[index].sources.len() {
            if world.instructions[index].sources.len() > 1 {
                let mut without = world.clone();
                without.instructions[index].sources.remove(source);
                smaller.push(without);
            }
        }
    }
    for index in 0..world.instructions.len() {
        for exclude in 0..world.instructions[index].excludes.len() {
            let mut without = world.clone();
            without.instructions[index].excludes.remove(exclude);
            smaller.push(without);
        }
    }
    let lines: Vec<&str> = world.ignore.lines().collect();
    for index in 0..lines.len() {
        let left = lines.iter().enumerate().filter(|(at, _)| *at != index);
        let ignore = left.map(|(_, line)| format!("{line}\n")).collect();
        smaller.push(World { ignore, ..world.clone() });
    }
    for index in (0..world.entries.len()).rev() {
        let mut without = world.clone();
        without.entries.remove(index);
        smaller.push(without);
    }
    smaller
}
