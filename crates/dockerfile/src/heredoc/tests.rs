//! Which words announce a here-document.

use super::announced;

#[track_caller]
fn check(line: &str, expected: &[(&str, bool, bool)]) {
    let found = announced(line).expect("no refusal");
    let found: Vec<_> = found.iter().map(|h| (h.name.as_str(), h.expand, h.strip_tabs)).collect();
    assert_eq!(found, expected, "{line:?}");
}

#[test]
fn words() {
    check("RUN <<EOF", &[("EOF", true, false)]);
    check("RUN <<-EOF cat", &[("EOF", true, true)]);
    check("RUN cat << EOF > x", &[("EOF", true, false)]);
    check("RUN 3<<EOF", &[("EOF", true, false)]);
    check("RUN <<'EOF'", &[("EOF", false, false)]);
    check("RUN <<\"E O F\"", &[("E O F", false, false)]);
    check("RUN <<E'O'F", &[("EOF", false, false)]);
    check("COPY <<a <<-'b' /dest/", &[("a", true, false), ("b", false, true)]);
    check("RUN <<$X", &[("$X", true, false)]);
    check("RUN <<E\\OF", &[("EOF", true, false)]);
}

#[test]
fn others() {
    check("RUN cat <<<EOF", &[]);
    check("RUN a<<EOF", &[]);
    check("RUN '<<EOF'", &[]);
    check("RUN \\<<EOF", &[]);
    check("RUN <<", &[]);
    check("RUN <<''", &[]);
    check("RUN <<EOF 'unpaired", &[]);
    check("RUN $((1<<2))", &[]);
}

/// The lexer's one buffer for all levels: see `Lexer::word`.
#[test]
fn a_modifier_makes_the_lexer_forget_the_start_of_the_word() {
    check("RUN <<EOF${X:-y}", &[]);
    check("RUN a${X:-y}<<EOF", &[]);
}
