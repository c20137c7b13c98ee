//! What is in a builder's cache, from `docker buildx du --verbose` (buildx's
//! `commands/diskusage.go`). The output is made for people; its keys at the start of a line are the
//! contract here.
//!
//! It doesn't read sizes, times or parents.

/// A record of the cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheRecord {
    /// Its id.
    pub id: String,
    /// What it is: `regular` for a layer, `source.local`, `exec.cachemount` and so on.
    pub kind: String,
    /// What made it, such as `mount / from exec /bin/sh -c pip install` or `[2/3] COPY a ./`.
    pub description: String,
    /// How often builds have used it.
    pub usage_count: u64,
}

/// Reads the output of `docker buildx du --verbose`.
#[must_use]
pub fn parse_disk_usage(text: &str) -> Vec<CacheRecord> {
    let mut records: Vec<CacheRecord> = Vec::new();
    // Descriptions may have several lines, of which one may look like a key: a record ends at an
    // empty line, and `ID` begins one only there.
    let mut is_between = true;
    for line in text.lines() {
        if line.trim().is_empty() {
            is_between = true;
            continue;
        }
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        match (key, records.last_mut()) {
            ("ID", _) if is_between => {
                records.push(CacheRecord { id: value.to_owned(), ..CacheRecord::default() });
            }
            ("Type", Some(record)) => value.clone_into(&mut record.kind),
            ("Description", Some(record)) => value.clone_into(&mut record.description),
            ("Usage count", Some(record)) => record.usage_count = value.parse().unwrap_or(0),
            _ => {}
        }
        is_between = false;
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_with_what_made_them() {
        let text = "ID:\t\tw6fe1ceu\nCreated at:\t2026-11-24 22:37:50.688006356 +0000 UTC\n\
            Mutable:\tfalse\nReclaimable:\ttrue\nShared:\t\tfalse\nSize:\t\t191.7MB\n\
            Description:\tmount / from exec /bin/sh -c echo a: b\nUsage count:\t2\n\
            Last used:\t12 minutes ago\nType:\t\tregular\n\n\
            ID:\t\txrvwdqzx\nMutable:\ttrue\nDescription:\tlocal source for context\n\
            Usage count:\t11\nType:\t\tsource.local\n\n\
            Reclaimable:\t191.7MB\nTotal:\t\t191.7MB\n";
        let first = CacheRecord {
            id: "w6fe1ceu".to_owned(),
            kind: "regular".to_owned(),
            description: "mount / from exec /bin/sh -c echo a: b".to_owned(),
            usage_count: 2,
        };
        let records = parse_disk_usage(text);
        assert_eq!(records.len(), 2);
        assert_eq!(records[0], first);
        assert_eq!(records[1].kind, "source.local");
        assert_eq!(parse_disk_usage("Reclaimable:\t0B\nTotal:\t\t0B\n"), []);
    }

    /// buildx 0.29.
    #[test]
    fn parents_on_lines_of_their_own_are_passed_over() {
        let text = "ID:           2yhfq94f\nParents:\n - 9yud73k4\n - of7dj0he\n\
            Created at:   2026-11-25 05:27:13.68854243 +0000 UTC\nMutable:      false\n\
            Reclaimable:  true\nShared:       false\nSize:         78.63kB\n\
            Description:  [2/3] COPY a ./\nUsage count:  2\n\
            Last used:    39 seconds ago\nType:         regular\n\n\
            Reclaimable:\t78.63kB\nTotal:\t\t78.63kB\n";
        let only = CacheRecord {
            id: "2yhfq94f".to_owned(),
            kind: "regular".to_owned(),
            description: "[2/3] COPY a ./".to_owned(),
            usage_count: 2,
        };
        assert_eq!(parse_disk_usage(text), [only]);
    }
}
