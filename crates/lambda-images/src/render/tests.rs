use super::*;
use crate::graph::fixture::texts;
use expect_test::{Expect, expect};

#[track_caller]
fn check(render: impl FnOnce(&ImageGraph) -> String, expected: &Expect) {
    expected.assert_eq(&render(&texts().graph().1));
}

#[test]
fn forms() {
    check(
        render_tree,
        &expect![[r#"
        public.ecr.aws/lambda/python:3.13
        └── base-low (base)
            ├── base-high (base)
            │   └── two (lambda)
            └── one (lambda)
    "#]],
    );
    check(
        render_dot,
        &expect![[r#"
            digraph images {
              rankdir = RL;
              node [shape = box];
              "base-low" [shape = folder];
              "base-high" [shape = folder];
              "one";
              "two";
              "base-high" -> "base-low";
              "one" -> "base-low";
              "two" -> "base-high";
            }
        "#]],
    );
    check(
        render_mermaid,
        &expect![[r#"
            graph RL
              base-low[(base-low)]
              base-high[(base-high)]
              one[one]
              two[two]
              base-high --> base-low
              one --> base-low
              two --> base-high
        "#]],
    );
    check(
        |graph| format!("{:#}", render_json(graph)),
        &expect![[r#"
            {
              "images": [
                {
                  "context": "packages/low",
                  "declared_in": "packages/low/pyproject.toml",
                  "dependents": [
                    "base-high",
                    "one",
                    "two"
                  ],
                  "depends_on": [],
                  "dockerfile": "packages/low/Dockerfile",
                  "external_bases": [
                    "public.ecr.aws/lambda/python:3.13"
                  ],
                  "kind": "base",
                  "name": "base-low",
                  "platform": "linux/amd64"
                },
                {
                  "context": "packages/high",
                  "declared_in": "packages/high/pyproject.toml",
                  "dependents": [
                    "two"
                  ],
                  "depends_on": [
                    {
                      "kind": "base",
                      "name": "base-low"
                    }
                  ],
                  "dockerfile": "packages/high/Dockerfile",
                  "external_bases": [],
                  "kind": "base",
                  "name": "base-high",
                  "platform": "linux/amd64"
                },
                {
                  "context": "lambdas/one",
                  "declared_in": "lambdas/one/pyproject.toml",
                  "dependents": [],
                  "depends_on": [
                    {
                      "kind": "base",
                      "name": "base-low"
                    }
                  ],
                  "dockerfile": "lambdas/one/Dockerfile",
                  "external_bases": [],
                  "kind": "lambda",
                  "name": "one",
                  "platform": "linux/amd64"
                },
                {
                  "context": "lambdas/two",
                  "declared_in": "lambdas/two/pyproject.toml",
                  "dependents": [],
                  "depends_on": [
                    {
                      "kind": "base",
                      "name": "base-high"
                    }
                  ],
                  "dockerfile": "lambdas/two/Dockerfile",
                  "external_bases": [],
                  "kind": "lambda",
                  "name": "two",
                  "platform": "linux/amd64"
                }
              ],
              "version": 1
            }"#]],
    );
}
