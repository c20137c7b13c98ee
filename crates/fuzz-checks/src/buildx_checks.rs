//! What must hold of what buildx reports.

use buildx::{
    Line, PlainLog, Progress, ProgressParser, parse_builder, parse_metadata, parse_version,
};

/// BuildKit's own display keeps fewer lines of a failure.
const LONGEST_TAIL: usize = 40;

pub(crate) fn check_progress(text: &str) {
    let mut parser = ProgressParser::default();
    let mut lines: Vec<Line> = text.split('\n').flat_map(|line| parser.push(line)).collect();
    lines.extend(parser.finish());

    let mut progress = Progress::default();
    let mut log = PlainLog::default();
    let mut texts = Vec::new();
    for line in &lines {
        match line {
            Line::Status(status) => progress.apply(status),
            Line::Text(text) => texts.push(text.as_str()),
        }
        check_whole_lines(&log.render(line));
    }
    check_whole_lines(&log.finish());
    if texts.len() == lines.len() {
        let given: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
        assert_eq!(texts.join("\n"), given.join("\n"), "text is lost");
    }

    let steps = progress.steps();
    assert!(steps.cached <= steps.done && steps.done + steps.failed <= steps.total, "{steps:?}");
    assert_eq!(progress.cached_steps().len(), steps.cached);
    assert_eq!(progress.ran_steps().len(), steps.done - steps.cached);
    assert!(progress.current().is_none_or(|name| name.len() <= text.len()));
    assert!(progress.failure().is_none_or(|failure| failure.log_tail.len() <= LONGEST_TAIL));
    assert!(progress.transferred_bytes() == 0 || !lines.is_empty());
}

fn check_whole_lines(text: &str) {
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?} ends within a line");
}

pub(crate) fn check_metadata(text: &str) {
    match parse_metadata(text) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(metadata) => {
            let is_name = |name: &String| !name.is_empty() && !name.contains(',');
            assert!(metadata.image_names.iter().all(is_name), "{:?}", metadata.image_names);
            let is_index = metadata.descriptor.is_some_and(|descriptor| descriptor.is_index());
            assert!(
                !is_index || text.contains("index") || text.contains("list") || text.contains('\\')
            );
        }
    }
}

pub(crate) fn check_builder(text: &str) {
    let Some(builder) = parse_builder(text) else { return };
    assert!(!builder.name.is_empty());
    assert!(!builder.driver.is_empty() || builder.error.is_some());
    let given = builder.nodes.iter().map(|node| node.platforms.len()).sum::<usize>();
    let mut platforms = builder.platforms();
    let count = platforms.len();
    platforms.sort_unstable();
    platforms.dedup();
    assert_eq!(platforms.len(), count, "a platform comes twice");
    assert!(count <= given && (count == 0) == (given == 0));
    assert_eq!(builder.endpoint().is_some(), !builder.nodes.is_empty());
}

pub(crate) fn check_version(text: &str) {
    if let Some(version) = parse_version(text) {
        let written = format!("github.com/docker/buildx v{version} 0000000");
        assert_eq!(parse_version(&written), Some(version));
    }
}
