use std::convert::Infallible;

use super::*;
use proptest::prelude::*;

/// History newest first, `commit<parent!images` with the images that differ from that parent. `commit`
/// alone is a root, `commit<cut` one whose parents are missing.
fn newest(history: &str, images: usize) -> Vec<Option<String>> {
    let found = visited(history, images, 1).found();
    (0..images).map(|image| found.get(&image).cloned()).collect()
}

/// The same with as many commits of each image as this.
fn visited(history: &str, images: usize, count: usize) -> NewestCommits {
    let commits: Vec<&str> = history.split_whitespace().collect();
    let head = commits[0].split('<').next().unwrap();
    let mut newest = NewestCommits::with_earlier(head, (0..images).collect(), count);
    for commit in commits {
        let mut parts = commit.split('<');
        let id = parts.next().unwrap();
        let parents: Vec<(&str, ImageSet)> = parts
            .map(|part| {
                let (parent, touched) = part.split_once('!').unwrap_or((part, ""));
                let digits = touched.chars().filter_map(|c| c.to_digit(10));
                (parent, digits.map(|digit| digit as usize).collect())
            })
            .collect();
        let names = parents.iter().map(|(parent, _)| (*parent).to_owned()).collect();
        let before = if commit.contains("<cut") { Before::Unknown } else { Before::Parents(names) };
        let mut differing = |number: usize, images: &ImageSet| {
            Ok::<_, Infallible>(images.intersection(&parents[number].1).copied().collect())
        };
        newest.visit(id, &before, &mut differing).unwrap();
    }
    assert!(newest.is_done());
    newest
}

#[track_caller]
fn check(history: &str, expected: &[Option<&str>]) {
    let found = newest(history, expected.len());
    assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
}

#[test]
fn the_newest_commit_that_differs_from_its_parent() {
    check("c<b!0 b<a!1 a", &[Some("c"), Some("b"), Some("a")]);
}

#[test]
fn a_merge_that_takes_one_side_whole_is_not_the_newest() {
    // Image 0 changed only on the side, image 1 only on the main line, image 2 on neither.
    check(
        "m<main!0<side!1 main<root!1 side<root!0 root",
        &[Some("side"), Some("main"), Some("root")],
    );
}

#[test]
fn a_merge_that_differs_from_both_sides_is_the_newest() {
    // One image, one file of it changed on either side: its inputs first exist at the merge.
    check("m<main!0<side!0 main<root!0 side<root!0 root", &[Some("m")]);
}

#[test]
fn earlier_commits_are_those_of_the_first_parents() {
    let check = |history: &str, expected: &[&str]| {
        let found = visited(history, 1, 3).found_with_earlier();
        assert_eq!(found.get(&0).map_or(&[][..], Vec::as_slice), expected, "{history}");
    };
    check("e<d!0 d<c!0 c<b b<a!0 a", &["e", "d", "b"]);
    check("c<b b<a!0 a", &["b", "a"]);
    check("m<main!0<side!0 main<root!0 side<root!0 root", &["m", "main", "root"]);
    check("c<b!0 b<a!0 a<cut", &["c", "b"]);
    check("a<cut", &[]);
}

#[test]
fn a_cut_history_gives_no_commit() {
    check("b<a!1 a<cut", &[None, Some("b")]);
}

#[test]
fn a_parent_is_compared_only_with_images_that_differ_from_those_before_it() {
    let mut newest = NewestCommits::new("m", ImageSet::from([0, 1, 2]));
    let parents = Before::Parents(["a", "b", "c"].map(str::to_owned).to_vec());
    let mut asked = Vec::new();
    let mut differing = |number: usize, images: &ImageSet| {
        asked.push((number, images.clone()));
        Ok::<_, Infallible>(images.iter().copied().filter(|&image| image > number).collect())
    };
    newest.visit("m", &parents, &mut differing).unwrap();
    let all = [vec![0, 1, 2], vec![1, 2], vec![2]];
    let expected: Vec<(usize, ImageSet)> =
        all.into_iter().map(|images| images.into_iter().collect()).enumerate().collect();
    assert_eq!(asked, expected);
}

#[test]
fn an_answer_that_is_known_ends_the_search() {
    let mut newest = NewestCommits::new("c", ImageSet::from([0, 1]));
    newest.settle("c", 0, Some("a".to_owned()));
    newest.settle("c", 1, None);
    assert!(newest.is_done());
    assert_eq!(newest.found(), BTreeMap::from([(0, "a".to_owned())]));
}

/// Parents (earlier commits) and content of each commit; a merge takes any content.
fn histories() -> impl Strategy<Value = Vec<(Vec<usize>, u8)>> {
    let commit = (prop::collection::vec(any::<prop::sample::Index>(), 1..3), 0u8..3);
    prop::collection::vec(commit, 1..14).prop_map(|commits| {
        let parents = |number: usize, indexes: Vec<prop::sample::Index>| -> Vec<usize> {
            if number == 0 {
                return Vec::new();
            }
            let mut parents: Vec<usize> =
                indexes.into_iter().map(|index| index.index(number)).collect();
            parents.dedup();
            parents
        };
        let commits = commits.into_iter().enumerate();
        commits.map(|(number, (indexes, content))| (parents(number, indexes), content)).collect()
    })
}

proptest! {
    /// Whatever commits and merges do: every head that gets the same newest commit has the
    /// same content, that of the commit itself.
    #[test]
    fn one_commit_names_one_content(history in histories()) {
        for head in 0..history.len() {
            let lines: Vec<String> = (0..=head).rev().map(|number| {
                let (parents, content) = &history[number];
                let parents: String = parents.iter().map(|parent| {
                    let differs = if history[*parent].1 == *content { "" } else { "!0" };
                    format!("<c{parent}{differs}")
                }).collect();
                format!("c{number}{parents}")
            }).collect();
            let found: usize =
                newest(&lines.join(" "), 1)[0].as_ref().unwrap()[1..].parse().unwrap();
            prop_assert_eq!(history[found].1, history[head].1);
        }
    }

    /// On a linear history with real contents: the commit that is found has the head's content,
    /// and the commit before it has not.
    #[test]
    fn the_commit_found_is_where_the_heads_content_began(contents in prop::collection::vec(0u8..3, 1..12)) {
        let mut history = Vec::new();
        for (index, content) in contents.iter().enumerate().rev() {
            history.push(match index.checked_sub(1) {
                None => format!("c{index}"),
                Some(parent) if contents[parent] == *content => format!("c{index}<c{parent}"),
                Some(parent) => format!("c{index}<c{parent}!0"),
            });
        }
        let found: usize = newest(&history.join(" "), 1)[0].as_ref().unwrap()[1..].parse().unwrap();
        let head = contents.last().unwrap();
        prop_assert!(contents[found..].iter().all(|content| content == head));
        prop_assert!(found == 0 || contents[found - 1] != *head);
    }
}
