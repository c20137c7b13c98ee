//! One line of comma-separated fields, as `RUN --mount` and `--device` write their options.
//!
//! The rules are those of tonistiigi/go-csvvalue: a field is quoted as a whole or not at all.

use crate::fault::Refusal;

/// The fields of a line, as `--secret` and `--mount` take them.
///
/// # Errors
/// Why it is no such line, as a lowercase fragment.
pub fn csv_fields(line: &str) -> Result<Vec<String>, String> {
    parse_fields(line).map_err(|refusal| refusal.message)
}

pub(crate) fn parse_fields(line: &str) -> Result<Vec<String>, Refusal> {
    let line = line.strip_suffix('\n').map_or(line, |l| l.strip_suffix('\r').unwrap_or(l));
    if line.is_empty() {
        return Err(Refusal::new("no fields where comma-separated fields are expected"));
    }
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let after = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = split_quoted(quoted)?;
                fields.push(field);
                after
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                if field.contains('"') {
                    return Err(Refusal::new(format!("bare quote in field `{field}`")));
                }
                fields.push(field.to_owned());
                after
            }
        };
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Ok(fields),
        }
    }
}

/// The field after its opening quote, and what follows its closing one: a comma or nothing.
fn split_quoted(mut rest: &str) -> Result<(String, &str), Refusal> {
    let mut field = String::new();
    loop {
        let Some((inside, after)) = rest.split_once('"') else {
            return Err(Refusal::new(format!("quote without an end in field `{field}{rest}`")));
        };
        field.push_str(inside);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None if after.is_empty() || after.starts_with(',') => return Ok((field, after)),
            None => return Err(Refusal::new(format!("text after the quoted field `{field}`"))),
        }
    }
}

#[cfg(test)]
mod tests;
