//! What `affected` says against what two sets of fingerprints say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::checkout::{Answer, Checkout};
use crate::monorepo::Monorepo;
use crate::mutation::{Mutation, Step};

/// A monorepo, and what happens to it after its first commit.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) monorepo: Monorepo,
    pub(crate) steps: Vec<Step>,
    /// What was done on another branch since the first commit, where its end is the base and not that.
    pub(crate) base: Option<Vec<Mutation>>,
    /// The workspace's folder in the repository.
    pub(crate) subfolder: &'static str,
    /// Whether `affected` is the first to look at the tree, and not the plan.
    pub(crate) asks_first: bool,
}

/// What came of a case.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Both say the same.
    Same {
        affected: usize,
        not_affected: usize,
        /// Affected with equal fingerprints, for a submodule that differs.
        doubted: usize,
    },
    /// One of the two states has problems: nothing can be compared.
    Unusable {
        is_base: bool,
        problems: String,
    },
    Differs(String),
}

pub(crate) fn run_case(case: &Case) -> Outcome {
    let mut checkout = Checkout::create(&case.monorepo, case.subfolder);
    let base = match &case.base {
        Some(mutations) => checkout.branch(mutations),
        None => checkout.first_commit(),
    };
    // In the tree itself, hashes are remembered from before the changes.
    let place = match case.asks_first || case.base.is_some() {
        true => checkout.clone_of(&base, "before"),
        false => checkout.root(),
    };
    let before = match plan_of(&checkout, &place) {
        Ok(plan) => plan,
        Err(problems) => return Outcome::Unusable { is_base: true, problems },
    };
    checkout.run_steps(&case.steps);
    let ask = || checkout.ask(&checkout.root(), &["affected", "--base", &base, "--format", "json"]);
    let asked = case.asks_first.then(ask);
    let after = match plan_of(&checkout, &checkout.root()) {
        Ok(plan) => plan,
        Err(problems) => return Outcome::Unusable { is_base: false, problems },
    };
    match asked.unwrap_or_else(ask) {
        Answer::Json(answer) => {
            let is_sure = case.monorepo.submodules.is_empty() && checkout.has_no_submodules();
            compare(&before, &after, &answer, &base, is_sure)
        }
        Answer::Problems(problems) => {
            Outcome::Differs(format!("`affected` has problems that the plan has not:\n{problems}"))
        }
    }
}

/// Of each image its fingerprint, and what it stands on.
pub(crate) type Plan = BTreeMap<String, (String, BTreeSet<String>)>;

/// The plan of a checkout's workspace, or its problems.
pub(crate) fn plan_of(checkout: &Checkout, root: &std::path::Path) -> Result<Plan, String> {
    let arguments = ["build-lambdas", "--dry-run", "--format", "json"];
    match checkout.ask(root, &arguments) {
        Answer::Json(plan) => Ok(read_plan(&plan)),
        Answer::Problems(problems) => Err(problems),
    }
}

fn read_plan(plan: &Value) -> Plan {
    let image = |image: &Value| {
        let depends_on = image["depends_on"].as_array().unwrap().iter().map(text);
        (text(&image["name"]), (text(&image["fingerprint"]), depends_on.collect()))
    };
    plan["images"].as_array().unwrap().iter().map(image).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is a text").to_owned()
}

/// Where there are submodules, which may differ without a trace, it is not `is_sure`.
fn compare(before: &Plan, after: &Plan, answer: &Value, base: &str, is_sure: bool) -> Outcome {
    let (mut faults, mut doubted) = (Vec::new(), 0);
    let mut check = |is_so: bool, fault: String| {
        if !is_so {
            faults.push(fault);
        }
    };
    let images = answer["images"].as_array().unwrap();
    let found: BTreeMap<String, &Value> =
        images.iter().map(|image| (text(&image["name"]), image)).collect();
    let names = |plan: &Plan| plan.keys().cloned().collect::<BTreeSet<String>>();
    check(answer["base"] == base, format!("the base is {}", answer["base"]));
    check(
        found.keys().cloned().collect::<BTreeSet<_>>() == names(after),
        format!("the images are {:?}, by the plan {:?}", found.keys(), after.keys()),
    );
    let removed: BTreeSet<String> =
        answer["removed"].as_array().unwrap().iter().map(text).collect();
    let gone: BTreeSet<String> = names(before).difference(&names(after)).cloned().collect();
    // One that went with its submodule is known to nobody any more.
    let is_told = removed == gone || (!is_sure && removed.is_subset(&gone));
    check(is_told, format!("removed are {removed:?}, by the plans {gone:?}"));
    let is_affected =
        |name: &String| found.get(name).is_some_and(|image| image["affected"] == true);
    for (name, (fingerprint, depends_on)) in after {
        let differs = before.get(name).is_none_or(|(was, _)| was != fingerprint);
        let reasons = found.get(name).map(|image| image["reasons"].to_string());
        let is_doubt = !is_sure
            && is_affected(name)
            && !differs
            && found.get(name).is_some_and(|image| is_in_doubt(image));
        doubted += usize::from(is_doubt);
        check(
            is_affected(name) == differs || is_doubt,
            format!(
                "{name}: affected is {}, by the fingerprints {differs}; {reasons:?}",
                is_affected(name)
            ),
        );
        let has_reasons = reasons.as_ref().is_some_and(|reasons| reasons != "[]");
        check(has_reasons == is_affected(name), format!("{name}: the reasons are {reasons:?}"));
        for base in depends_on.iter().filter(|base| is_affected(base)) {
            check(is_affected(name), format!("{name} stands on {base}, which is affected"));
        }
    }
    if faults.is_empty() {
        let affected = after.keys().filter(|name| is_affected(name)).count();
        Outcome::Same { affected, not_affected: after.len() - affected, doubted }
    } else {
        Outcome::Differs(format!(
            "{}\nthe answer: {answer:#}\nbefore: {before:#?}\nafter: {after:#?}",
            faults.join("\n")
        ))
    }
}

/// Whether an image is affected for a submodule that differs, or stands on one that is affected. Of the
/// files in it others may be said to be new: nobody knows which there were.
fn is_in_doubt(image: &Value) -> bool {
    let reasons = image["reasons"].as_array().unwrap();
    let mut kinds = reasons.iter().map(|reason| reason["kind"].as_str().unwrap());
    kinds.any(|kind| ["base-unknown", "base-affected"].contains(&kind))
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "workspace in {:?}, asks first: {}", self.subfolder, self.asks_first)?;
        write!(f, "{}", self.monorepo)?;
        if let Some(base) = &self.base {
            writeln!(f, "compared with a branch: {base:?}")?;
        }
        for Step { label, mutation, after } in &self.steps {
            writeln!(f, "- {label}, then {after:?}: {mutation:?}")?;
        }
        Ok(())
    }
}
