//! A marker compiled, so that it can be evaluated again and again, and its text in a form that is
//! the same however it was formatted.
//!
//! It decides no comparison: [`super::environment`] does. It simplifies nothing: markers that mean
//! the same in other words stay different.

use std::cmp::{max, min};

use super::environment::{Comparison, Environment, Requested, Truth};
use crate::{
    marker::{MarkerToken, Operand, VARIABLES, marker_tokens},
    name::PackageName,
};

/// A marker that can be evaluated, and its text in the one form that may be compared.
#[derive(Debug, Clone)]
pub(super) struct Marker {
    pub(super) text: String,
    /// In postfix order.
    steps: Vec<Step>,
    /// What `extra` is compared with.
    pub(super) extras: Vec<PackageName>,
}

#[derive(Debug, Clone)]
enum Step {
    Test(Comparison),
    Undecided,
    And,
    Or,
}

impl Marker {
    /// A text that is no marker is kept, and never decided.
    pub(super) fn new(written: &str) -> Self {
        match marker_tokens(written) {
            Ok(tokens) => Self::compile(&tokens),
            Err(_) => Self {
                text: written.trim().to_owned(),
                steps: vec![Step::Undecided],
                extras: Vec::new(),
            },
        }
    }

    fn compile(tokens: &[MarkerToken<'_>]) -> Self {
        let mut marker = Self { text: String::new(), steps: Vec::new(), extras: Vec::new() };
        // Operators and parentheses that wait for what is to their right.
        let mut waiting = Vec::new();
        for token in tokens {
            match token {
                MarkerToken::Open => waiting.push(*token),
                MarkerToken::Close => {
                    let inside = |top: &mut MarkerToken<'_>| !matches!(top, MarkerToken::Open);
                    while let Some(operator) = waiting.pop_if(inside) {
                        marker.steps.push(step(operator));
                    }
                    waiting.pop();
                }
                MarkerToken::And | MarkerToken::Or => {
                    // `and` binds tighter, and both group from the left.
                    let is_or = matches!(token, MarkerToken::Or);
                    let yields = |top: &mut MarkerToken<'_>| {
                        matches!(top, MarkerToken::And) || (is_or && matches!(top, MarkerToken::Or))
                    };
                    while let Some(operator) = waiting.pop_if(yields) {
                        marker.steps.push(step(operator));
                    }
                    waiting.push(*token);
                }
                MarkerToken::Comparison { .. } => marker.push_comparison(*token),
            }
            render(&mut marker.text, *token);
        }
        marker.steps.extend(waiting.into_iter().rev().map(step));
        marker
    }

    fn push_comparison(&mut self, token: MarkerToken<'_>) {
        let step = step(token);
        if let Step::Test(Comparison { variable: "extra", literal, .. }) = &step {
            self.extras.extend(literal.parse::<PackageName>());
        }
        self.steps.push(step);
    }

    pub(super) fn evaluate(&self, environment: &Environment, requested: Requested<'_>) -> Truth {
        let mut values: Vec<Truth> = Vec::new();
        for step in &self.steps {
            let value = match step {
                Step::Undecided => Truth::Unknown,
                Step::Test(comparison) => comparison.evaluate(environment, requested),
                Step::And | Step::Or => {
                    let right = values.pop().unwrap_or(Truth::Unknown);
                    let left = values.pop().unwrap_or(Truth::Unknown);
                    if matches!(step, Step::And) { min(left, right) } else { max(left, right) }
                }
            };
            values.push(value);
        }
        values.pop().unwrap_or(Truth::Unknown)
    }
}

fn step(token: MarkerToken<'_>) -> Step {
    match token {
        MarkerToken::And => Step::And,
        MarkerToken::Or => Step::Or,
        MarkerToken::Comparison { left, operator, right } => {
            let (variable, literal, swapped) = match (left, right) {
                (Operand::Variable(variable), Operand::Literal(literal)) => {
                    (variable, literal, false)
                }
                (Operand::Literal(literal), Operand::Variable(variable)) => {
                    (variable, literal, true)
                }
                // Tools don't agree on what two texts or two variables mean.
                _ => return Step::Undecided,
            };
            let variable = standard_name(variable);
            Step::Test(Comparison { variable, operator, literal: literal.to_owned(), swapped })
        }
        MarkerToken::Open | MarkerToken::Close => Step::Undecided,
    }
}

/// PEP 508's name of a variable that may be spelled as in PEP 345.
fn standard_name(variable: &str) -> &'static str {
    match variable {
        "os.name" => "os_name",
        "sys.platform" => "sys_platform",
        "platform.version" => "platform_version",
        "platform.machine" => "platform_machine",
        "platform.python_implementation" | "python_implementation" => {
            "platform_python_implementation"
        }
        known => VARIABLES.into_iter().find(|name| *name == known).unwrap_or("extras"),
    }
}

/// Appends a token in its one form: single blanks, single quotes where possible.
fn render(text: &mut String, token: MarkerToken<'_>) {
    let operand = |operand: Operand<'_>| match operand {
        Operand::Variable(variable) => standard_name(variable).to_owned(),
        Operand::Literal(literal) if literal.contains('\'') => format!("\"{literal}\""),
        Operand::Literal(literal) => format!("'{literal}'"),
    };
    match token {
        MarkerToken::Open => text.push('('),
        MarkerToken::Close => text.push(')'),
        MarkerToken::And => text.push_str(" and "),
        MarkerToken::Or => text.push_str(" or "),
        MarkerToken::Comparison { left, operator, right } => {
            text.push_str(&format!("{} {operator} {}", operand(left), operand(right)));
        }
    }
}

#[cfg(test)]
mod tests;
