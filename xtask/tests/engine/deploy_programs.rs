//! What `manifest` prints, read by the programs that it is for: Terraform's module and Pulumi's program
//! of `deploy/`, and a shell.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::support::{Workspace, test_registry};

fn pushed_workspace() -> Workspace {
    let workspace = Workspace::of_four(&format!("registry = \"{}\"\n", test_registry()));
    workspace.build(&["--push"], 0);
    workspace
}

#[track_caller]
fn printed(workspace: &Workspace, form: &str) -> String {
    workspace.run(&["manifest", "--format", form], 0).stdout
}

/// The references by name, from the manifest itself.
fn references(workspace: &Workspace) -> Map<String, Value> {
    let manifest = workspace.manifest();
    let images = manifest["images"].as_array().unwrap().iter();
    let lambdas = images.filter(|image| image["kind"] == "lambda");
    let entry =
        |image: &Value| (image["name"].as_str().unwrap().to_owned(), image["image_ref"].clone());
    let references: Map<String, Value> = lambdas.map(entry).collect();
    assert_eq!(references.len(), 3);
    references
}

fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(path)
}

#[track_caller]
fn output(command: &mut Command) -> String {
    let program = command.get_program().to_owned();
    let output =
        command.output().unwrap_or_else(|error| panic!("this test needs {program:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:#?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Applies the module, which makes nothing; gives its images.
#[track_caller]
fn terraform_images(folder: &Path, arguments: &[&str]) -> Value {
    let terraform = |words: &[&str]| {
        let mut command = Command::new("terraform");
        command.args(words).current_dir(folder).env("CHECKPOINT_DISABLE", "1");
        output(command.env("TF_IN_AUTOMATION", "1").env_remove("TF_DATA_DIR"))
    };
    terraform(&["init", "-input=false"]);
    terraform(&[&["apply", "-input=false", "-auto-approve"], arguments].concat());
    serde_json::from_str(&terraform(&["output", "-json", "images"])).unwrap()
}

#[test]
fn terraform_reads_both_forms() {
    let workspace = pushed_workspace();
    let expected: Map<String, Value> = references(&workspace)
        .into_iter()
        .map(|(name, reference)| {
            (name, json!({ "reference": reference, "architecture": "x86_64" }))
        })
        .collect();
    let of_stack = format!("-var=stack={}", workspace.stack());
    for (file, form, arguments) in [
        ("images.auto.tfvars", "tfvars", &[][..]),
        ("images.json", "json", &["-var=manifest=images.json", of_stack.as_str()]),
    ] {
        let folder = workspace.beside().join(form);
        fs::create_dir(&folder).unwrap();
        fs::copy(ours("terraform/images/main.tf"), folder.join("main.tf")).unwrap();
        fs::write(folder.join(file), printed(&workspace, form)).unwrap();
        assert_eq!(terraform_images(&folder, arguments), json!(expected));
    }
}

#[test]
fn the_pulumi_program_reads_both_forms() {
    const SCRIPT: &str = "\
import json, pathlib, sys
import images
pulumi, manifest, stack = sys.argv[1:]
# As Pulumi keeps what `config set-all --json` is given: the text of an object.
config = json.loads(pulumi)['lambda-images:images']
assert json.loads(config['value']) == config['objectValue'] and config['secret'] is False
for references in (json.loads(config['value']), None):
    read = images.read_images(references, pathlib.Path(manifest), 'x86_64', stack)
    print(json.dumps({name: image.reference for name, image in read.items()}))
";
    let workspace = pushed_workspace();
    let manifest = workspace.root().join("target/lambda-images/images.json");
    let mut command = Command::new("python3");
    command.args(["-B", "-c", SCRIPT, &printed(&workspace, "pulumi")]).arg(manifest);
    command.arg(workspace.stack());
    let said = output(command.env("PYTHONPATH", ours("pulumi")));
    let read: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = json!(references(&workspace));
    assert_eq!(read, [expected.clone(), expected]);
}

#[test]
fn a_shell_reads_the_forms_that_are_words() {
    let workspace = pushed_workspace();
    let reader = references(&workspace)["reader"].as_str().unwrap().to_owned();
    let shell =
        |script: &str, text: &str| output(Command::new("sh").args(["-c", script, "sh", text]));
    let read = shell("eval \"$1\"; printf %s \"$READER_IMAGE\"", &printed(&workspace, "env"));
    assert_eq!(read, reader);
    let words = shell("printf '%s\\n' $1", &printed(&workspace, "sam"));
    assert!(words.lines().any(|word| word == format!("ReaderImage={reader}")), "{words}");
    let words = shell("printf '%s\\n' $1", &printed(&workspace, "cdk"));
    let word = format!("--context=lambda-images:reader={reader}");
    assert!(words.lines().any(|given| given == word), "{words}");
    let parameters: Value = serde_json::from_str(&printed(&workspace, "cloudformation")).unwrap();
    let parameter = json!({ "ParameterKey": "ReaderImage", "ParameterValue": reader });
    assert!(parameters.as_array().unwrap().contains(&parameter), "{parameters}");
}
