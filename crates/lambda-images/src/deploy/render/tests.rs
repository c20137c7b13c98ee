use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::super::tests::manifest_of;
use super::*;

fn deployment_of(manifest: Manifest) -> Deployment {
    Deployment {
        images: manifest.images,
        removed: BTreeSet::from([ImageName::new("gone").unwrap()]),
        unfit: BTreeSet::new(),
    }
}

fn render(form: DeployForm, names: &str) -> Result<String, SameIdentifier> {
    let deployment = deployment_of(manifest_of(names));
    let all: Vec<ImageName> = deployment.images.iter().map(|image| image.name.clone()).collect();
    render_deployment(form, "dev", &deployment, all.iter())
}

#[track_caller]
fn check(form: DeployForm, expected: &Expect) {
    let text = render(form, "submit-to-openai=1 2fast.x=2").unwrap();
    expected.assert_eq(&text.replace(&"1".repeat(64), "1…").replace(&"2".repeat(64), "2…"));
}

#[test]
fn forms() {
    check(
        DeployForm::Env,
        &expect![[r#"
            _2FAST_X_IMAGE=2fast.x:git-0@sha256:2…
            SUBMIT_TO_OPENAI_IMAGE=submit-to-openai:git-0@sha256:1…
        "#]],
    );
    check(
        DeployForm::Tfvars,
        &expect![[r#"
            lambda_images = {
              "2fast.x"          = "2fast.x:git-0@sha256:2…"
              "submit-to-openai" = "submit-to-openai:git-0@sha256:1…"
            }
        "#]],
    );
    check(
        DeployForm::Pulumi,
        &expect![[r#"
            {
              "lambda-images:images": {
                "objectValue": {
                  "2fast.x": "2fast.x:git-0@sha256:2…",
                  "submit-to-openai": "submit-to-openai:git-0@sha256:1…"
                },
                "secret": false,
                "value": "{\"2fast.x\":\"2fast.x:git-0@sha256:2…\",\"submit-to-openai\":\"submit-to-openai:git-0@sha256:1…\"}"
              }
            }
        "#]],
    );
    check(
        DeployForm::Sam,
        &expect![[r#"
            2fastXImage=2fast.x:git-0@sha256:2…
            SubmitToOpenaiImage=submit-to-openai:git-0@sha256:1…
        "#]],
    );
    check(
        DeployForm::Cdk,
        &expect![[r#"
            --context=lambda-images:2fast.x=2fast.x:git-0@sha256:2…
            --context=lambda-images:submit-to-openai=submit-to-openai:git-0@sha256:1…
        "#]],
    );
    check(
        DeployForm::Cloudformation,
        &expect![[r#"
            [
              {
                "ParameterKey": "2fastXImage",
                "ParameterValue": "2fast.x:git-0@sha256:2…"
              },
              {
                "ParameterKey": "SubmitToOpenaiImage",
                "ParameterValue": "submit-to-openai:git-0@sha256:1…"
              }
            ]
        "#]],
    );
}

#[test]
fn the_json_is_a_manifest() {
    let text = render(DeployForm::Json, "one=1 two=2").unwrap();
    let manifest = Manifest::parse(&text).unwrap();
    assert_eq!(manifest.images, manifest_of("one=1 two=2").images);
    assert_eq!(manifest.stack, "dev");
    assert_eq!(manifest.removed.iter().map(ImageName::as_str).collect::<Vec<_>>(), ["gone"]);
}

#[test]
fn nothing_to_deploy_is_something_that_each_program_reads() {
    for (form, expected) in [
        (DeployForm::Env, ""),
        (DeployForm::Tfvars, "lambda_images = {\n}\n"),
        (DeployForm::Sam, ""),
        (DeployForm::Cdk, ""),
        (DeployForm::Cloudformation, "[]\n"),
    ] {
        assert_eq!(render(form, "").unwrap(), expected);
    }
}

#[test]
fn two_images_with_one_identifier_are_an_error() {
    for (form, names, identifier) in [
        (DeployForm::Env, "a-b=1 a.b=2", "A_B_IMAGE"),
        (DeployForm::Env, "a-b=1 a_b=2", "A_B_IMAGE"),
        (DeployForm::Sam, "a-1=1 a1=2", "A1Image"),
        (DeployForm::Cloudformation, "a-b=1 a_b=2", "ABImage"),
    ] {
        let error = render(form, names).unwrap_err();
        assert_eq!(error.identifier, identifier);
        assert!(error.to_string().starts_with("`a-"), "{error}");
    }
    for form in [DeployForm::Json, DeployForm::Tfvars, DeployForm::Pulumi, DeployForm::Cdk] {
        assert!(render(form, "a-b=1 a.b=2 a_b=3").is_ok());
    }
}

#[test]
fn identifiers_are_taken_whatever_is_deployed() {
    let deployment = deployment_of(manifest_of("a-b=1"));
    let all = [ImageName::new("a-b").unwrap(), ImageName::new("a.b").unwrap()];
    assert!(render_deployment(DeployForm::Env, "dev", &deployment, all.iter()).is_err());
}

#[test]
fn nothing_in_a_text_is_a_template_of_hcl() {
    for (text, quoted) in [
        ("a", r#""a""#),
        ("${a}", r#""$${a}""#),
        ("%{if}", r#""%%{if}""#),
        ("$a$", r#""$a$""#),
        ("\"\\\n\u{1}", r#""\"\\\n\u0001""#),
    ] {
        assert_eq!(quote_hcl(text), quoted);
    }
}

proptest! {
    /// Distinct names have distinct identifiers, or there is an error.
    #[test]
    fn identifiers_are_injective(names in prop::collection::btree_set("[a-c1](-{0,2}[._]?[a-c1]){0,3}", 0..6)) {
        let names: Vec<ImageName> = names.iter().filter_map(|name| ImageName::new(name)).collect();
        for identifier in [environment_variable, parameter] {
            match identifiers(names.iter(), identifier) {
                Ok(all) => {
                    let distinct: BTreeSet<&String> = all.values().collect();
                    prop_assert_eq!(distinct.len(), names.len());
                }
                Err(error) => prop_assert_eq!(identifier(&error.images[0]), identifier(&error.images[1])),
            }
        }
    }
}
